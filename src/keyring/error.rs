use std::path::PathBuf;

use super::document::DocumentError;
use super::entry::{Entry, State};
use super::files::FileError;
use super::id::{FileName, KeyId};
use super::location::Location;
use super::misread::Misread;
use super::secret::SecretError;
use crate::cloudfront::{KeyAlgorithm, KeyError};

/// For a key without which nothing is signed.
const OTHER_WAY: &str = "; if it is lost for good, put another key in its place with `edgemint keys import` \
                         and `edgemint keys activate`";

/// Why a keyring was not read or not changed. Each message is one sentence with what was found and what
/// to do next, and holds no byte of a private key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// There is no `keyring.json`.
    #[error("there is no keyring in `{location}`: make one with `edgemint keys init {}`", .location.flags())]
    NoKeyring {
        /// Where it was looked for.
        location: Location,
    },
    /// A first key was to be made where there is a keyring.
    #[error(
        "there is a keyring in `{location}` already: `edgemint keys list {}` shows its keys; \
         for a separate one, give another `--dir` or `--store`", .location.flags()
    )]
    AlreadyThere {
        /// Where it is.
        location: Location,
    },
    /// A file or the directory was refused, or the operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The secret was refused, or AWS refused.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// `keyring.json` cannot be taken as it is.
    #[error("cannot take `{}`: {source}", .path.display())]
    Document {
        /// The path of `keyring.json`.
        path: PathBuf,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// The keyring is in order, and the change to it is refused.
    #[error("{source} (keyring `{location}`)")]
    Change {
        /// Where the keyring is.
        location: Location,
        /// Why.
        source: DocumentError,
    },
    /// `journal.jsonl` cannot be taken as it is.
    #[error(
        "cannot take `{}` ({source}): put it back from a backup, or move it away when no rotation is under way",
        .path.display()
    )]
    Journal {
        /// The path of `journal.jsonl`.
        path: PathBuf,
        /// What is wrong with it.
        source: Misread,
    },
    /// A private key was to be deleted that may still be needed.
    #[error("key {id} is in state `{state}`, and only the private key of one that is `gone` is deleted")]
    NotGone {
        /// The key.
        id: KeyId,
        /// Its state.
        state: State,
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
        "`{file}` of key {id} is not in `{location}`: put it back from a backup{}",
        if *.is_active { OTHER_WAY } else { "" }
    )]
    NoKeyFile {
        /// Where the keyring is.
        location: Location,
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
    /// The private key of an entry is not where it belongs.
    pub(super) fn no_key_file(entry: &Entry, location: &Location) -> Self {
        let (file, id) = (entry.file().clone(), entry.id().clone());
        Self::NoKeyFile { location: location.clone(), file, id, is_active: entry.state() == State::Active }
    }
}
