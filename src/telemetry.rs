//! Logs: JSON lines for machines, or text for people, on standard error.
//!
//! Never logged: private keys, tickets, cookies, signatures, API keys, request paths and queries.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How log lines are written, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// How lines are written.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: LogLevel,
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

/// Starts logging for the rest of the process. A second start keeps the first.
pub fn start(config: LogConfig) {
    // A closed log pipe must not take the service down, and complaining about it on standard error
    // would do just that.
    let builder = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .log_internal_errors(false);
    let said = said(config.level.into());
    let _ = match config.format {
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(false).finish().with(said).try_init()
        }
        LogFormat::Text => builder.compact().finish().with(said).try_init(),
    };
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
