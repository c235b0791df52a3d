//! Signed URLs: for players that carry no cookies (AirPlay, Chromecast), and for single files.

use std::fmt;

use serde::Serialize;

use super::browser::{BrowserError, check_host, check_path};
use super::policy::request_bytes_only;
use super::{EpochSeconds, HashAlgorithm, KeyPairId, Policy, PolicyError, Resource, SignError};

/// CloudFront takes no URL longer than 8192 bytes.
const MAX_BYTES: usize = 8192;

/// The query names that make CloudFront read the URL and ignore the cookies (rules §1).
pub const SIGNED_URL_PARAMETERS: [&str; 5] =
    ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];

/// Why a URL cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The scheme, the host, the path or a byte of it.
    #[error(transparent)]
    Part(#[from] PolicyError),
    /// A host, a port or a path that browsers rewrite before they ask.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// A viewer asks over http or https.
    #[error("the URL to sign begins with https:// or http://")]
    Scheme,
    /// `*` is refused by the edge in a canned policy and means something else in a custom one.
    #[error(
        "the URL to sign is one file, so it holds no *: percent-encode a literal one as %2A, or give a pattern as the resource"
    )]
    Wildcard,
    /// A backslash never stands in a URL.
    #[error("the URL to sign holds a backslash: give the URL as the player asks for it")]
    Backslash,
    /// It already carries one of the parameters that signing adds.
    #[error("the URL to sign already has the query parameter {0}, which signing adds: sign the plain URL")]
    AlreadySigned(&'static str),
    /// With the signature it is longer than CloudFront takes.
    #[error(
        "the signed URL would be {0} bytes long, and CloudFront takes no URL longer than {MAX_BYTES}: shorten the URL or the resource"
    )]
    TooLong(usize),
    /// The library failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// The URL of one file, exactly as the viewer will ask for it: percent-encoded, with its own query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaUrl {
    /// As the viewer asks, which is what a canned policy names.
    plain: Resource,
    /// The pattern that matches this URL alone.
    escaped: Resource,
}

impl MediaUrl {
    /// # Errors
    /// [`UrlError`] saying which part was refused.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if !text.starts_with("https://") && !text.starts_with("http://") {
            return Err(UrlError::Scheme);
        }
        if text.contains('\\') {
            return Err(UrlError::Backslash);
        }
        request_bytes_only(text)?;
        if text.contains('*') {
            return Err(UrlError::Wildcard);
        }
        let plain = Resource::parse(text)?;
        if plain.host().contains('?') {
            return Err(PolicyError::ResourceHost.into());
        }
        check_host(plain.scheme(), plain.host())?;
        let path = plain.path_and_query();
        check_path(path.split_once('?').map_or(path, |(path, _)| path))?;
        let query = text.split_once('?').map_or("", |(_, query)| query);
        for name in query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name)) {
            if let Some(taken) = SIGNED_URL_PARAMETERS.into_iter().find(|parameter| *parameter == name) {
                return Err(UrlError::AlreadySigned(taken));
            }
        }
        // Escaping makes it longer, perhaps too long for a policy.
        Ok(Self { escaped: Resource::parse(&text.replace('?', "\\?"))?, plain })
    }

    /// The URL without a signature.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.plain.as_str()
    }

    /// The pattern that matches this URL alone: `?` before the query is written `\?` (rules §2).
    #[must_use]
    pub fn to_resource(&self) -> Resource {
        self.escaped.clone()
    }

    /// What a canned policy signs. CloudFront rebuilds it from the request URL, so the URL stands
    /// in it unescaped, its query included (rules §2).
    pub(super) fn canned_policy(&self, expires: EpochSeconds) -> String {
        Policy::new(self.plain.clone(), expires).canonical()
    }

    pub(super) fn signed(
        &self,
        (name, value): (&'static str, &str),
        signature: &str,
        id: &KeyPairId,
        hash: HashAlgorithm,
    ) -> Result<SignedUrl, UrlError> {
        let url = self.as_str();
        let separator = if url.contains('?') { '&' } else { '?' };
        // Every value is made of characters that stand in a query as they are, `~` among them.
        // Percent-encoding that one is needless, and some clients would encode the %7E once more; the
        // verifier decodes it once (inferred).
        let mut text = format!("{url}{separator}{name}={value}&Signature={signature}&Key-Pair-Id={id}");
        if hash != HashAlgorithm::default() {
            text.push_str("&Hash-Algorithm=");
            text.push_str(hash.as_str());
        }
        if text.len() > MAX_BYTES {
            return Err(UrlError::TooLong(text.len()));
        }
        Ok(SignedUrl(text))
    }
}

