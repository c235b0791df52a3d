use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::files::shell_word;

/// What comes before the name of a secret.
const SECRETS_MANAGER: &str = "secretsmanager:";

/// Where a keyring is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A directory.
    Directory(PathBuf),
    /// One secret in AWS Secrets Manager: `secretsmanager:NAME`, or its ARN in the place of the name.
    SecretsManager(SecretId),
}

impl Location {
    /// The flags by which a command of `edgemint keys` is given this location, for a shell.
    #[must_use]
    pub fn flags(&self) -> String {
        match self {
            Self::Directory(path) => format!("--dir {}", shell_word(path)),
            Self::SecretsManager(_) => format!("--store {self}"),
        }
    }

    /// How messages call the file `name` of the keyring.
    #[must_use]
    pub fn path_of(&self, name: &str) -> PathBuf {
        match self {
            Self::Directory(path) => path.join(name),
            Self::SecretsManager(_) => Path::new(&self.to_string()).join(name),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::SecretsManager(id) => write!(f, "{SECRETS_MANAGER}{id}"),
        }
    }
}

/// The text names no store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocation {
    /// It does not begin as stores do.
    #[error("a keyring's store is written `secretsmanager:NAME`")]
    UnknownKind,
    /// Not what AWS takes for a name.
    #[error(
        "`secretsmanager:` is followed by the name of a secret, 1 to 256 of A-Z, a-z, 0-9 and / _ + = . @ -, \
         or by its ARN"
    )]
    SecretName,
}

/// A store as it is written in the configuration and in flags. A directory has a setting and a flag of its own.
impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = text.strip_prefix(SECRETS_MANAGER).ok_or(InvalidLocation::UnknownKind)?;
        SecretId::try_from(id.to_owned()).map(Self::SecretsManager)
    }
}

/// The name or the ARN of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretId(String);

impl SecretId {
    /// Longest name that CreateSecret takes, in characters.
    const LONGEST_NAME: usize = 256;

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The region of an ARN; a name has none.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        arn(&self.0).map(|(region, _)| region)
    }
}

impl TryFrom<String> for SecretId {
    type Error = InvalidLocation;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // CreateSecret, parameter Name.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
        let name = arn(&text).map_or(text.as_str(), |(_, name)| name);
        let well_formed = (1..=Self::LONGEST_NAME).contains(&name.len()) && name.bytes().all(plain);
        if well_formed { Ok(Self(text)) } else { Err(InvalidLocation::SecretName) }
    }
}

/// Region and name of `arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME`.
fn arn(text: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = text.splitn(7, ':').collect();
    match parts[..] {
        ["arn", partition, "secretsmanager", region, account, "secret", name] => {
            let plain = |part: &str| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            };
            [partition, region, account].into_iter().all(plain).then_some((region, name))
        }
        _ => None,
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_secret_by_name_or_arn() {
        let arn = "secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:podcasts/keys-AbCdEf";
        for (text, expected) in [("secretsmanager:podcasts/keys", None), (arn, Some("eu-west-1"))] {
            let location: Location = text.parse().unwrap();
            assert_eq!(location.to_string(), text);
            assert_eq!(location.flags(), format!("--store {text}"));
            assert_eq!(location.path_of("a.pem"), Path::new(&format!("{text}/a.pem")));
            assert!(matches!(location, Location::SecretsManager(id) if id.region() == expected));
        }
    }

    #[test]
    fn anything_else_is_no_store() {
        let long = format!("secretsmanager:{}", "a".repeat(257));
        for (text, error) in [
            ("", InvalidLocation::UnknownKind),
            ("keys", InvalidLocation::UnknownKind),
            ("secretsmanage:x", InvalidLocation::UnknownKind),
            ("SecretsManager:x", InvalidLocation::UnknownKind),
            (" secretsmanager:x", InvalidLocation::UnknownKind),
            ("directory:keys", InvalidLocation::UnknownKind),
            ("secretsmanager:", InvalidLocation::SecretName),
            ("secretsmanager:a b", InvalidLocation::SecretName),
            ("secretsmanager:a\n", InvalidLocation::SecretName),
            ("secretsmanager:$(x)", InvalidLocation::SecretName),
            ("secretsmanager:ä", InvalidLocation::SecretName),
            ("secretsmanager:arn:aws:s3:::bucket", InvalidLocation::SecretName),
            ("secretsmanager:arn:aws:secretsmanager:eu-west-1::secret:x", InvalidLocation::SecretName),
            ("secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:", InvalidLocation::SecretName),
            (&long, InvalidLocation::SecretName),
        ] {
            assert_eq!(text.parse::<Location>(), Err(error), "{text:?}");
        }
    }
}
