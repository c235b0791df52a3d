//! Lines that are written for so many requests that what they cost counts.
//!
//! They go through the queue of the log and look like its other lines, but no subscriber: each is written into one
//! buffer, which costs a tenth. And none is left out, whatever the level of the log.

use std::cell::RefCell;
use std::io::Write as _;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing_appender::non_blocking::NonBlocking;

use super::{LogFormat, LogLevel};

const WRITTEN: &str = "writing to memory never fails";

/// The queue of the log, once there is one that takes them.
static QUEUE: OnceLock<(NonBlocking, LogFormat)> = OnceLock::new();

thread_local! {
    /// What a thread writes its lines with, from its first on.
    static WRITER: RefCell<Option<Writer>> = const { RefCell::new(None) };
}

pub(super) fn open(queue: NonBlocking, format: LogFormat) {
    // A second start keeps the first.
    let _ = QUEUE.set((queue, format));
}

/// Writes a line now, if the log has been started and takes such lines. `fields` adds what it holds besides.
pub fn write_line(target: &str, level: LogLevel, message: &str, fields: impl FnOnce(&mut Fields<'_>)) {
    let Some((queue, format)) = QUEUE.get() else { return };
    WRITER.with_borrow_mut(|writer| {
        let writer = writer.get_or_insert_with(|| Writer {
            queue: queue.clone(),
            line: Line { bytes: Vec::with_capacity(512), format: *format, clock: Clock::default() },
        });
        writer.line.write(SystemTime::now(), target, level, message, fields);
        // What does not fit into the queue is counted there.
        let _ = writer.queue.write_all(&writer.line.bytes);
    });
}

struct Writer {
    queue: NonBlocking,
    line: Line,
}

/// The buffer that one line after the other is written into.
struct Line {
    bytes: Vec<u8>,
    format: LogFormat,
    clock: Clock,
}

impl Line {
    fn write(
        &mut self,
        now: SystemTime,
        target: &str,
        level: LogLevel,
        message: &str,
        fields: impl FnOnce(&mut Fields<'_>),
    ) {
        let Self { bytes, format, clock } = self;
        let level = match level {
            LogLevel::Error => "ERROR",
            LogLevel::Warn => "WARN",
            LogLevel::Info => "INFO",
            LogLevel::Debug => "DEBUG",
            LogLevel::Trace => "TRACE",
        };
        bytes.clear();
        let format = *format;
        match format {
            LogFormat::Json => {
                bytes.extend_from_slice(b"{\"timestamp\":\"");
                clock.write(now, bytes);
                bytes.push(b'"');
                let mut line = Fields { bytes, format };
                line.add_text("level", level);
                line.add_text("message", message);
                fields(&mut line);
                line.add_text("target", target);
                bytes.push(b'}');
            }
            LogFormat::Text => {
                clock.write(now, bytes);
                write!(bytes, "  {level} {target}: {message}").expect(WRITTEN);
                fields(&mut Fields { bytes, format });
            }
        }
        bytes.push(b'\n');
    }
}

/// Adds fields to a line, in the order in which they come.
pub struct Fields<'a> {
    bytes: &'a mut Vec<u8>,
    format: LogFormat,
}

impl Fields<'_> {
    /// Adds one. `name` is a plain word: it is not escaped.
    ///
    /// # Panics
    /// If `value` does not serialise.
    pub fn add(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        match self.format {
            LogFormat::Json => {
                self.name(name);
                serde_json::to_writer(&mut *self.bytes, value).expect("the value of a field serialises");
            }
            // For people; texts in quotes, so that none can forge another field or line.
            LogFormat::Text => match serde_json::to_value(value).expect("the value of a field serialises") {
                // So written, a text turns no terminal's writing around either.
                Value::String(value) => write!(self.bytes, " {name}={value:?}").expect(WRITTEN),
                value => write!(self.bytes, " {name}={value}").expect(WRITTEN),
            },
        }
    }

    /// The same for a text.
    pub fn add_text(&mut self, name: &'static str, text: &str) {
        // Most are, and need not be looked at byte by byte.
        let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        let needs_nothing = text.bytes().fold(true, |so_far, byte| so_far & is_plain(byte));
        if self.format == LogFormat::Json && needs_nothing {
            self.name(name);
            self.bytes.push(b'"');
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.push(b'"');
        } else {
            self.add(name, text);
        }
    }

    fn name(&mut self, name: &'static str) {
        self.bytes.extend_from_slice(b",\"");
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }
}

