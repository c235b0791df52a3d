//! Which hosts a browser sends a grant's cookies to, and which host may set them (rules §6,
//! RFC 6265 §5.1.3 and §5.3).

use crate::cloudfront::browser::{address, is_host_name};

/// Why a cookie's Domain cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CookieDomainError {
    /// Not a DNS name.
    #[error(
        "{0:?} is not a host name; write a name such as \"example.com\", without scheme, port, dot in front or *"
    )]
    NotAName(String),
    /// An IP address has no sub-domains.
    #[error(
        "{0:?} is an address, and browsers take no Domain that is one; leave it out, and serve app and CDN from one host"
    )]
    Address(String),
    /// Browsers refuse cookies for a whole public suffix.
    #[error("{0:?} is a public suffix, for which browsers refuse cookies; {advice}", advice = suffix_advice(.0))]
    PublicSuffix(String),
    /// The CDN host would never be sent the cookies.
    #[error(
        "{domain:?} is neither the CDN host {host:?} nor a parent of it, so the CDN would never be sent the cookies; \
         use the domain that app and CDN have in common"
    )]
    NotOfCdn {
        /// The Domain.
        domain: String,
        /// The host of the grant's resource.
        host: String,
    },
    /// A browser ignores a Domain that the setting host does not lie in.
    #[error(
        "a browser ignores {domain:?} when {host:?}, the host of server.public_url, sets it; \
         serve edgemint from a host under {domain:?}"
    )]
    NotSettable {
        /// The Domain.
        domain: String,
        /// The host of `public_url`.
        host: String,
    },
    /// Without Domain the cookies return only to the host that set them.
    #[error(
        "without a domain the cookies go back only to {public:?}, the host of server.public_url, and never to {cdn:?}; \
         give the domain that both have in common, or serve both from one host"
    )]
    HostOnlyElsewhere {
        /// The host of `public_url`.
        public: String,
        /// The host of the grant's resource.
        cdn: String,
    },
}

fn suffix_advice(domain: &str) -> &'static str {
    match domain {
        "cloudfront.net" => "give the distribution a CNAME under the app's domain",
        _ => "use the registrable domain below it, such as \"example.com\"",
    }
}

/// The Domain attribute, in lower case; `None` stays host-only. `cdn` and `public` are host names
/// without port, in lower case: of the grant's resource and of `public_url`.
///
/// # Errors
/// [`CookieDomainError`] if a browser would not take the cookies or the CDN not be sent them.
pub(super) fn cookie_domain(
    given: Option<&str>,
    cdn: &str,
    public: &str,
) -> Result<Option<String>, CookieDomainError> {
    let Some(given) = given else {
        return match cdn == public {
            true => Ok(None),
            false => Err(CookieDomainError::HostOnlyElsewhere { public: public.into(), cdn: cdn.into() }),
        };
    };
    let domain = given.to_ascii_lowercase();
    if is_address(&domain) {
        return Err(CookieDomainError::Address(domain));
    }
    if !is_host_name(&domain) {
        return Err(CookieDomainError::NotAName(given.to_owned()));
    }
    if is_public_suffix(&domain) {
        return Err(CookieDomainError::PublicSuffix(domain));
    }
    if !domain_matches(cdn, &domain) {
        return Err(CookieDomainError::NotOfCdn { domain, host: cdn.into() });
    }
    if !domain_matches(public, &domain) {
        return Err(CookieDomainError::NotSettable { domain, host: public.into() });
    }
    Ok(Some(domain))
}

/// RFC 6265 §5.1.3: the domain itself, or a name below it. Both in lower case.
pub(super) fn domain_matches(host: &str, domain: &str) -> bool {
    let below = || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    host == domain || (below() && !is_address(host))
}

fn is_address(host: &str) -> bool {
    address(host).is_some()
}

