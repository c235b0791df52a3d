//! What proves who is asking, as it is forwarded.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use thiserror::Error;

use crate::session::own::OwnSessions;
use crate::session::{Presented, ProviderRefusal};

/// The longest credential, in bytes: servers take no longer header lines by default.
const MAX_BYTES: usize = 8 * 1024;

/// Headers that are about the connection or the body, and not about who is asking.
const NOT_FORWARDED: [&str; 12] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Which part of a request is forwarded to the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialPlace(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Cookies(Vec<String>),
    Header(HeaderName),
}

impl CredentialPlace {
    /// Accepts the name of a cookie that may be forwarded.
    ///
    /// # Errors
    /// [`CredentialPlaceError`] for one that is none, or that is set by this service.
    pub fn cookie_name(name: String) -> Result<String, CredentialPlaceError> {
        // A token of RFC 9110 §5.6.2, which RFC 6265 §4.1.1 asks for.
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || name.len() > 256 || !name.bytes().all(is_token) {
            return Err(CredentialPlaceError::CookieName);
        }
        if name == OwnSessions::COOKIE || name.starts_with("CloudFront-") {
            return Err(CredentialPlaceError::OwnCookie);
        }
        Ok(name)
    }

    /// The cookies of these names, each accepted by [`cookie_name`](Self::cookie_name).
    #[must_use]
    pub fn cookies(names: Vec<String>) -> Self {
        Self(Place::Cookies(names))
    }

    /// The header of this name.
    ///
    /// # Errors
    /// [`CredentialPlaceError`] for one that cannot be one, or says nothing of who is asking.
    pub fn header(name: &str) -> Result<Self, CredentialPlaceError> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| CredentialPlaceError::HeaderName)?;
        if name == COOKIE {
            return Err(CredentialPlaceError::CookieHeader);
        }
        match NOT_FORWARDED.contains(&name.as_str()) {
            true => Err(CredentialPlaceError::NotForwarded),
            false => Ok(Self(Place::Header(name))),
        }
    }

    /// The header `Authorization`.
    #[must_use]
    pub fn authorization() -> Self {
        Self(Place::Header(AUTHORIZATION))
    }

    /// The cookies that are forwarded, if it is cookies.
    #[must_use]
    pub fn cookie_names(&self) -> &[String] {
        match &self.0 {
            Place::Cookies(names) => names,
            Place::Header(_) => &[],
        }
    }

    /// The header that is forwarded, if it is one.
    #[must_use]
    pub fn header_name(&self) -> Option<&str> {
        match &self.0 {
            Place::Cookies(_) => None,
            Place::Header(name) => Some(name.as_str()),
        }
    }

    /// What a request presents, ready to be forwarded.
    pub(super) fn of(&self, presented: &dyn Presented) -> Result<Credential, ProviderRefusal> {
        let (name, value) = match &self.0 {
            Place::Cookies(names) => (COOKIE, cookies(names, presented)?),
            Place::Header(name) => {
                let value = presented.single_header(name.as_str())?.unwrap_or_default();
                (name.clone(), value.trim_ascii().to_vec())
            }
        };
        if value.is_empty() {
            return Err(ProviderRefusal::Missing);
        }
        if value.len() > MAX_BYTES {
            return Err(ProviderRefusal::Refused("credential_too_long"));
        }
        // Neither a line end nor anything else that two servers could read differently.
        if !value.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(ProviderRefusal::Refused("malformed_credential"));
        }
        let mut hash = Context::new(&SHA256);
        hash.update(name.as_str().as_bytes());
        hash.update(b":");
        hash.update(&value);
        let hash = hash.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes");
        let mut value = HeaderValue::from_bytes(&value).expect("visible ASCII, as was just seen");
        value.set_sensitive(true);
        Ok(Credential { name, value, hash })
    }
}

impl fmt::Display for CredentialPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Cookies(names) => write!(f, "cookies {}", names.join(", ")),
            Place::Header(name) => write!(f, "header {name}"),
        }
    }
}

/// Those of the named cookies that are there, in the order of their names here.
fn cookies(names: &[String], presented: &dyn Presented) -> Result<Vec<u8>, ProviderRefusal> {
    let mut found = Vec::new();
    for name in names {
        if let Some(value) = presented.cookie(name)?.filter(|value| !value.is_empty()) {
            found.push(format!("{name}={value}"));
        }
    }
    Ok(found.join("; ").into_bytes())
}

/// A header to be forwarded. It never prints.
pub(super) struct Credential {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    /// What the answer is remembered by.
    pub(super) hash: [u8; 32],
}

