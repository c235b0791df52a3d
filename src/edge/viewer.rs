//! What the viewer asked for, as policies name it: the host and the scheme of its URL, and its cookies.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HOST};
use thiserror::Error;

use super::answers::Fault;
use crate::cloudfront::verify::is_host;

/// The scheme that policies are held against.
///
/// Production policies say `https://`, and a double on a laptop speaks plain HTTP. It does not believe a
/// `X-Forwarded-Proto` or `X-Forwarded-For` that any client could send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ViewerScheme {
    /// A policy for either scheme is good. More lenient than CloudFront, in this alone.
    #[default]
    Any,
    /// As if viewers came by HTTPS.
    Https,
    /// As the double speaks.
    Http,
}

impl ViewerScheme {
    /// The scheme to try first, and the one to try after it.
    pub(super) fn candidates(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Any => ("https", Some("http")),
            Self::Https => ("https", None),
            Self::Http => ("http", None),
        }
    }
}

impl FromStr for ViewerScheme {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "any" => Ok(Self::Any),
            "https" => Ok(Self::Https),
            "http" => Ok(Self::Http),
            other => Err(format!("{other:?} is no viewer scheme; write https, http or any")),
        }
    }
}

/// The one host name that the distribution answers to: `cdn.example.com`, or with a port.
#[derive(Clone, PartialEq, Eq)]
pub struct ServedHost(String);

impl ServedHost {
    /// As it stands in policies.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a `Host` header asks for this distribution.
    ///
    /// The port only counts if this name has one: CloudFront listens on 80 and 443, the double on any port.
    /// `localhost` and bare addresses reach it too, which have no meaning at CloudFront: a laptop has no DNS for the name.
    fn answers_to(&self, host: &str) -> bool {
        let name = without_port(host);
        let asked = if without_port(&self.0) == self.0 { name } else { host };
        let address = name.trim_matches(['[', ']']);
        asked.eq_ignore_ascii_case(&self.0)
            || name.eq_ignore_ascii_case("localhost")
            || address.parse::<IpAddr>().is_ok()
    }
}

impl FromStr for ServedHost {
    type Err = ServedHostError;

    fn from_str(text: &str) -> Result<Self, ServedHostError> {
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        };
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
        if !is_name || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(ServedHostError(text.to_owned()));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Debug for ServedHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ServedHost({})", self.0)
    }
}

/// A text that is no host name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is no host name; write the name alone, in ASCII, as in cdn.example.com or cdn.example.com:8443"
)]
pub struct ServedHostError(String);

/// The host that policies are held against.
///
/// # Errors
/// [`Fault::BadRequest`] for what is no host (RFC 9112 §3.2), before anything is decided by it;
/// [`Fault::UnknownHost`] when another distribution was asked for.
pub(super) fn host<'a>(request: &'a HttpRequest, served: Option<&'a ServedHost>) -> Result<&'a str, Fault> {
    // RFC 9112 §3.2.2: an absolute request target outweighs the Host header.
    let asked = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default(),
    };
    if !is_host(asked) {
        return Err(Fault::BadRequest);
    }
    match served {
        Some(served) if served.answers_to(asked) => Ok(served.as_str()),
        Some(_) => Err(Fault::UnknownHost),
        None => Ok(asked),
    }
}

/// Every cookie of the request, in order, doubled names included: `decide` says what they are worth.
pub(super) fn cookies(request: &HttpRequest) -> Vec<(&str, &str)> {
    request
        .headers()
        .get_all(COOKIE)
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .collect()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_answers_to_its_name_on_any_port() {
        let served: ServedHost = "CDN.example.com".parse().unwrap();
        for host in ["cdn.example.com", "Cdn.Example.com:8080", "127.0.0.1:1", "[::1]:80", "localhost:8080"] {
            assert!(served.answers_to(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "xcdn.example.com",
            "cdn.example.com.",
            "cdn.example.com.evil.org",
            "127.0.0.1.nip.io",
        ] {
            assert!(!served.answers_to(host), "{host}");
        }
    }

    #[test]
    fn a_host_with_a_port_wants_the_port() {
        let served: ServedHost = "cdn.example.com:8443".parse().unwrap();
        assert!(served.answers_to("cdn.example.com:8443"));
        assert!(!served.answers_to("cdn.example.com"));
        assert!(!served.answers_to("cdn.example.com:443"));
    }

    #[test]
    fn what_is_no_host_name_is_refused() {
        for text in [
            "",
            "https://cdn.example.com",
            "cdn.example.com/",
            "a b",
            "bücher.example",
            "cdn:",
            "cdn:x",
            "a:1:2",
            "*",
        ] {
            assert!(text.parse::<ServedHost>().is_err(), "{text}");
        }
    }
}
