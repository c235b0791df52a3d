use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What keeps a service from remembering revocations in a file.
#[derive(Debug, Error)]
pub enum RevocationFileError {
    /// There is no place for it.
    #[error(
        "the directory `{}` of store.file does not exist: make it, for the user that serves and nobody else (mode 0700)",
        .0.display()
    )]
    NoDirectory(PathBuf),
    /// Others could put another file in its place.
    #[error(
        "the directory `{}` of store.file can be written by other users (mode {mode:04o}), who could let back in whom \
         this service shuts out: take that from them (chmod go-w), or choose another", path.display()
    )]
    DirectoryExposed {
        /// Of the directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file or its directory is somebody else's.
    #[error("`{}` (store.file) belongs to user {owner}, and must belong to user {us}: chown it", path.display())]
    Owner {
        /// What belongs to somebody else.
        path: PathBuf,
        /// Whom it belongs to.
        owner: u32,
        /// Whom it has to belong to.
        us: u32,
    },
    /// Others can read or write the file.
    #[error("`{}` (store.file) is open to other users (mode {mode:04o}): chmod it to 600", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A directory, a link, a pipe or the like.
    #[error("`{}` (store.file) is not a regular file: move it away, or choose another name", .0.display())]
    NotRegular(PathBuf),
    /// Another service has it.
    #[error(
        "another edgemint remembers its revocations in `{}` (store.file) at this moment: one file is for one instance; \
         for several, configure store.redis in place of it", .0.display()
    )]
    Busy(PathBuf),
    /// The file was not written by this program, or by another version.
    #[error(
        "`{}` (store.file) does not begin with {expected:?}, so it is another file or of another version: move it away, \
         or choose another name", path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it should begin with.
        expected: &'static str,
    },
    /// A line before the last is not as it was written.
    #[error(
        "{}:{line}: this revocation (store.file) is damaged, so that somebody who was shut out might get in: put the \
         file back from a backup, or delete the line and revoke again what was revoked then", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// The system does not let it be read.
    #[error("cannot read `{}` (store.file): {source}", path.display())]
    Read {
        /// The file or its directory.
        path: PathBuf,
        /// From the system.
        source: io::Error,
    },
    /// The system does not let it be written.
    #[error(
        "cannot write `{}` (store.file): {source}; its directory has to be writable, and to have room", path.display()
    )]
    Write {
        /// The file or the one beside it that locks it.
        path: PathBuf,
        /// From the system.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start the thread that writes the file of revocations: {0}")]
    Thread(io::Error),
}