/// With the list's private section, where `cloudfront.net` stands. `localhost` is on no list, but
/// by the list's default rule every single label is a suffix; that is what browsers go by, too:
/// they take `Domain=edgemint.localhost`, and refuse `Domain=localhost` from a name below it.
fn is_public_suffix(domain: &str) -> bool {
    psl::suffix_str(domain) == Some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_browsers_take() {
        for (given, cdn, public, expected) in [
            (Some("example.com"), "cdn.example.com", "www.example.com", Some("example.com")),
            (Some("Example.COM"), "cdn.example.com", "www.example.com", Some("example.com")),
            (
                Some("media.example.com"),
                "cdn.media.example.com",
                "media.example.com",
                Some("media.example.com"),
            ),
            (Some("example.co.uk"), "example.co.uk", "app.example.co.uk", Some("example.co.uk")),
            (
                Some("edgemint.localhost"),
                "cdn.edgemint.localhost",
                "listen.edgemint.localhost",
                Some("edgemint.localhost"),
            ),
            (Some("media.corp"), "cdn.media.corp", "app.media.corp", Some("media.corp")),
            (None, "www.example.com", "www.example.com", None),
            (None, "localhost", "localhost", None),
            (None, "127.0.0.1", "127.0.0.1", None),
            (None, "d111111abcdef8.cloudfront.net", "d111111abcdef8.cloudfront.net", None),
        ] {
            assert_eq!(cookie_domain(given, cdn, public), Ok(expected.map(str::to_owned)), "{given:?} {cdn}");
        }
    }

    #[test]
    fn refuses_what_browsers_would_drop() {
        use CookieDomainError::*;
        let suffix = |domain: &str| PublicSuffix(domain.into());
        let not_of_cdn = |domain: &str, host: &str| NotOfCdn { domain: domain.into(), host: host.into() };
        for (given, cdn, public, expected) in [
            ("com", "cdn.example.com", "www.example.com", suffix("com")),
            ("co.uk", "cdn.example.co.uk", "www.example.co.uk", suffix("co.uk")),
            ("cloudfront.net", "d1.cloudfront.net", "d2.cloudfront.net", suffix("cloudfront.net")),
            ("localhost", "cdn.localhost", "app.localhost", suffix("localhost")),
            ("corp", "cdn.corp", "app.corp", suffix("corp")),
            ("ample.com", "cdn.example.com", "www.example.com", not_of_cdn("ample.com", "cdn.example.com")),
            (
                "example.org",
                "cdn.example.com",
                "www.example.org",
                not_of_cdn("example.org", "cdn.example.com"),
            ),
            ("cdn.example.com", "example.com", "example.com", not_of_cdn("cdn.example.com", "example.com")),
            (
                "example.com",
                "cdn.example.com",
                "www.example.org",
                NotSettable { domain: "example.com".into(), host: "www.example.org".into() },
            ),
            (
                "cdn.example.com",
                "cdn.example.com",
                "www.example.com",
                NotSettable { domain: "cdn.example.com".into(), host: "www.example.com".into() },
            ),
            ("127.0.0.1", "127.0.0.1", "127.0.0.1", Address("127.0.0.1".into())),
            ("[::1]", "[::1]", "[::1]", Address("[::1]".into())),
            (".example.com", "cdn.example.com", "www.example.com", NotAName(".example.com".into())),
            ("example.com.", "cdn.example.com", "www.example.com", NotAName("example.com.".into())),
            ("*.example.com", "cdn.example.com", "www.example.com", NotAName("*.example.com".into())),
            ("example.com:443", "cdn.example.com", "www.example.com", NotAName("example.com:443".into())),
            (
                "https://example.com",
                "cdn.example.com",
                "www.example.com",
                NotAName("https://example.com".into()),
            ),
            ("", "cdn.example.com", "www.example.com", NotAName("".into())),
        ] {
            assert_eq!(cookie_domain(Some(given), cdn, public), Err(expected), "{given}");
        }
        let elsewhere = HostOnlyElsewhere { public: "www.example.com".into(), cdn: "cdn.example.com".into() };
        assert_eq!(cookie_domain(None, "cdn.example.com", "www.example.com"), Err(elsewhere));
    }

    #[test]
    fn an_address_lies_in_no_domain() {
        assert!(domain_matches("127.0.0.1", "127.0.0.1"));
        assert!(!domain_matches("127.0.0.1", "0.0.1"));
    }
}
