//! The origin of a web site, as the operator writes it down: of the web app, or of edgemint itself.

use std::fmt;

use thiserror::Error;
use url::{Host, Url};

use crate::cloudfront::browser::{is_host_name, is_local_host};

/// The origin of a web site: scheme, host and port, and nothing else.
///
/// `https`, or `http` on a loopback host (127.0.0.0/8, `[::1]`, `localhost` and names below it).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    url: Url,
    serialized: String,
}

impl Origin {
    /// Reads an origin as a browser's `Origin` header spells it: `https://app.example.com`,
    /// `http://localhost:5173`.
    ///
    /// # Errors
    /// [`OriginError`] for anything else; where an origin can be made out, it says how to spell it.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text).map_err(|_| OriginError::NotAnOrigin)?;
        let (Some(host), true) = (url.host(), ["https", "http"].contains(&url.scheme())) else {
            return Err(OriginError::NotAnOrigin);
        };
        // The URL parser takes patterns, and names that no certificate has.
        if matches!(host, Host::Domain(name) if !is_host_name(name)) {
            return Err(OriginError::NotAHost);
        }
        if url.scheme() == "http" && !url.host_str().is_some_and(is_local_host) {
            return Err(OriginError::PlainHttp);
        }
        let serialized = url.origin().ascii_serialization();
        if text != serialized {
            return Err(OriginError::Spelling { expected: serialized });
        }
        Ok(Self { url, serialized })
    }

    /// The origin as a browser's `Origin` header spells it.
    pub fn as_str(&self) -> &str {
        &self.serialized
    }

    /// In lower case and punycode, without port; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether it is http without TLS: only a host on this machine is.
    pub fn is_plain_http(&self) -> bool {
        self.url.scheme() == "http"
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether a URL's `scheme` and `authority` are this origin's own spelling. `0x7f.1` and `127.0.0.1` are
    /// one address and two spellings.
    pub(super) fn is_spelled(&self, scheme: &str, authority: &str) -> bool {
        let Some((spelled, port)) = authority.split_at_checked(self.host().len()) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(self.url.scheme())
            && spelled.eq_ignore_ascii_case(self.host())
            && match (self.url.port(), port.strip_prefix(':')) {
                (None, None) => port.is_empty(),
                (own, Some(digits)) => {
                    own.or(self.url.port_or_known_default()).is_some_and(|own| own.to_string() == digits)
                }
                (Some(_), None) => false,
            }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.serialized)
    }
}

/// Why a text is not an [`Origin`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OriginError {
    /// Not an `https` URL at all.
    #[error("this is no origin; write scheme and host, such as https://app.example.com")]
    NotAnOrigin,
    /// Plain `http` on a host that is not this machine.
    #[error("http is accepted on localhost, *.localhost, 127.0.0.0/8 and [::1] only; write https://")]
    PlainHttp,
    /// A pattern, a host that ends in a dot, or a name that no host has.
    #[error(
        "an origin is one host of letters, digits, - and _, without * and without a final dot; write one host name"
    )]
    NotAHost,
    /// An origin with more around it, or spelled in an unusual way.
    #[error(
        "an origin has no path, query or user name, and is spelled as browsers spell it; write {expected}"
    )]
    Spelling {
        /// The origin as it must be spelled.
        expected: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_as_browsers_spell_them() {
        for good in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "https://xn--bcher-kva.example",
            "https://203.0.113.7",
            "http://localhost:5173",
            "http://localhost",
            "http://app.edgemint.localhost:3000",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:8080",
        ] {
            assert_eq!(Origin::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn another_spelling_is_refused_with_the_right_one() {
        for (text, expected) in [
            ("https://app.example.com/", "https://app.example.com"),
            ("https://app.example.com/path", "https://app.example.com"),
            ("https://app.example.com?q", "https://app.example.com"),
            ("https://app.example.com#f", "https://app.example.com"),
            ("https://user:secret@app.example.com", "https://app.example.com"),
            ("https://@app.example.com", "https://app.example.com"),
            ("https://APP.example.com", "https://app.example.com"),
            ("HTTPS://app.example.com", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("https:app.example.com", "https://app.example.com"),
            ("https:\\\\app.example.com", "https://app.example.com"),
            (" https://app.example.com", "https://app.example.com"),
            ("https://app.exa\tmple.com", "https://app.example.com"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://ａpp.example.com", "https://app.example.com"),
            ("https://app%2eexample.com", "https://app.example.com"),
            ("http://0x7f.1", "http://127.0.0.1"),
            ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ] {
            let expected = OriginError::Spelling { expected: expected.to_owned() };
            assert_eq!(Origin::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_origin_of_the_app_is_refused() {
        use OriginError::{NotAHost, NotAnOrigin, PlainHttp};
        for (text, expected) in [
            ("", NotAnOrigin),
            ("null", NotAnOrigin),
            ("*", NotAnOrigin),
            ("app.example.com", NotAnOrigin),
            ("//app.example.com", NotAnOrigin),
            ("https://", NotAnOrigin),
            ("https://app.example.com:99999", NotAnOrigin),
            ("javascript:alert(1)", NotAnOrigin),
            ("file:///etc/passwd", NotAnOrigin),
            ("ftp://app.example.com", NotAnOrigin),
            ("wss://app.example.com", NotAnOrigin),
            ("https://*.example.com", NotAHost),
            ("https://app.example.com.", NotAHost),
            ("https://app..example.com", NotAHost),
            ("https://-app.example.com", NotAHost),
            ("https://a,b.example.com", NotAHost),
            ("https://user:secret@*.example.com", NotAHost),
            ("http://app.example.com", PlainHttp),
            ("http://localhost.example.com", PlainHttp),
            ("http://notlocalhost", PlainHttp),
            ("http://128.0.0.1", PlainHttp),
            ("http://0.0.0.0", PlainHttp),
            ("http://10.0.0.1", PlainHttp),
            ("http://[::2]", PlainHttp),
            ("http://[::ffff:127.0.0.1]", PlainHttp),
        ] {
            assert_eq!(Origin::parse(text), Err(expected), "{text}");
        }
    }
}
