//! Logs: JSON lines for machines, or text for people, on standard error.
//!
//! Lines about requests that were minted for or refused go to [`write_line`]; all else through `tracing`.
//!
//! Never logged: private keys, tickets, cookies, signatures, API keys, queries; and no path of a request
//! either, but by the local double of the edge, which is there to show what was asked for.
//!
//! Lines are written on a thread of their own. A reader that is stuck holds no request up: what does not fit
//! into the queue meanwhile is lost, and how much that was is said once the reader goes on.

mod lines;
pub mod metrics;
pub mod panics;
pub mod traces;

use std::io;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

pub use lines::{Fields, write_line};
use traces::{TracesConfig, TracesError};

/// How log lines are written, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// How lines are written.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: LogLevel,
    /// Whether lines of the audit are written too, which the level leaves in.
    pub audit: bool,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For machines: one JSON object a line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// How important a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is odd.
    Warn,
    /// What an operator wants to read every day.
    #[default]
    Info,
    /// For finding a fault.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// As it is configured.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// Bytes that are written at once: whole lines, as many as a pipe takes without mixing them with what another process
/// writes (PIPE_BUF).
const AT_ONCE: usize = 4096;

/// Lines that wait for the reader, of some 250 bytes each; the rest is lost.
const QUEUED_LINES: usize = 4096;

/// How long lines are gathered after others have been written: no line is later than that, and the queue has room for
/// what two busy cores say meanwhile several times over.
const GATHERED: Duration = Duration::from_millis(10);

/// How long the end of the process waits for a reader of the log that may be stuck.
const LAST_LINES: Duration = Duration::from_millis(1500);

/// Keeps the log going. Dropped, it waits until the last lines are written, but not for ever.
#[must_use = "the last lines are written when this is dropped"]
pub struct Logging {
    writing: Option<WorkerGuard>,
    exporting: Option<traces::Exporting>,
}

impl Drop for Logging {
    /// On a thread of its own, because the guard itself waits, and prints when it waited in vain: on the
    /// pipe that nobody reads, it might be. The process does not wait for that thread.
    fn drop(&mut self) {
        // First, because it may have something to say.
        self.exporting = None;
        let writing = self.writing.take();
        let (ended, end) = mpsc::channel();
        let waiting = thread::Builder::new().spawn(move || {
            drop(writing);
            let _ = ended.send(());
        });
        if waiting.is_ok() {
            let _ = end.recv_timeout(LAST_LINES);
        }
    }
}

/// Starts logging, until what it returns is dropped. A second start keeps the first.
pub fn start(config: LogConfig) -> Logging {
    start_with(config, None)
}

/// The same, and spans are sent to a collector.
///
/// # Errors
/// [`TracesError`] if they cannot be, whatever the collector does.
pub fn start_traced(config: LogConfig, traces: Option<&TracesConfig>) -> Result<Logging, TracesError> {
    Ok(start_with(config, traces.map(traces::open).transpose()?))
}

fn start_with(config: LogConfig, spans: Option<(traces::SpanLayer, traces::Exporting)>) -> Logging {
    panics::log_as(config.format);
    let lost = Arc::new(OnceLock::new());
    let out = io::BufWriter::with_capacity(AT_ONCE, io::stderr());
    let stderr = Stderr { lost: lost.clone(), reported: 0, format: config.format, out };
    let queue = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(QUEUED_LINES);
    let (writer, writing) = queue.finish(stderr);
    lost.get_or_init(|| writer.error_counter());
    if config.audit {
        lines::open(writer.clone(), config.format);
    }
    // A closed log pipe must not take the service down, and complaining about it on standard error
    // would do just that.
    let lines = fmt::layer().with_writer(writer).with_ansi(false).log_internal_errors(false);
    let said = said(config.level.into()).and(filter_fn(|metadata| !metadata.is_span()));
    let lines = match config.format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_filter(said)
            .boxed(),
        LogFormat::Text => lines.compact().with_filter(said).boxed(),
    };
    let (spans, exporting) = spans.unzip();
    let _ = registry().with(spans.into_iter().chain([lines]).collect::<Vec<_>>()).try_init();
    Logging { writing: Some(writing), exporting }
}

/// Where the lines of the queue go.
struct Stderr {
    /// How many lines did not fit into the queue.
    lost: Arc<OnceLock<ErrorCounter>>,
    reported: usize,
    format: LogFormat,
    /// Flushed as soon as the queue is empty.
    out: io::BufWriter<io::Stderr>,
}

impl io::Write for Stderr {
    /// A line was lost because the queue was full, so there is always another behind it that brings this here.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let lost = self.lost.get().map_or(0, ErrorCounter::dropped_lines);
        if lost > self.reported {
            let report = self.report(lost - self.reported);
            self.out.write_all(report.as_bytes())?;
            self.reported = lost;
        }
        self.out.write_all(line)?;
        Ok(line.len())
    }

    /// Once the queue is empty. Under load lines are then gathered for a moment: to wake this thread for each of them
    /// would cost the one that serves more than to write it, and this one a call of the system each.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        thread::sleep(GATHERED);
        Ok(())
    }
}

impl Stderr {
    /// Not by way of the log itself, where it could be lost too.
    fn report(&self, lost: usize) -> String {
        let timestamp = lines::timestamp();
        let (message, target) = ("lines of the log were lost: its reader was too slow", module_path!());
        let line = match self.format {
            LogFormat::Json => json!({
                "timestamp": timestamp, "level": "WARN", "message": message, "lost_lines": lost, "target": target,
            })
            .to_string(),
            LogFormat::Text => format!("{timestamp}  WARN {target}: {message} lost_lines={lost}"),
        };
        format!("{line}\n")
    }
}

/// What libraries say in detail holds pieces of requests, whatever the level: they are heard when
/// something is wrong. To actix-http every garbled request is an error, of which one may be told who
/// looks for a fault.
fn said(level: LevelFilter) -> Targets {
    let garbled = if level >= LevelFilter::DEBUG { LevelFilter::ERROR } else { LevelFilter::OFF };
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("edgemint", level)
        .with_target("actix_http", garbled)
}
