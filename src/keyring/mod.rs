//! The signing keys and the state of each.
//!
//! A keyring is a directory: `keyring.json`, which holds nothing secret, and one private PEM a key.
//! [`Directory::load`] gives what a signer needs, the one active key; a [`Writer`] changes the
//! directory, one process at a time.

mod conflict;
mod document;
mod entry;
mod error;
mod files;
mod id;
mod misread;
pub mod store;
mod write;

pub use document::{Document, DocumentError};
pub use entry::{Entry, State};
pub use error::KeyringError;
pub use files::{FileError, read_private, shell_word};
pub use id::{FileName, InvalidFileName, InvalidKeyId, KeyId};
pub use misread::Misread;
pub use store::{ActiveKey, Directory, Keyring};
pub use write::{Activated, Writer};
