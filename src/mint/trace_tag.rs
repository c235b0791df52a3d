//! The trace tag: a second of the past, in a policy, that tells the operator for which session it was signed.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};

use crate::cloudfront::EpochSeconds;

/// Tags are the seconds 1 to 2^30, which was 10 January 2004: before every clock of a CDN, and after the first
/// second that CloudFront reads (rules §2). So a tag never withholds anything, and one session shares its tag with
/// another once in 2^30.
const TAG_BITS: u32 = 30;

/// Makes trace tags: HMAC-SHA256 with a secret, so that nobody else learns from a tag, or from many, whose it is.
#[derive(Clone)]
pub struct TraceKey(Arc<Key>);

/// What a tag is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traced<'a> {
    /// A session, by the id that audit lines show.
    Session(&'a str),
    /// A listener, where no session is known.
    Subject(&'a str),
}

impl TraceKey {
    /// `secret`: 32 bytes or more that nobody can guess. Other uses of it must not begin their messages as tags do.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Arc::new(Key::new(HMAC_SHA256, secret)))
    }

    /// The tag: always the same for the same session and secret.
    ///
    /// It is the first 30 bits of HMAC-SHA256(secret, `"edgemint trace session" 00 ID`), plus 1; of a subject,
    /// `"edgemint trace subject" 00 SUBJECT`.
    #[must_use]
    pub fn tag(&self, traced: Traced<'_>) -> EpochSeconds {
        let (kind, name): (&[u8], _) = match traced {
            Traced::Session(id) => (b"edgemint trace session\0", id),
            Traced::Subject(subject) => (b"edgemint trace subject\0", subject),
        };
        let mut context = Context::with_key(&self.0);
        context.update(kind);
        context.update(name.as_bytes());
        let mac = context.sign();
        let first: [u8; 4] = mac.as_ref()[..4].try_into().expect("a SHA-256 has 32 bytes");
        second(u32::from_be_bytes(first) >> (u32::BITS - TAG_BITS))
    }

    /// Whether a second can be a tag.
    #[must_use]
    pub fn is_tag(second: i64) -> bool {
        (1..=1 << TAG_BITS).contains(&second)
    }

    /// The last of all tags, with as many digits as any.
    pub(super) fn last_tag() -> EpochSeconds {
        second((1 << TAG_BITS) - 1)
    }
}

fn second(number: u32) -> EpochSeconds {
    EpochSeconds::new(i64::from(number) + 1).expect("2^30 is less than 2147483647")
}

impl fmt::Debug for TraceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TraceKey([secret])")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// A secret of this test alone.
    const SECRET: &[u8] = b"an example of an audit key, 32 b";

    #[test]
    fn tags_are_those_of_openssl() {
        // printf 'edgemint trace session\0zvi85UnNwFDLPaMPVnJCaw' |
        //   openssl dgst -sha256 -hmac 'an example of an audit key, 32 b'   → the first 8 digits, >> 2, + 1
        let key = TraceKey::new(SECRET);
        assert_eq!(key.tag(Traced::Session("zvi85UnNwFDLPaMPVnJCaw")).get(), SESSION_TAG);
        assert_eq!(key.tag(Traced::Subject("zvi85UnNwFDLPaMPVnJCaw")).get(), SUBJECT_TAG);
    }

    const SESSION_TAG: i64 = 292_603_162;
    const SUBJECT_TAG: i64 = 701_471_359;

    #[test]
    fn tags_are_seconds_of_the_past_and_rarely_alike() {
        let key = TraceKey::new(SECRET);
        let names = (0..20_000).map(|number| format!("session-{number}"));
        let tags: Vec<i64> = names.map(|name| key.tag(Traced::Session(&name)).get()).collect();
        assert!(tags.iter().all(|tag| (1..=1 << TAG_BITS).contains(tag)));
        // 20000 of 2^30: 0.19 pairs are expected.
        let different: HashSet<_> = tags.iter().collect();
        assert!(different.len() >= tags.len() - 3, "{}", different.len());
        let other = TraceKey::new(b"another audit key for this test.");
        assert_ne!(key.tag(Traced::Session("a")), other.tag(Traced::Session("a")));
        assert!(!format!("{key:?}").contains("example"));
    }
}