/// A URL that opens the file for whoever holds it: a secret, so `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SignedUrl(String);

impl SignedUrl {
    /// The whole URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedUrl(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_one_plain_url() {
        for (text, expected) in [
            ("cdn.example.com/a.mp3", UrlError::Scheme),
            ("ftp://cdn.example.com/a.mp3", UrlError::Scheme),
            ("*://cdn.example.com/a.mp3", UrlError::Scheme),
            ("https://cdn.example.com", UrlError::Part(PolicyError::ResourcePath)),
            ("https://cdn.example.com?a/b", UrlError::Part(PolicyError::ResourceHost)),
            (
                "https://cdn.example.com/a b.mp3",
                UrlError::Part(PolicyError::ResourceByte { byte: b' ', offset: 25 }),
            ),
            ("https://cdn.example.com/*.mp3", UrlError::Wildcard),
            ("https://cdn.example.com/a\\?b", UrlError::Backslash),
            ("https://cdn.example.com/a?Expires=1", UrlError::AlreadySigned("Expires")),
            ("https://cdn.example.com/a?x=1&Key-Pair-Id", UrlError::AlreadySigned("Key-Pair-Id")),
        ] {
            assert_eq!(MediaUrl::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn the_query_of_its_resource_is_literal() {
        let url = MediaUrl::parse("https://cdn.example.com/a.mp3?v=1?2").unwrap();
        assert_eq!(url.to_resource().as_str(), "https://cdn.example.com/a.mp3\\?v=1\\?2");
    }

    #[test]
    fn refuses_what_no_browser_asks_for() {
        let host = |host: &str| UrlError::Browser(BrowserError::Host(host.to_owned()));
        let port = |host: &str| UrlError::Browser(BrowserError::Port(host.to_owned()));
        let dots = || UrlError::Browser(BrowserError::DotSegment);
        for (text, expected) in [
            ("https://CDN.example.com/a.mp3", host("CDN.example.com")),
            ("https://cdn.example.com./a.mp3", host("cdn.example.com.")),
            ("https://.../a.mp3", host("...")),
            ("https://cdn.example.com:443/a.mp3", port("cdn.example.com:443")),
            ("http://cdn.example.com:80/a.mp3", port("cdn.example.com:80")),
            ("https://cdn.example.com:abc/a.mp3", port("cdn.example.com:abc")),
            ("https://cdn.example.com:/a.mp3", port("cdn.example.com:")),
            ("https://cdn.example.com/a/../b.mp3", dots()),
            ("https://cdn.example.com/a/%2e%2E/b.mp3", dots()),
            ("https://cdn.example.com/a/..%2Fb.mp3", dots()),
            ("https://cdn.example.com/..%5cb.mp3?v=1", dots()),
        ] {
            assert_eq!(MediaUrl::parse(text), Err(expected), "{text}");
        }
        for text in ["https://cdn.example.com:8443/a...mp3", "https://cdn.example.com/a?x=/../b"] {
            assert_eq!(MediaUrl::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_what_is_too_long_for_cloudfront() {
        let url = |length: usize, filler: &str| {
            let start = "https://cdn.example.com/a?";
            format!("{start}{}", filler.repeat(length - start.len()))
        };
        let too_long = UrlError::Part(PolicyError::ResourceLength { limit: MAX_BYTES });
        assert!(MediaUrl::parse(&url(MAX_BYTES - 1, "a")).is_ok());
        // One byte is for the backslash before the question mark.
        assert_eq!(MediaUrl::parse(&url(MAX_BYTES, "a")), Err(too_long.clone()));
        assert_eq!(MediaUrl::parse(&url(MAX_BYTES / 2 + 20, "?")), Err(too_long));
        let sign = |length: usize| {
            let id = "K1".parse().unwrap();
            MediaUrl::parse(&url(length, "a")).unwrap().signed(
                ("Expires", "1"),
                "c2ln",
                &id,
                HashAlgorithm::Sha1,
            )
        };
        let added = "&Expires=1&Signature=c2ln&Key-Pair-Id=K1".len();
        assert_eq!(sign(MAX_BYTES - added).unwrap().as_str().len(), MAX_BYTES);
        assert_eq!(sign(MAX_BYTES - added + 1), Err(UrlError::TooLong(MAX_BYTES + 1)));
    }
}
