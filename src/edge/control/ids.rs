//! Ids and versions in the forms that CloudFront gives them. All are random and name nothing.

use std::fmt;

use crate::cloudfront::KeyPairId;

/// Letters and digits of CloudFront's ids. 32 of them: a byte picks one without a bias.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The id of a key group: a UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId(String);

impl GroupId {
    pub(in crate::edge) fn random() -> Self {
        Self(uuid())
    }

    /// As it stands in requests and answers.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One version of a public key or a key group, for `If-Match`. Without the quotes that HTTP has around it, as the
/// service writes it (`E2QWRUHAPOMQZL`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version(String);

impl Version {
    pub(super) fn random() -> Self {
        Self(random_id('E'))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What a client sends back, if it has the form of a version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_one = text.starts_with('E')
            && text.len() == 14
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        is_one.then(|| Self(text.to_owned()))
    }

    #[cfg(test)]
    pub(super) fn numbered(number: u32) -> Self {
        Self(format!("E{number:013}"))
    }
}

/// The id of a new public key: K and 13 letters or digits.
pub(super) fn key_id() -> KeyPairId {
    random_id('K').parse().expect("letters and digits are a Key-Pair-Id")
}

/// The id of a distribution: E and 13 letters or digits.
pub(super) fn distribution_id() -> String {
    random_id('E')
}

/// A UUID (version 4): a request id or the id of a key group.
pub(super) fn uuid() -> String {
    let mut bytes: [u8; 16] = random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = |part: &[u8]| part.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let [a, b, c, d, e] = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]].map(hex);
    format!("{a}-{b}-{c}-{d}-{e}")
}

fn random_id(first: char) -> String {
    let rest = random::<13>().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    std::iter::once(first).chain(rest).collect()
}

fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random source works once it has begun to");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_the_services_own() {
        let key = key_id().to_string();
        assert!(key.starts_with('K') && key.len() == 14, "{key}");
        assert_ne!(key_id(), key_id());
        let uuid = uuid();
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!((parts, &uuid[14..15]), (vec![8, 4, 4, 4, 12], "4"), "{uuid}");
        assert_eq!(Version::parse(Version::random().as_str()).map(|version| version.0.len()), Some(14));
        for text in ["", "*", "\"E2QWRUHAPOMQZL\"", "E2QWRUHAPOMQZ", "e2qwruhapomqzl", "K2QWRUHAPOMQZL"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
