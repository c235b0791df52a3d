use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use crate::mint::{is_host_name, is_local_host};

/// Scheme, host and port of a web site, as browsers compare them. Plain http is taken only for
/// loopback addresses and `localhost` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    /// Absent if it is the scheme's own.
    port: Option<u16>,
}

/// Why a text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not a URL at all.
    #[error("{0:?} is not an origin; write scheme and host, such as \"https://www.example.com\"")]
    NotAnOrigin(String),
    /// More than scheme, host and port.
    #[error("{0:?} holds more than scheme, host and port; write \"{1}\"")]
    More(String, Origin),
    /// Clear text over a network.
    #[error(
        "{0} is plain http, which is taken only for loopback addresses and localhost names; use https://"
    )]
    PlainHttp(Origin),
}

impl Origin {
    /// `https`, or `http` on a development host.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// In lower case and punycode; IPv6 addresses in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if it is not the scheme's own.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it is http without TLS.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        self.scheme == "http"
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let not_an_origin = || OriginError::NotAnOrigin(text.to_owned());
        let url = Url::parse(text).map_err(|_| not_an_origin())?;
        let host = url.host_str().ok_or_else(not_an_origin)?;
        // The URL parser lets wildcards through, and rewrites names that are not ASCII.
        let is_host = !matches!(url.host(), Some(Host::Domain(name)) if !is_host_name(name));
        if !is_host || !matches!(url.scheme(), "https" | "http") || !text.is_ascii() {
            return Err(not_an_origin());
        }
        let origin = Self { scheme: url.scheme().to_owned(), host: host.to_owned(), port: url.port() };
        if text.trim_end_matches('/').to_ascii_lowercase() != origin.to_string() {
            return Err(OriginError::More(text.to_owned(), origin));
        }
        if origin.is_plain_http() && !is_local_host(&origin.host) {
            return Err(OriginError::PlainHttp(origin));
        }
        Ok(origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
