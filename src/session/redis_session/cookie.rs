//! The app's session cookie, and the id in it.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::percent_decode_str;
use thiserror::Error;

use super::super::{Presented, ProviderRefusal};

/// The longest id, in bytes.
const MAX_ID_BYTES: usize = 256;

/// The longest value of the cookie as it is sent. Every byte of prefix, id, dot and signature (43) may be encoded.
const MAX_VALUE_BYTES: usize = 3 * (CookieSignature::MAX_PREFIX_BYTES + MAX_ID_BYTES + 1 + 43);

/// What begins a signed value in Express, and never an id of ours.
const EXPRESS_PREFIX: &str = "s:";

/// The cookie in which the app keeps the id of a session.
#[derive(Clone, Debug)]
pub struct SessionCookie {
    name: String,
    signature: Option<CookieSignature>,
}

impl SessionCookie {
    /// A cookie of this name whose value is an id, signed as `signature` says or not at all.
    ///
    /// # Errors
    /// [`CookieError::Name`].
    pub fn new(name: &str, signature: Option<CookieSignature>) -> Result<Self, CookieError> {
        // A token of RFC 9110 §5.6.2, which RFC 6265 §4.1.1 asks for.
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || name.len() > MAX_ID_BYTES || !name.bytes().all(is_token) {
            return Err(CookieError::Name);
        }
        Ok(Self { name: name.to_owned(), signature })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is signed, if it is.
    #[must_use]
    pub fn signature(&self) -> Option<&CookieSignature> {
        self.signature.as_ref()
    }

    /// The id that is presented.
    pub(super) fn id(&self, presented: &dyn Presented) -> Result<String, ProviderRefusal> {
        let value = presented.cookie(&self.name)?.ok_or(ProviderRefusal::Missing)?;
        self.id_of(value).map_err(ProviderRefusal::Refused)
    }

    /// The id in a value as it was sent. Decoded once, as the cookie libraries do, and never again.
    fn id_of(&self, value: &str) -> Result<String, &'static str> {
        if value.len() > MAX_VALUE_BYTES {
            return Err("cookie_too_long");
        }
        let value = percent_decode_str(value).decode_utf8().map_err(|_| "malformed_cookie")?;
        let id = match &self.signature {
            Some(signature) => signature.unsign(&value)?,
            None if value.starts_with(EXPRESS_PREFIX) => return Err("signed_cookie"),
            None => &value,
        };
        let is_allowed = if self.signature.is_some() { may_be_signed } else { may_be_unsigned };
        let is_id = (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(is_allowed);
        is_id.then(|| id.to_owned()).ok_or("malformed_id")
    }
}

/// What an id may hold that the app vouches for: anything that prints but braces, which mean something in a key
/// template and in a cluster.
fn may_be_signed(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"{}".contains(&byte)
}

/// What an id may hold that anybody can make up: what random ids are written in, hexadecimal, base64 and the like.
/// Above all no colon, with which the app divides its other keys.
fn may_be_unsigned(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

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
    pub const DEFAULT_PREFIX: &'static str = EXPRESS_PREFIX;

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
    fn unsign<'v>(&self, value: &'v str) -> Result<&'v str, &'static str> {
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

/// Why a cookie cannot be read as it is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CookieError {
    /// The name is none that a cookie can have.
    #[error("this cannot be the name of a cookie; write the app's, such as \"connect.sid\"")]
    Name,
    /// The prefix is none that can stand in a value.
    #[error("this cannot begin a signed cookie; write \"s:\" for Express, \"\" for Fastify")]
    Prefix,
    /// There is nothing to check signatures with.
    #[error(
        "there is no secret; give the app's, or leave the setting out if the app does not sign its cookie"
    )]
    NoSecret,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::super::presented::tests::Fake;
    use super::*;

    const SECRET: &str = "keyboard cat";

    /// What the npm packages made: see `tests/apps/make_sessions.mjs`.
    fn made() -> Value {
        serde_json::from_str(include_str!("../../../tests/apps/sessions.json")).unwrap()
    }

    fn signed_by(prefix: &str, secrets: &[&str]) -> SessionCookie {
        let signature = CookieSignature::new(prefix, secrets.iter().map(|secret| secret.as_bytes())).unwrap();
        SessionCookie::new("sid", Some(signature)).unwrap()
    }

    fn unsigned() -> SessionCookie {
        SessionCookie::new("sid", None).unwrap()
    }

    /// As Express writes it, before encoding.
    fn express(id: &str, secret: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        format!("s:{id}.{}", STANDARD_NO_PAD.encode(hmac::sign(&key, id.as_bytes())))
    }

    #[test]
    fn what_cookie_signature_signs_is_taken_with_its_secret_alone() {
        let made = made();
        let signatures = made["signatures"].as_array().unwrap();
        for case in signatures {
            let [secret, id, signed] =
                ["secret", "id", "signed"].map(|member| case[member].as_str().unwrap());
            let value = format!("s:{signed}");
            assert_eq!(signed_by("s:", &[secret]).id_of(&value).as_deref(), Ok(id), "{case}");
            assert_eq!(signed_by("s:", &["other", secret]).id_of(&value).as_deref(), Ok(id), "{case}");
            assert_eq!(signed_by("", &[secret]).id_of(signed).as_deref(), Ok(id), "{case}");
            assert_eq!(signed_by("s:", &["other"]).id_of(&value), Err("bad_signature"), "{case}");
        }
        assert_eq!(signatures.len(), 12);
    }

    #[test]
    fn the_cookies_of_express_and_fastify_are_read_as_they_are_sent() {
        let made = made();
        for case in made["sessions"].as_array().unwrap() {
            let maker = case["maker"].as_str().unwrap();
            let prefix = if maker.starts_with("express") { "s:" } else { "" };
            let cookie = signed_by(prefix, &[case["secrets"][0].as_str().unwrap()]);
            let id = cookie.id_of(case["cookie"]["value"].as_str().unwrap()).unwrap();
            assert_eq!(format!("sess:{id}"), case["key"].as_str().unwrap(), "{maker}");
        }
    }

    #[test]
    fn a_signed_value_that_was_touched_is_refused() {
        let cookie = signed_by("s:", &[SECRET]);
        let good = express("session-7", SECRET);
        assert_eq!(cookie.id_of(&good).as_deref(), Ok("session-7"));
        let (id, signature) = good[2..].rsplit_once('.').unwrap();
        let flipped = if signature.ends_with('A') { "E" } else { "A" };
        for (value, reason) in [
            (express("session-7", "keyboard dog"), "bad_signature"),
            (good.replace("session-7", "session-8"), "bad_signature"),
            (good[..good.len() - 1].to_owned(), "bad_signature"),
            (format!("{good}="), "bad_signature"),
            (format!("{good}A"), "bad_signature"),
            (format!("{}{flipped}", &good[..good.len() - 1]), "bad_signature"),
            (format!("s:{id}."), "bad_signature"),
            (format!("s:.{signature}"), "bad_signature"),
            (format!("s:{id} .{signature}"), "bad_signature"),
            (format!("s:s:{id}.{signature}"), "bad_signature"),
            (format!("s:{id}"), "unsigned_cookie"),
            ("s:".to_owned(), "unsigned_cookie"),
            (id.to_owned(), "unsigned_cookie"),
            (format!("S:{id}.{signature}"), "unsigned_cookie"),
            (format!("{id}.{signature}"), "unsigned_cookie"),
            (format!("\"{good}\""), "unsigned_cookie"),
            (format!("j:{good}"), "unsigned_cookie"),
            (String::new(), "unsigned_cookie"),
            // Encoded twice.
            (good.replace("s:", "s%253A"), "unsigned_cookie"),
            (good.replace('.', "%252E"), "unsigned_cookie"),
            (good.replace("s:", "s%3"), "unsigned_cookie"),
            (good.replace('-', "%ff"), "malformed_cookie"),
            (express("", SECRET), "malformed_id"),
            (express("a b", SECRET), "malformed_id"),
            (express("a\tb", SECRET), "malformed_id"),
            (express("a\r\nDEL x", SECRET), "malformed_id"),
            (express("{id}", SECRET), "malformed_id"),
            (express("é", SECRET), "malformed_id"),
            (express(&"a".repeat(257), SECRET), "malformed_id"),
            (express(&"a".repeat(2000), SECRET), "cookie_too_long"),
        ] {
            assert_eq!(cookie.id_of(&value), Err(reason), "{value:?}");
        }
    }

    #[test]
    fn what_is_signed_is_the_id_and_how_it_is_encoded_makes_no_difference() {
        let cookie = signed_by("s:", &[SECRET]);
        let good = express("user:17/a+b", SECRET);
        let all: String = good.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for value in [good.clone(), good.replace(':', "%3A"), good.replace(':', "%3a"), all] {
            assert_eq!(cookie.id_of(&value).as_deref(), Ok("user:17/a+b"), "{value}");
        }
        let longest = express(&"a".repeat(256), SECRET);
        let encoded: String = longest.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(cookie.id_of(&encoded).map(|id| id.len()), Ok(256));
    }

    #[test]
    fn an_unsigned_id_names_one_record_and_nothing_else() {
        for good in ["a", "3f2b8c1e-uuid_v4", "AbC+/=", "a%2Fb%3D", "~.~", &"x".repeat(256)] {
            assert!(unsigned().id_of(good).is_ok(), "{good}");
        }
        assert_eq!(unsigned().id_of("a%2Bb").as_deref(), Ok("a+b"));
        for (value, reason) in [
            ("s:abc", "signed_cookie"),
            ("s%3Aabc.def", "signed_cookie"),
            ("", "malformed_id"),
            ("*", "malformed_id"),
            ("a?", "malformed_id"),
            ("[a-z]", "malformed_id"),
            ("{id}", "malformed_id"),
            ("index:7", "malformed_id"),
            ("index%3A7", "malformed_id"),
            ("a%20b", "malformed_id"),
            ("a%00", "malformed_id"),
            ("a%0d%0aDEL%20x", "malformed_id"),
            ("\"a\"", "malformed_id"),
            ("a%", "malformed_id"),
            ("a%2", "malformed_id"),
            ("a%zz", "malformed_id"),
            ("a%252Fb", "malformed_id"),
            ("%C3%A9", "malformed_id"),
            ("a%fe", "malformed_cookie"),
            (&"x".repeat(257), "malformed_id"),
            (&"x".repeat(1 << 20), "cookie_too_long"),
        ] {
            assert_eq!(unsigned().id_of(value), Err(reason), "{}", &value[..value.len().min(40)]);
        }
    }

    #[test]
    fn no_cookie_and_two_cookies_are_told_apart() {
        let id = |lines: &[(&'static str, &str)]| unsigned().id(&Fake::new(lines));
        assert_eq!(id(&[("cookie", "sid=a; other=b")]).as_deref(), Ok("a"));
        assert_eq!(id(&[("cookie", "other=b")]), Err(ProviderRefusal::Missing));
        assert_eq!(id(&[("cookie", "sid=a; sid=a")]), Err(ProviderRefusal::Refused("ambiguous")));
    }

    #[test]
    fn settings_that_could_never_work_are_refused() {
        for name in ["", "a b", "a;", "a=", "a,b", "é", "a\n", &"a".repeat(257)] {
            assert_eq!(SessionCookie::new(name, None).unwrap_err(), CookieError::Name, "{name:?}");
        }
        for prefix in ["s: ", "é", "{", "%", "a\n", &"s".repeat(17)] {
            let made = CookieSignature::new(prefix, [&b"secret"[..]]);
            assert_eq!(made.unwrap_err(), CookieError::Prefix, "{prefix:?}");
        }
        assert_eq!(CookieSignature::new("s:", []).unwrap_err(), CookieError::NoSecret);
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", signed_by("s:", &[SECRET]));
        assert_eq!(
            shown,
            "SessionCookie { name: \"sid\", signature: Some(CookieSignature { prefix: \"s:\", .. }) }"
        );
    }
}
