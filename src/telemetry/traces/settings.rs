use std::fmt;
use std::time::Duration;

use thiserror::Error;
use url::Url;

/// Where spans are sent, and which: `[traces]`.
#[derive(Debug, Clone)]
pub struct TracesConfig {
    /// What the collector takes them at.
    pub endpoint: CollectorUrl,
    /// Of the traces that begin here. One that is continued is sent if its beginning was.
    pub ratio: Ratio,
    /// How long the collector may take for one batch, and the end of the process for the last.
    pub timeout: Duration,
}

/// For `edgemint check`.
impl fmt::Display for TracesConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, ratio, timeout } = self;
        let timeout = humantime::format_duration(*timeout);
        write!(f, "{} of 1 that begin here, to {endpoint}, which has {timeout} for each batch", ratio.get())
    }
}

/// The URL that spans are posted to: `http` or `https`, with the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorUrl(Url);

impl CollectorUrl {
    /// Accepts a URL.
    ///
    /// # Errors
    /// [`CollectorUrlError`]; it quotes nothing of the URL.
    pub fn parse(text: &str) -> Result<Self, CollectorUrlError> {
        let url = Url::parse(text).map_err(|_| CollectorUrlError::NotHttp)?;
        if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
            return Err(CollectorUrlError::NotHttp);
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(CollectorUrlError::Besides);
        }
        match url.path() {
            "/" => Err(CollectorUrlError::NoPath),
            _ => Ok(Self(url)),
        }
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a [`CollectorUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CollectorUrlError {
    /// No URL, or one of something else.
    #[error("this is no URL of a collector; write one such as \"http://localhost:4318/v1/traces\"")]
    NotHttp,
    /// A user, a password, a query or a fragment.
    #[error(
        "the URL holds more than a host and a path, which would be in the log; what the collector wants besides goes into \
         the environment variable OTEL_EXPORTER_OTLP_TRACES_HEADERS"
    )]
    Besides,
    /// Only a host.
    #[error("the URL has no path, and nothing is added to it; OTLP over HTTP is mostly taken at /v1/traces")]
    NoPath,
}

/// A part of all: 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(f64);

impl Ratio {
    /// All of them.
    pub const ALL: Self = Self(1.0);

    /// Accepts a number.
    ///
    /// # Errors
    /// The message for one that is out of its bounds.
    pub fn new(number: f64) -> Result<Self, String> {
        match (0.0..=1.0).contains(&number) {
            true => Ok(Self(number)),
            false => {
                Err(format!("{number} is no part of all traces; write 0 (none) to 1 (all), such as 0.05"))
            }
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Why no spans can be sent.
#[derive(Debug, Error)]
pub enum TracesError {
    /// The feature `otlp` is not built in.
    #[error("this edgemint cannot send traces: build it with --features otlp")]
    NotBuilt,
    /// No client, or no exporter.
    #[error("traces cannot be sent: {0}")]
    Client(String),
}
