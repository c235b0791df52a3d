use std::path::PathBuf;

use super::document::DocumentError;
use super::entry::{Entry, State};
use super::files::{FileError, shell_word};
use super::id::{FileName, KeyId};
use crate::cloudfront::{KeyAlgorithm, KeyError};

/// For a key without which nothing is signed.
const OTHER_WAY: &str = "; if it is lost for good, put another key in its place with `edgemint keys import` \
                         and `edgemint keys activate`";

/// Why a keyring was not read or not changed. Each message is one sentence with what was found and what
/// to do next, and holds no byte of a private key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The directory has no `keyring.json`.
    #[error("there is no keyring in `{}`: make one with `edgemint keys init --dir {}`", .directory.display(), shell_word(.directory))]
    NoKeyring {
        /// The keyring's directory.
        directory: PathBuf,
    },
    /// A first key was to be made where there is a keyring.
    #[error(
        "there is a keyring in `{}` already: `edgemint keys list --dir {}` shows its keys; \
         for a separate one, give another `--dir`", .directory.display(), shell_word(.directory)
    )]
    AlreadyThere {
        /// The keyring's directory.
        directory: PathBuf,
    },
    /// A file or the directory was refused, or the operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// `keyring.json` cannot be taken as it is.
    #[error("cannot take `{}`: {source}", .path.display())]
    Document {
        /// The path of `keyring.json`.
        path: PathBuf,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// The keyring is in order, and the change to it is refused.
    #[error("{source} (keyring `{}`)", .directory.display())]
    Change {
        /// The keyring's directory.
        directory: PathBuf,
        /// Why.
        source: DocumentError,
    },
    /// The file holds no key that CloudFront takes.
    #[error("cannot use `{}`: {source}", .path.display())]
    Key {
        /// The PEM file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The file of an entry holds the key of another.
    #[error(
        "`{}` holds key {found}, and keyring.json says that key {recorded} is there: \
         put the right file back from a backup", .path.display()
    )]
    OtherKey {
        /// The PEM file.
        path: PathBuf,
        /// The key in the file.
        found: KeyId,
        /// The key that the entry names.
        recorded: KeyId,
    },
    /// An entry misstates its key.
    #[error(
        "`{}` holds a key for {found}, and keyring.json says {recorded}: \
         correct `algorithm` of key {id}", .path.display()
    )]
    OtherAlgorithm {
        /// The PEM file.
        path: PathBuf,
        /// The entry.
        id: KeyId,
        /// The algorithm of the key in the file.
        found: KeyAlgorithm,
        /// The algorithm that the entry names.
        recorded: KeyAlgorithm,
    },
    /// The file that an entry names is gone.
    #[error(
        "`{file}` of key {id} is not in `{}`: put it back from a backup{}", .directory.display(),
        if *.is_active { OTHER_WAY } else { "" }
    )]
    NoKeyFile {
        /// The keyring's directory.
        directory: PathBuf,
        /// The missing file.
        file: FileName,
        /// The entry that names it.
        id: KeyId,
        /// Whether that key is the one that signs.
        is_active: bool,
    },
    /// No key could be made.
    #[error("{0}: run this again, and report it if it persists")]
    Generation(KeyError),
}

impl KeyringError {
    /// A missing file under the name of its entry.
    pub(super) fn reading(error: FileError, entry: &Entry, directory: PathBuf) -> Self {
        match error {
            FileError::Missing { .. } => {
                let (file, id) = (entry.file().clone(), entry.id().clone());
                Self::NoKeyFile { directory, file, id, is_active: entry.state() == State::Active }
            }
            other => Self::File(other),
        }
    }
}
