//! CORS, as a response-headers policy of CloudFront that allows credentials and overrides the origin.

use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;

/// What a page's player may read from an answer besides the safelisted headers.
const EXPOSED: HeaderValue = HeaderValue::from_static("Content-Range, Content-Length, Accept-Ranges, ETag");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("Range, If-Range, If-None-Match, If-Modified-Since");
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("600");
const YES: HeaderValue = HeaderValue::from_static("true");

/// An origin whose pages may read the answers, with credentials: `https://www.example.com`. Never `*`:
/// browsers refuse it together with cookies (rules §5).
///
/// A parser of its own beside the session's: the double stands for CloudFront and knows nothing of the service, and
/// as a response-headers policy does it takes plain http from any host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin(HeaderValue);

impl FromStr for AllowedOrigin {
    type Err = AllowedOriginError;

    fn from_str(text: &str) -> Result<Self, AllowedOriginError> {
        let refused = || AllowedOriginError(text.to_owned());
        let url = url::Url::parse(text).map_err(|_| refused())?;
        // Written exactly as a browser sends it, or it would never be equal to an `Origin` header.
        if !matches!(url.scheme(), "https" | "http") || url.origin().ascii_serialization() != text {
            return Err(refused());
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| refused())
    }
}

/// A text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is no origin as browsers send it; write scheme and host in lower case, the port only if it is not the \
     scheme's own, and no path, as in https://www.example.com (`*` cannot be used with cookies)"
)]
pub struct AllowedOriginError(String);

/// Sets the CORS headers on an answer that came from the origin. The signature check's 403 never comes here:
/// it carries none, so that an expiry looks to a page like a CORS failure, as it does at CloudFront (rules §5).
pub(super) fn decorate(allowed: &[AllowedOrigin], request: &HttpRequest, answer: &mut HeaderMap) {
    if allowed.is_empty() {
        return;
    }
    let theirs: Vec<HeaderName> =
        answer.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    for name in theirs {
        answer.remove(name);
    }
    answer.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = request.headers().get(header::ORIGIN) else { return };
    if !allowed.iter().any(|allowed| allowed.0 == *origin) {
        return;
    }
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, YES);
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    if request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    {
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_as_browsers_send_them() {
        for text in [
            "https://www.example.com",
            "http://localhost:3000",
            "https://xn--bcher-kva.example",
            "http://[::1]:8080",
        ] {
            assert!(text.parse::<AllowedOrigin>().is_ok(), "{text}");
        }
        for text in [
            "",
            "*",
            "null",
            "www.example.com",
            "https://www.example.com/",
            "https://www.example.com:443",
            "https://*.example.com/x",
            "HTTPS://www.example.com",
            "https://user@www.example.com",
            "ftp://example.com",
            "file:///",
            "https://bücher.example",
        ] {
            assert!(text.parse::<AllowedOrigin>().is_err(), "{text}");
        }
    }
}
