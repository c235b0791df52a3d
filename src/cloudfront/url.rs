//! Signed URLs: for players that carry no cookies (AirPlay, Chromecast), and for single files.

use std::fmt;

use serde::Serialize;

use super::policy::request_bytes_only;
use super::{EpochSeconds, HashAlgorithm, KeyPairId, Policy, PolicyError, Resource};

/// The query names that make CloudFront read the URL and ignore the cookies (rules §1).
pub const SIGNED_URL_PARAMETERS: [&str; 5] =
    ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];

/// Why a URL cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The scheme, the host, the path or a byte of it.
    #[error(transparent)]
    Part(#[from] PolicyError),
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
}

/// The URL of one file, exactly as the viewer will ask for it: percent-encoded, with its own query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaUrl(String);

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
        if Resource::parse(text)?.host().contains('?') {
            return Err(PolicyError::ResourceHost.into());
        }
        let query = text.split_once('?').map_or("", |(_, query)| query);
        for name in query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name)) {
            if let Some(taken) = SIGNED_URL_PARAMETERS.into_iter().find(|parameter| *parameter == name) {
                return Err(UrlError::AlreadySigned(taken));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The URL without a signature.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pattern that matches this URL alone: `?` before the query is written `\?` (rules §2).
    #[must_use]
    pub fn to_resource(&self) -> Resource {
        Resource::parse(&self.0.replace('?', "\\?")).expect("parsed as a resource when it was made")
    }

    /// What a canned policy signs. CloudFront rebuilds it from the request URL, so the URL stands
    /// in it unescaped, its query included (rules §2).
    pub(super) fn canned_policy(&self, expires: EpochSeconds) -> String {
        let resource = Resource::parse(&self.0).expect("parsed as a resource when it was made");
        Policy::new(resource, expires).canonical()
    }

    pub(super) fn signed(
        &self,
        (name, value): (&'static str, &str),
        signature: &str,
        id: &KeyPairId,
        hash: HashAlgorithm,
    ) -> SignedUrl {
        let separator = if self.0.contains('?') { '&' } else { '?' };
        // Every value is made of characters that stand in a query as they are, `~` among them:
        // percent-encoding it to %7E is what breaks signatures elsewhere.
        let mut text = format!("{}{separator}{name}={value}&Signature={signature}&Key-Pair-Id={id}", self.0);
        if hash != HashAlgorithm::default() {
            text.push_str("&Hash-Algorithm=");
            text.push_str(hash.as_str());
        }
        SignedUrl(text)
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
        assert!(!url.to_resource().has_wildcard());
    }
}
