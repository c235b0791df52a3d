//! Secrets and public keys, read from where the configuration says that they are kept.

use std::fmt;
use std::path::Path;

use serde_spanned::Spanned;
use zeroize::Zeroizing;

use crate::keyring::{FileError, read_linked_private, read_public};

use super::fields::Reader;
use super::raw::{Field, RawReference};

/// No secret and no PEM is longer.
const MAX_BYTES: u64 = 64 * 1024;

/// A text that never prints; wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text, for those who need it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Where references are looked up.
#[derive(Clone, Copy)]
pub(super) struct Vault<'a> {
    /// Relative file names start here.
    pub(super) folder: &'a Path,
    pub(super) environment: &'a [(std::ffi::OsString, std::ffi::OsString)],
}

/// What a reference leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Must be readable by its owner alone.
    Secret,
    /// May be read by anybody.
    Public,
}

impl Vault<'_> {
    /// Follows a reference. What the reference says is never quoted in a problem: people put the
    /// secret itself there.
    pub(super) fn fetch(
        self,
        reference: Field<RawReference>,
        kind: Kind,
        reader: &mut Reader<'_>,
    ) -> Option<Spanned<Secret>> {
        let reference = reference?;
        let span = reference.span();
        let fetched = match reference.into_inner() {
            RawReference { file: Some(file), env: None } => {
                reader.optional(Some(file), |name| self.file(&name, kind))
            }
            RawReference { file: None, env: Some(env) } => {
                reader.optional(Some(env), |name| self.variable(&name))
            }
            RawReference { file, env } => {
                let found = if file.is_some() && env.is_some() {
                    "both file and env are"
                } else {
                    "neither file nor env is"
                };
                reader.wrong(
                    &span,
                    format!("{found} given; write {{ file = \"PATH\" }} or {{ env = \"NAME\" }}"),
                );
                None
            }
        }?;
        Some(Spanned::new(span, fetched))
    }

    fn variable(self, name: &str) -> Result<Secret, &'static str> {
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(
                "this is not the name of an environment variable; write a name of A-Z, 0-9 and _, not the secret itself",
            );
        }
        let value = self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let value =
            value.ok_or("the environment variable of this name is not set; set it before edgemint starts")?;
        secret(value.to_str().ok_or("the environment variable of this name is not UTF-8; set it again")?)
            .map_err(|()| "the environment variable of this name is empty; set it before edgemint starts")
    }

    fn file(self, name: &str, kind: Kind) -> Result<Secret, String> {
        let path = self.folder.join(name);
        let read = match kind {
            Kind::Secret => read_linked_private(&path, MAX_BYTES),
            Kind::Public => read_public(&path, MAX_BYTES),
        };
        let bytes = read.map_err(|error| match error {
            // Where no file was seen, the name may be a secret that stands in the place of one.
            FileError::Missing { .. } => {
                "there is no file of this name; relative names start in the folder of the configuration".to_owned()
            }
            FileError::Read { source, .. } => format!(
                "the file of this name cannot be read ({source}); make it readable for this user, or name another"
            ),
            seen => seen.to_string(),
        })?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| "this file does not hold UTF-8 text; write the secret as text, such as base64")?;
        // Who shares the secret would be unlikely to count these bytes as part of it.
        if kind == Kind::Secret && text.starts_with('\u{feff}') {
            return Err("this file begins with a byte order mark, as some editors write it; write the secret without it".to_owned());
        }
        secret(text).map_err(|()| "this file is empty; write the secret into it".to_owned())
    }
}

/// Without the newline that editors and `echo` put at the end.
fn secret(text: &str) -> Result<Secret, ()> {
    match text.trim_end_matches(['\n', '\r']) {
        "" => Err(()),
        text => Ok(Secret(Zeroizing::new(text.to_owned()))),
    }
}
