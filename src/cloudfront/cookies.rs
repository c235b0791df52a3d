//! The cookie sets and the `Set-Cookie` headers that set and delete them (rules §1).

use std::fmt;

use cookie::Cookie;
use time::OffsetDateTime;

use super::{HashAlgorithm, KeyPairId};

pub use cookie::SameSite;

/// The policy of a custom set.
pub const POLICY: &str = "CloudFront-Policy";
/// The expiry of a canned set, epoch seconds.
pub const EXPIRES: &str = "CloudFront-Expires";
/// The signature.
pub const SIGNATURE: &str = "CloudFront-Signature";
/// The public key's id.
pub const KEY_PAIR_ID: &str = "CloudFront-Key-Pair-Id";
/// The hash; without it the edge takes SHA-1.
pub const HASH_ALGORITHM: &str = "CloudFront-Hash-Algorithm";

/// Every name that a set may hold: what logging out has to delete.
pub const NAMES: [&str; 5] = [POLICY, SIGNATURE, KEY_PAIR_ID, HASH_ALGORITHM, EXPIRES];

/// One signed set. A secret: whoever holds it may listen until it expires, so `Debug` shows names only.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedCookies {
    pairs: Vec<(&'static str, String)>,
}

impl SignedCookies {
    pub(super) fn new(
        policy_or_expires: (&'static str, String),
        signature: String,
        id: &KeyPairId,
        hash: HashAlgorithm,
    ) -> Self {
        let mut pairs = vec![policy_or_expires, (SIGNATURE, signature), (KEY_PAIR_ID, id.to_string())];
        if hash != HashAlgorithm::default() {
            pairs.push((HASH_ALGORITHM, hash.as_str().to_owned()));
        }
        Self { pairs }
    }

    /// Names and values, in the order of the rulebook.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&'static str, &str)> {
        self.pairs.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// One `Set-Cookie` value for each cookie. Without `Expires` or `Max-Age`, as AWS advises: the
    /// policy is what expires.
    #[must_use]
    pub fn set_cookie_headers(&self, scope: &CookieScope) -> Vec<String> {
        // What follows the value is the same in each.
        let nameless = scope.cookie("", "").to_string();
        let attributes = nameless.strip_prefix('=').unwrap_or(&nameless);
        self.pairs().map(|(name, value)| [name, "=", value, attributes].concat()).collect()
    }
}

impl fmt::Debug for SignedCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

/// Where a browser sends a set, and who may read it. Comes from configuration alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieScope {
    /// `None`: only to the host that set it.
    pub domain: Option<String>,
    /// A prefix of the path, without wildcards (rules §6).
    pub path: String,
    /// `Lax` is enough where app and CDN share a registrable domain.
    pub same_site: SameSite,
    /// Only over TLS.
    pub secure: bool,
    /// Hidden from scripts.
    pub http_only: bool,
}

impl CookieScope {
    /// `Set-Cookie` values that delete every name a set may hold, in this Domain and Path.
    #[must_use]
    pub fn removal_headers(&self) -> Vec<String> {
        let delete = |name| {
            let mut cookie = self.cookie(name, "");
            cookie.set_max_age(time::Duration::ZERO);
            cookie.set_expires(OffsetDateTime::UNIX_EPOCH);
            cookie.to_string()
        };
        NAMES.into_iter().map(delete).collect()
    }

    fn cookie<'c>(&self, name: &'c str, value: &'c str) -> Cookie<'c> {
        let mut cookie = Cookie::new(name, value);
        if let Some(domain) = &self.domain {
            cookie.set_domain(domain.clone());
        }
        cookie.set_path(self.path.clone());
        cookie.set_same_site(self.same_site);
        cookie.set_secure(self.secure);
        cookie.set_http_only(self.http_only);
        cookie
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> CookieScope {
        CookieScope {
            domain: Some("example.com".into()),
            path: "/podcasts/".into(),
            same_site: SameSite::Lax,
            secure: true,
            http_only: true,
        }
    }

    #[test]
    fn sets_one_cookie_per_header_without_an_expiry() {
        let id: KeyPairId = "K1".parse().unwrap();
        let set = SignedCookies::new((POLICY, "e30_".into()), "c2ln".into(), &id, HashAlgorithm::Sha256);
        assert_eq!(
            set.set_cookie_headers(&scope())[3],
            "CloudFront-Hash-Algorithm=SHA256; HttpOnly; SameSite=Lax; Secure; Path=/podcasts/; Domain=example.com"
        );
        assert_eq!(set.pairs().len(), 4);
        assert_eq!(
            SignedCookies::new((EXPIRES, "1".into()), "c".into(), &id, HashAlgorithm::Sha1).pairs().len(),
            3
        );
    }

    #[test]
    fn deletes_all_names_where_they_were_set() {
        let headers = scope().removal_headers();
        assert_eq!(headers.len(), NAMES.len());
        for header in headers {
            assert!(header.contains("=; ") && header.contains("Max-Age=0"), "{header}");
            assert!(header.contains("; Path=/podcasts/; Domain=example.com"), "{header}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let id: KeyPairId = "K1".parse().unwrap();
        let set = SignedCookies::new((POLICY, "e30_".into()), "c2ln".into(), &id, HashAlgorithm::Sha1);
        assert!(!format!("{set:?}").contains("c2ln"));
    }
}
