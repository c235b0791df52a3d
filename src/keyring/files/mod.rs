//! Files of the keyring on disk: private ones are read only when nobody else can read them, and all
//! of them are replaced atomically.

mod acl;
mod directory;
mod error;
mod mount;
mod read;
mod shell;

pub use directory::{DirectoryLock, OpenDirectory, TEMPORARY_PREFIX};
pub use error::FileError;
pub use read::{read_by_hand, read_linked_private, read_private, read_public};
pub use shell::shell_word;
