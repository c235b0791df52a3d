//! The signing keys and the state of each.
//!
//! A keyring is a set of small files with plain names: `keyring.json`, which holds nothing secret, one private PEM
//! a key, and `journal.jsonl`, what rotations wrote down of their steps. A [`Location`] says where they are: in a
//! directory, or in one secret of AWS Secrets Manager, as a JSON object of names and contents. Mounted as files, that
//! secret is a directory that can be read and not changed.
//!
//! [`Store::load`] gives what a signer needs, the one active key, [`Store::view`] all that there is to see, and a
//! [`Writer`] changes it.
//!
//! The path of a directory is followed, links included, whenever it is viewed or locked; all that is checked, read
//! and written after that is in the directory then found. So the directories above it are trusted: whoever can write
//! in one of them can put another keyring in the place of this one. Likewise whoever may write the secret.

mod conflict;
mod document;
mod entry;
mod error;
mod files;
mod id;
mod journal;
mod location;
mod misread;
mod moment;
pub mod plan;
mod ring;
mod secret;
mod store;
mod transition_error;
mod transitions;
mod view;
mod write;

pub use document::{Document, DocumentError};
pub use entry::{Entry, State};
pub use error::KeyringError;
pub use files::{FileError, read_by_hand, read_linked_private, read_private, read_public, shell_word};
pub use id::{FileName, InvalidFileName, InvalidKeyId, KeyId};
pub use journal::{Journal, Phase, Record};
pub use location::{InvalidLocation, Location, SecretId};
pub use misread::Misread;
pub use moment::moment;
pub use plan::{
    ACCOUNT_LIMIT, Action, KEY_GROUP_LIMIT, Obstacle, Remote, RemoteKey, Settings, Step, caller_reference,
    plan, record,
};
pub use ring::{ActiveKey, Keyring};
pub use secret::SecretError;
pub use store::Store;
pub use transition_error::TransitionError;
pub use view::{View, read_signing_key};
pub use write::{Activated, Writer};
