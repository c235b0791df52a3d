use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::cloudfront::PublicKey;

/// How many hexadecimal digits of the digest an id keeps.
const DIGITS: usize = 16;

/// The local name of a key: the first 16 hexadecimal digits of the SHA-256 of its public key (SPKI DER),
/// so that a key cannot be in a keyring twice, nor be swapped unnoticed for another. The same digits
/// come from `openssl pkey -pubin -outform DER | sha256sum`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

impl KeyId {
    /// The id of the key pair to which this public key belongs.
    #[must_use]
    pub fn of(public: &PublicKey) -> Self {
        let digest = digest::digest(&digest::SHA256, public.as_der());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self(hex[..DIGITS].to_owned())
    }

    /// The 16 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not the id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's id is 16 digits of 0-9 and a-f, as `edgemint keys list` shows it")]
pub struct InvalidKeyId;

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for KeyId {
    type Error = InvalidKeyId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == DIGITS && text.bytes().all(digit) { Ok(Self(text)) } else { Err(InvalidKeyId) }
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a private key's file, inside the keyring's directory and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// The name under which the key `id` is stored.
    #[must_use]
    pub fn of(id: &KeyId) -> Self {
        Self(format!("{id}.pem"))
    }

    /// The name, without any directory.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not a plain file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "`file` is a plain name such as `key.pem`: letters, digits, `.`, `_` and `-`, no leading dot, \
     ending in `.pem`, in the directory of keyring.json"
)]
pub struct InvalidFileName;

impl TryFrom<String> for FileName {
    type Error = InvalidFileName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let well_formed = name.len() <= 255 && name.bytes().all(plain);
        if well_formed && !name.starts_with('.') && name.ends_with(".pem") {
            Ok(Self(name))
        } else {
            Err(InvalidFileName)
        }
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sixteen_lowercase_hexadecimal_digits() {
        assert_eq!("0123456789abcdef".parse::<KeyId>().unwrap().as_str(), "0123456789abcdef");
        for text in
            ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcde/", "K2JC"]
        {
            assert_eq!(text.parse::<KeyId>(), Err(InvalidKeyId), "{text}");
        }
    }

    #[test]
    fn a_file_name_stays_inside_its_directory() {
        assert!(FileName::try_from("0123456789abcdef.pem".to_owned()).is_ok());
        let long = format!("{}.pem", "a".repeat(252));
        for name in [
            "",
            ".",
            "..",
            ".pem",
            "../x",
            "../x.pem",
            "/etc/x.pem",
            "a/b.pem",
            "./a.pem",
            ".hidden.pem",
            "a\\b.pem",
            "a\0.pem",
            "a\n.pem",
            "a b.pem",
            "ä.pem",
            "keyring.json",
            "key",
            long.as_str(),
        ] {
            assert_eq!(FileName::try_from(name.to_owned()), Err(InvalidFileName), "{name:?}");
        }
    }
}
