//! The signature on a session cookie.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::CookieError;

/// How an app signs its ids: `PREFIX ID . HMAC`, as the npm package `cookie-signature` does and all that use it.
///
/// The HMAC is over the id alone, with SHA-256, in base64 without padding.
#[derive(Clone)]
pub struct CookieSignature {
    prefix: String,
    keys: Vec<hmac::Key>,
}

impl CookieSignature {
    /// The longest prefix, in bytes.
    pub const MAX_PREFIX_BYTES: usize = 16;
    /// The prefix of Express (express-session). That of Fastify (@fastify/session) is empty.
    pub const DEFAULT_PREFIX: &'static str = "s:";

    /// Accepts what any of `secrets` has signed: while the app changes its secret, there are several.
    ///
    /// # Errors
    /// [`CookieError::Prefix`], [`CookieError::NoSecret`].
    pub fn new<'a>(prefix: &str, secrets: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, CookieError> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"{}%;".contains(&byte);
        if prefix.len() > Self::MAX_PREFIX_BYTES || !prefix.bytes().all(is_plain) {
            return Err(CookieError::Prefix);
        }
        let keys: Vec<_> =
            secrets.into_iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret)).collect();
        if keys.is_empty() {
            return Err(CookieError::NoSecret);
        }
        Ok(Self { prefix: prefix.to_owned(), keys })
    }

    /// How many secrets there are.
    #[must_use]
    pub fn secrets(&self) -> usize {
        self.keys.len()
    }

    /// What stands before the id.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The id of a signed value. Each key is compared in constant time; which of them fits is no secret.
    pub(super) fn unsign<'v>(&self, value: &'v str) -> Result<&'v str, &'static str> {
        let signed = value.strip_prefix(&self.prefix).ok_or("unsigned_cookie")?;
        let (id, signature) = signed.rsplit_once('.').ok_or("unsigned_cookie")?;
        let signature = STANDARD_NO_PAD.decode(signature).map_err(|_| "bad_signature")?;
        let is_by = |key: &hmac::Key| hmac::verify(key, id.as_bytes(), &signature).is_ok();
        self.keys.iter().any(is_by).then_some(id).ok_or("bad_signature")
    }
}

impl fmt::Debug for CookieSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieSignature").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
