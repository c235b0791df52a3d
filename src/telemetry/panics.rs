//! What happens at a panic, which is always a fault of this program or of a library.
//!
//! The message of a panic may hold anything: `unwrap` prints the error that it met with, and slicing a text prints the
//! text. So what is said is what stands in the source: the place, the thread, and the message if it is a literal. No
//! backtrace either: the place is enough to begin with, and where it came from may be asked for in a copy of the case.
//!
//! A thread that serves goes on: the panic breaks off one request, whose client gets 500, and nobody may end the
//! service with a request that meets a fault. So does one whose caller waits for what it does and says that it broke
//! off. Anywhere else something would have ended that nobody misses: the keyring would be followed no more, nothing
//! signed ahead, no revocation written down, no line logged. There the process ends at once, by SIGABRT and without a
//! core dump, for its supervisor to start another; what must survive that survives `kill -9` too.

use std::any::Any;
use std::io;
use std::panic::{self, PanicHookInfo};
use std::process;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::json;

use super::{LogFormat, lines};

/// What the names of threads begin with on which a panic breaks off one thing alone.
const CONTAINED: [&str; 4] = [
    // Serve: tokio ends the task of one connection. The name is actix-rt's.
    "actix-rt|system:",
    // Do what a task waits for: signatures, host names. The name is tokio's.
    "tokio-rt-worker",
    // Looks at the keyring; the follower says that it broke off, goes on with the old keys, and starts another.
    "keyring",
    // Sends spans, of which a batch is lost. The name is opentelemetry's.
    "OpenTelemetry.Traces.",
];

/// How long the end waits for the log to be written and for its reader.
const LAST_LINES: Duration = Duration::from_millis(200);

/// How the log is written, once it has been started.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// From now on a panic of any thread is handled as told above, until the end of the process.
pub fn install() {
    panic::set_hook(Box::new(|panic| {
        let thread = thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        let is_contained = CONTAINED.iter().any(|name| thread.starts_with(name));
        if !is_contained {
            // For the lines that are on their way.
            thread::sleep(LAST_LINES);
        }
        say(&line(panic, thread, is_contained), if is_contained { Duration::ZERO } else { LAST_LINES });
        if !is_contained {
            process::abort();
        }
    }));
}

/// Lines about panics look like those of the log. A second start keeps the first.
pub(super) fn log_as(format: LogFormat) {
    let _ = FORMAT.set(format);
}

fn line(panic: &PanicHookInfo<'_>, thread: &str, is_contained: bool) -> String {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let said = literal(panic.payload()).unwrap_or("(not shown: it may hold secrets)");
    let message = match is_contained {
        true => "panicked, and broke off what was under way; this is a fault of edgemint",
        false => "panicked, and the process ends; this is a fault of edgemint",
    };
    let (timestamp, target) = (lines::timestamp(), module_path!());
    match FORMAT.get() {
        None => format!("edgemint: {message}: at {place}, thread {thread}: {said}\n"),
        Some(LogFormat::Text) => {
            format!(
                "{timestamp}  ERROR {target}: {message} place={place:?} thread={thread:?} said={said:?}\n"
            )
        }
        Some(LogFormat::Json) => {
            let line = json!({
                "timestamp": timestamp, "level": "ERROR", "message": message, "place": place, "thread": thread,
                "said": said, "target": target,
            });
            format!("{line}\n")
        }
    }
}

/// A message that was written down in the source as it is: one that was put together is a `String`.
fn literal(payload: &dyn Any) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}

/// Writes to standard error as it is: the log may be what panicked. A reader that is stuck is not waited for longer
/// than this, and a line of less than PIPE_BUF bytes goes at once or not at all.
fn say(line: &str, patience: Duration) {
    let stderr = io::stderr();
    let patience = Timespec::try_from(patience).unwrap_or_default();
    let mut writable = [PollFd::new(&stderr, PollFlags::OUT)];
    if let Ok(1) = rustix::io::retry_on_intr(|| poll(&mut writable, Some(&patience))) {
        let _ = rustix::io::write(&stderr, line.as_bytes());
    }
}
