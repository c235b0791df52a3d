use std::fmt;

use crate::cloudfront::browser::is_local_host;
use crate::cloudfront::url::UrlError;
use crate::cloudfront::{MediaUrl, Resource};

/// The file that proofs ask for: `https`, or `http` on this machine, without a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryUrl {
    url: MediaUrl,
    is_plain: bool,
}

/// Why a text is not a [`CanaryUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanaryUrlError {
    /// Nothing that a viewer asks for.
    #[error("{0}; write the URL of one small file, such as https://cdn.example.com/podcasts/canary.txt")]
    Url(#[from] UrlError),
    /// Plain `http` to another machine would send the probe's cookies for everybody to read.
    #[error("http is accepted to localhost, *.localhost, 127.0.0.0/8 and [::1] only; write https://")]
    PlainHttp,
    /// A query could be part of what is cached, signed or blocked.
    #[error("the canary has a query; name a file of its own")]
    Query,
}

impl CanaryUrl {
    /// Accepts a URL.
    ///
    /// # Errors
    /// [`CanaryUrlError`].
    pub fn parse(text: &str) -> Result<Self, CanaryUrlError> {
        let url = MediaUrl::parse(text)?;
        if text.contains('?') {
            return Err(CanaryUrlError::Query);
        }
        let resource = url.to_resource();
        let is_plain = resource.scheme() == "http";
        if is_plain && !is_local_host(host_name(resource.host())) {
            return Err(CanaryUrlError::PlainHttp);
        }
        Ok(Self { url, is_plain })
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The pattern that matches it and nothing else.
    pub(super) fn resource(&self) -> Resource {
        self.url.to_resource()
    }

    /// Plain `http`, on this machine.
    pub(super) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// The name under `localhost`, if it has one. Such a name always is this machine (RFC 6761 §6.3), as browsers
    /// know, but few resolvers do.
    pub(super) fn local_name(&self) -> Option<String> {
        let name = host_name(self.url.to_resource().host()).to_owned();
        (name == "localhost" || name.ends_with(".localhost")).then_some(name)
    }
}

/// A host without its port.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, _)) if !host.ends_with(']') => name,
        _ => host,
    }
}

impl fmt::Display for CanaryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_one_file_over_https_or_on_this_machine() {
        for good in [
            "https://cdn.example.com/podcasts/canary.txt",
            "https://cdn.example.com:8443/c",
            "http://127.0.0.1:8081/podcasts/canary.txt",
            "http://cdn.edgemint.localhost:1/c",
            "http://[::1]:3000/c",
        ] {
            assert_eq!(CanaryUrl::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(CanaryUrl::parse("http://cdn.example.com/c"), Err(CanaryUrlError::PlainHttp));
        assert_eq!(CanaryUrl::parse("http://169.254.169.254/latest"), Err(CanaryUrlError::PlainHttp));
        assert_eq!(CanaryUrl::parse("https://cdn.example.com/c?v=1"), Err(CanaryUrlError::Query));
        for bad in [
            "",
            "cdn.example.com/c",
            "ftp://cdn.example.com/c",
            "https://cdn.example.com",
            "https://cdn.example.com/*",
        ] {
            assert!(matches!(CanaryUrl::parse(bad), Err(CanaryUrlError::Url(_))), "{bad}");
        }
        assert!(CanaryUrl::parse("https://me:secret@cdn.example.com/c").is_err());
    }

    #[test]
    fn a_name_under_localhost_is_this_machine() {
        for (url, name) in [
            ("http://cdn.edgemint.localhost:1/c", Some("cdn.edgemint.localhost")),
            ("http://localhost/c", Some("localhost")),
            ("https://cdn.localhost/c", Some("cdn.localhost")),
            ("http://127.0.0.1:8081/c", None),
            ("http://[::1]:3000/c", None),
            ("https://cdn.example.com/c", None),
            ("https://localhost.example.com/c", None),
        ] {
            assert_eq!(CanaryUrl::parse(url).unwrap().local_name().as_deref(), name, "{url}");
        }
    }
}
