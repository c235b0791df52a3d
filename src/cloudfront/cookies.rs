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
    ///
    /// Behind them, what deletes each of [`NAMES`] that this set does not have. Another key, another
    /// hash or another mode has other names, and what a browser kept of the last set would spoil this
    /// one: `CloudFront-Hash-Algorithm=SHA256` beside a signature over SHA-1 is refused.
    #[must_use]
    pub fn set_cookie_headers(&self, scope: &CookieScope) -> Vec<String> {
        let set = self.pairs().map(|(name, value)| [name, "=", value, &scope.attributes].concat());
        let others = NAMES.into_iter().filter(|name| self.pairs().all(|(held, _)| held != *name));
        set.chain(others.map(|name| scope.removal(name))).collect()
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
    domain: Option<String>,
    path: String,
    same_site: SameSite,
    secure: bool,
    http_only: bool,
    /// What follows the value in every cookie that is set, and in every one that is deleted: made once,
    /// not for every listener.
    attributes: String,
    removal: String,
}

/// Why cookies cannot have such attributes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CookieScopeError {
    /// Not a name as it stands in a Domain attribute.
    #[error("{0:?} cannot be a cookie's domain; write letters, digits, dots and hyphens, as in example.com")]
    Domain(String),
    /// Not a plain path.
    #[error(
        "{0:?} cannot be a cookie's path; write a path that begins with / and holds no *, ?, ;, comma, quote or space"
    )]
    Path(String),
}

impl CookieScope {
    /// `domain`: `None` sends the cookies only to the host that set them. `path`: a prefix, without
    /// wildcards (rules §6). `same_site`: `Lax` is enough where app and CDN share a registrable domain.
    /// `secure`: only over TLS. `http_only`: hidden from scripts.
    ///
    /// # Errors
    /// [`CookieScopeError`] for a byte that would end an attribute or be taken for a pattern. Whether
    /// a browser takes the domain is not looked at.
    pub fn new(
        domain: Option<String>,
        path: String,
        same_site: SameSite,
        secure: bool,
        http_only: bool,
    ) -> Result<Self, CookieScopeError> {
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(in_name);
        if let Some(domain) = domain.as_deref().filter(|domain| !is_name(domain)) {
            return Err(CookieScopeError::Domain(domain.to_owned()));
        }
        Self::check_path(&path)?;
        let mut scope = Self {
            domain,
            path,
            same_site,
            secure,
            http_only,
            attributes: String::new(),
            removal: String::new(),
        };
        let mut cookie = scope.cookie();
        scope.attributes = attributes(&cookie);
        cookie.set_max_age(time::Duration::ZERO);
        cookie.set_expires(OffsetDateTime::UNIX_EPOCH);
        scope.removal = attributes(&cookie);
        Ok(scope)
    }

    /// Whether a path may be a scope's: nothing that ends a cookie attribute, and nothing that would be
    /// taken for a pattern.
    ///
    /// # Errors
    /// [`CookieScopeError::Path`].
    pub fn check_path(path: &str) -> Result<(), CookieScopeError> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && !b"*?;,\"\\{}".contains(&byte);
        match path.starts_with('/') && path.bytes().all(allowed) {
            true => Ok(()),
            false => Err(CookieScopeError::Path(path.to_owned())),
        }
    }

    /// `None`: only to the host that set it.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// A prefix of the path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// When browsers send them from other sites.
    #[must_use]
    pub fn same_site(&self) -> SameSite {
        self.same_site
    }

    /// Only over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Hidden from scripts.
    #[must_use]
    pub fn is_http_only(&self) -> bool {
        self.http_only
    }

    /// `Set-Cookie` values that delete every name a set may hold, in this Domain and Path.
    #[must_use]
    pub fn removal_headers(&self) -> Vec<String> {
        NAMES.into_iter().map(|name| self.removal(name)).collect()
    }

    fn removal(&self, name: &str) -> String {
        [name, "=", &self.removal].concat()
    }

    /// A cookie without name and value.
    fn cookie(&self) -> Cookie<'static> {
        let mut cookie = Cookie::new("", "");
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

/// What stands behind name and value: `; Path=/; …`.
fn attributes(nameless: &Cookie<'_>) -> String {
    nameless.to_string().trim_start_matches('=').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> CookieScope {
        CookieScope::new(Some("example.com".into()), "/podcasts/".into(), SameSite::Lax, true, true).unwrap()
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
    fn deletes_what_an_earlier_set_may_have_left() {
        let id: KeyPairId = "K1".parse().unwrap();
        for (first, hash, absent) in [
            (POLICY, HashAlgorithm::Sha1, &[HASH_ALGORITHM, EXPIRES][..]),
            (POLICY, HashAlgorithm::Sha256, &[EXPIRES]),
            (EXPIRES, HashAlgorithm::Sha1, &[POLICY, HASH_ALGORITHM]),
            (EXPIRES, HashAlgorithm::Sha256, &[POLICY]),
        ] {
            let set = SignedCookies::new((first, "1".into()), "c2ln".into(), &id, hash);
            let headers = set.set_cookie_headers(&scope());
            let (kept, deleted) = headers.split_at(set.pairs().len());
            assert!(
                kept.iter().all(|header| !header.contains("; Max-Age") && !header.contains("; Expires="))
            );
            let expected: Vec<String> = absent
                .iter()
                .map(|name| format!("{name}=; HttpOnly; SameSite=Lax; Secure; Path=/podcasts/; Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"))
                .collect();
            assert_eq!(deleted, expected);
        }
    }

    #[test]
    fn refuses_what_would_end_an_attribute() {
        let scope = |domain: Option<&str>, path: &str| {
            CookieScope::new(domain.map(str::to_owned), path.to_owned(), SameSite::Lax, true, true)
                .map(|_| ())
        };
        for path in
            ["", "a/", "/a;b", "/a,b", "/a b", "/*", "/a?", "/\"", "/\\", "/{sub}/", "/\u{e9}", "/a\n"]
        {
            assert_eq!(scope(None, path), Err(CookieScopeError::Path(path.to_owned())), "{path:?}");
        }
        for domain in
            ["", "example.com; Path=/", "example.com\r\nX: y", "b\u{fc}cher.example", "e.com:1", "*.e.com"]
        {
            assert_eq!(
                scope(Some(domain), "/"),
                Err(CookieScopeError::Domain(domain.to_owned())),
                "{domain:?}"
            );
        }
        assert_eq!(scope(Some("example.com"), "/a/%20~@:!$&'()+=b"), Ok(()));
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