/// Writes moments as RFC 3339 has them. What lines of one second have in common is made once.
#[derive(Default)]
struct Clock {
    second: Option<u64>,
    /// `2026-11-21T14:10:15`.
    text: String,
}

impl Clock {
    /// In microseconds, as the other lines have it.
    fn write(&mut self, now: SystemTime, bytes: &mut Vec<u8>) {
        // No log is written before 1970.
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        if self.second != Some(now.as_secs()) {
            self.second = Some(now.as_secs());
            self.text = second(now.as_secs()).unwrap_or_default();
        }
        bytes.extend_from_slice(self.text.as_bytes());
        // By hand: of what a formatter needs, a tenth.
        let (mut fraction, mut left) = (*b".000000Z", now.subsec_micros());
        for digit in fraction[1..7].iter_mut().rev() {
            *digit += u8::try_from(left % 10).expect("a digit");
            left /= 10;
        }
        bytes.extend_from_slice(&fraction);
    }
}

fn second(since_epoch: u64) -> Option<String> {
    let second = OffsetDateTime::from_unix_timestamp(i64::try_from(since_epoch).ok()?).ok()?;
    let text = second.format(&Rfc3339).ok()?;
    text.strip_suffix('Z').map(str::to_owned)
}

/// Now, as lines have it.
pub(super) fn timestamp() -> String {
    let mut bytes = Vec::with_capacity(32);
    Clock::default().write(SystemTime::now(), &mut bytes);
    String::from_utf8(bytes).expect("digits and punctuation")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat, at: Duration) -> String {
        let mut line = Line { bytes: b"rest of another".to_vec(), format, clock: Clock::default() };
        line.write(SystemTime::UNIX_EPOCH + at, "t", LogLevel::Info, "minted", |fields| {
            fields.add_text("subject", "a\" key=\"b\nc\u{1b}[2J\u{202e}");
            fields.add_text("route", "/ä");
            fields.add("expires_at", &5);
        });
        String::from_utf8(line.bytes).unwrap()
    }

    #[test]
    fn no_value_can_forge_a_field_or_a_line() {
        let at = Duration::new(1_800_000_000, 42_999);
        assert_eq!(
            line(LogFormat::Json, at),
            "{\"timestamp\":\"2027-01-15T08:00:00.000042Z\",\"level\":\"INFO\",\"message\":\"minted\",\
             \"subject\":\"a\\\" key=\\\"b\\nc\\u001b[2J\u{202e}\",\"route\":\"/ä\",\"expires_at\":5,\"target\":\"t\"}\n"
        );
        assert_eq!(
            line(LogFormat::Text, at),
            "2027-01-15T08:00:00.000042Z  INFO t: minted subject=\"a\\\" key=\\\"b\\nc\\u{1b}[2J\\u{202e}\" \
             route=\"/ä\" expires_at=5\n"
        );
    }

    #[test]
    fn every_moment_is_written_as_it_is() {
        let mut clock = Clock::default();
        for (seconds, nanoseconds, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            // date --utc --date=@951782399 --iso-8601=seconds
            (951_782_399, 999_999_999, "2000-02-28T23:59:59.999999Z"),
            (951_782_400, 1000, "2000-02-29T00:00:00.000001Z"),
            (951_782_400, 2000, "2000-02-29T00:00:00.000002Z"),
            (951_782_399, 0, "2000-02-28T23:59:59.000000Z"),
        ] {
            let mut bytes = Vec::new();
            clock.write(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds), &mut bytes);
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }
}
