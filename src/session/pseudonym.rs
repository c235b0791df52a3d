use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Subject;

/// Names listeners in a log without saying who they are: a keyed hash, the same for the same subject and secret.
#[derive(Clone)]
pub struct Pseudonyms(Arc<Key>);

impl Pseudonyms {
    /// `secret`: 32 bytes or more that nobody can guess. Subjects themselves can be guessed, so without a key a hash
    /// would hide nothing.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Arc::new(Key::new(HMAC_SHA256, secret)))
    }

    /// The first 128 bits of HMAC-SHA256(secret, `"edgemint subject" 00 SUBJECT`), in 22 characters of base64url.
    #[must_use]
    pub fn of(&self, subject: &Subject) -> String {
        let mut context = Context::with_key(&self.0);
        context.update(b"edgemint subject\0");
        context.update(subject.as_str().as_bytes());
        URL_SAFE_NO_PAD.encode(&context.sign().as_ref()[..16])
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms([secret])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_are_those_of_openssl() {
        let pseudonyms = Pseudonyms::new(b"an example of an audit key, 32 b");
        let of = |name: &str| pseudonyms.of(&Subject::parse(name).unwrap());
        // printf 'edgemint subject\0listener-7' |
        //   openssl dgst -sha256 -hmac 'an example of an audit key, 32 b' -binary | head -c 16 | basenc --base64url
        assert_eq!(of("listener-7"), "_uox2wH66hw2ARNaYhsOVw");
        assert_ne!(of("listener-7"), of("listener-8"));
        assert!(!format!("{pseudonyms:?}").contains("example"));
    }
}
