//! The signing keys and the state of each.
//!
//! A keyring is a directory: `keyring.json`, which holds nothing secret, and one private PEM a key.
//! [`Directory::load`] gives what a signer needs, the one active key; a [`Writer`] changes the
//! directory, one process at a time.
//!
//! The path of the directory is followed once, links included, when it is opened; all that is checked,
//! read and written after that is in the directory then found. So the directories above it are trusted:
//! whoever can write in one of them can put another keyring in the place of this one for the next opening.

mod conflict;
mod document;
mod entry;
mod error;
mod files;
mod id;
mod misread;
pub mod plan;
pub mod store;
mod transition_error;
mod transitions;
mod write;

pub use document::{Document, DocumentError};
pub use entry::{Entry, State};
pub use error::KeyringError;
pub use files::{FileError, read_by_hand, read_linked_private, read_private, read_public, shell_word};
pub use id::{FileName, InvalidFileName, InvalidKeyId, KeyId};
pub use misread::Misread;
pub use plan::{
    ACCOUNT_LIMIT, Action, KEY_GROUP_LIMIT, Obstacle, Remote, RemoteKey, Settings, Step, caller_reference,
    plan, record,
};
pub use store::{ActiveKey, Directory, Keyring};
pub use transition_error::TransitionError;
pub use write::{Activated, Writer};