/// Why a name cannot say what is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CredentialPlaceError {
    /// Not a cookie's name.
    #[error("this cannot be the name of a cookie; write the app's, such as \"session\"")]
    CookieName,
    /// A cookie of this service.
    #[error(
        "edgemint itself sets this cookie, and the app has no use for it; write the name of the app's own"
    )]
    OwnCookie,
    /// Not a header's name.
    #[error("this cannot be the name of a header; write one such as \"Authorization\"")]
    HeaderName,
    /// All cookies at once.
    #[error("that would forward every cookie; write cookies = [\"NAME\"] with those that the app needs")]
    CookieHeader,
    /// A header about something else.
    #[error("this header says nothing of who is asking; write one such as \"Authorization\"")]
    NotForwarded,
}

#[cfg(test)]
mod tests {
    use super::super::super::presented::tests::Fake;
    use super::*;

    fn of(place: &CredentialPlace, headers: &[(&'static str, &str)]) -> Result<String, ProviderRefusal> {
        let Credential { name, value, .. } = place.of(&Fake::new(headers))?;
        Ok(format!("{name}: {}", value.to_str().unwrap()))
    }

    fn cookies(names: &[&str]) -> CredentialPlace {
        CredentialPlace::cookies(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn nothing_but_the_named_is_forwarded() {
        let headers = [
            ("cookie", "other=1; b=2; __Host-edgemint=3"),
            ("cookie", "a=x=y; c=4"),
            ("authorization", "Bearer t"),
        ];
        assert_eq!(of(&cookies(&["a", "b", "d"]), &headers).unwrap(), "cookie: a=x=y; b=2");
        assert_eq!(of(&CredentialPlace::authorization(), &headers).unwrap(), "authorization: Bearer t");
    }

    #[test]
    fn what_cannot_be_forwarded_as_it_is_is_refused() {
        use ProviderRefusal::{Missing, Refused};
        let place = cookies(&["a", "b"]);
        let long = format!("a={}", "x".repeat(8191));
        for (line, expected) in [
            ("", Missing),
            ("c=1", Missing),
            ("a=; b=", Missing),
            ("a=1; a=1", Refused("ambiguous")),
            ("a=1; b=2; b=3", Refused("ambiguous")),
            ("a=x\ty", Refused("malformed_credential")),
            ("a=x\r\nCookie: b=1", Refused("malformed_credential")),
            ("a=x\u{7f}", Refused("malformed_credential")),
            ("a=é", Refused("malformed_credential")),
            (&long, Refused("credential_too_long")),
        ] {
            assert_eq!(of(&place, &[("cookie", line)]), Err(expected), "{line:?}");
        }
        let header = CredentialPlace::header("X-Session").unwrap();
        for (headers, expected) in [
            (&[][..], Missing),
            (&[("x-session", " ")], Missing),
            (&[("x-session", "a"), ("x-session", "a")], Refused("ambiguous")),
            (&[("x-session", "a\nb")], Refused("malformed_credential")),
        ] {
            assert_eq!(of(&header, headers), Err(expected), "{headers:?}");
        }
    }

    #[test]
    fn names_that_say_nothing_of_who_is_asking_are_refused() {
        use CredentialPlaceError::{CookieHeader, CookieName, HeaderName, NotForwarded, OwnCookie};
        for (name, expected) in [
            ("", CookieName),
            ("a b", CookieName),
            ("a=b", CookieName),
            ("a;b", CookieName),
            ("__Host-edgemint", OwnCookie),
            ("CloudFront-Policy", OwnCookie),
        ] {
            assert_eq!(CredentialPlace::cookie_name(name.to_owned()), Err(expected), "{name}");
        }
        for (name, expected) in [
            ("", HeaderName),
            ("a b", HeaderName),
            ("Cookie", CookieHeader),
            ("Host", NotForwarded),
            ("Transfer-Encoding", NotForwarded),
            ("Content-Length", NotForwarded),
        ] {
            assert_eq!(CredentialPlace::header(name), Err(expected), "{name}");
        }
    }

    #[test]
    fn two_credentials_are_never_remembered_as_one() {
        let hash = |place: &CredentialPlace, headers| place.of(&Fake::new(headers)).unwrap().hash;
        let place = cookies(&["a", "b"]);
        let mut hashes = vec![
            hash(&place, &[("cookie", "a=1")]),
            hash(&place, &[("cookie", "b=1")]),
            hash(&place, &[("cookie", "a=1; b=1")]),
            hash(&place, &[("cookie", "a=1b=1")]),
            hash(&CredentialPlace::header("a").unwrap(), &[("a", "1")]),
        ];
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 5);
        assert_eq!(hash(&place, &[("cookie", "b=1; a=1")]), hash(&place, &[("cookie", "x=1; a=1; b=1")]));
    }
}
