use std::io;
use std::path::{Path, PathBuf};

use super::shell::shell_word;

/// Why a file or directory of the keyring was not read or written. Each message says what was found
/// and what to do; none holds what is in the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Nothing is there.
    #[error("there is no file `{}`: put it back from a backup, or give another path", .path.display())]
    Missing {
        /// What was looked for.
        path: PathBuf,
    },
    /// A symbolic link, whose target somebody else may choose.
    #[error("`{}` is a symbolic link: put the file itself there, then run `chmod 600 {}`", .path.display(), shell_word(.path))]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A directory, FIFO, socket or device.
    #[error("`{}` is a {found}, not a regular file: put the file itself there, then run `chmod 600 {}`", .path.display(), shell_word(.path))]
    NotRegular {
        /// What was opened.
        path: PathBuf,
        /// What it is, in words.
        found: &'static str,
    },
    /// Its owner can change or read it, and is neither this user nor root.
    #[error("`{}` belongs to user {owner}, {}", .path.display(), of_another(.path, *owner, *us))]
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// The user id that owns it.
        owner: u32,
        /// The effective user id of this process.
        us: u32,
    },
    /// Group or others have a permission on a private file.
    #[error("`{}` is open to other users (mode {mode:04o}): run `chmod 600 {}`", .path.display(), shell_word(.path))]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Root's, which this user cannot read, or can only because others can too.
    #[error(
        "`{}` belongs to root (mode {mode:04o}), and user {us} needs a file of its own: as root, make a copy \
         with `install -m 600 -o {us} {} COPY`, and have that in its place", .path.display(), shell_word(.path)
    )]
    RootOwned {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The effective user id of this process.
        us: u32,
    },
    /// Larger than anything that belongs there.
    #[error("`{}` is larger than {limit} bytes, so it is not what belongs there: give another path", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: u64,
    },
    /// Nothing is at the path of the directory.
    #[error("there is no directory `{}`: make the keyring with `edgemint keys init --dir {}`", .path.display(), shell_word(.path))]
    NoDirectory {
        /// What was looked for.
        path: PathBuf,
    },
    /// The directory in which to make the keyring's is missing.
    #[error("there is no directory `{}` to make `{}` in: give another `--dir`, or run `mkdir -p {}`", .parent.display(), .path.display(), shell_word(.parent))]
    NoParent {
        /// What was to be made.
        path: PathBuf,
        /// What is missing.
        parent: PathBuf,
    },
    /// A symbolic link in the place of the directory leads nowhere.
    #[error("`{}` is a symbolic link that leads to no directory: make the directory that it names, or remove the link", .path.display())]
    LinkToNothing {
        /// The link.
        path: PathBuf,
    },
    /// The path of the directory leads to something else.
    #[error("`{}` is not a directory: give the keyring's directory with `--dir`", .path.display())]
    NotDirectory {
        /// What was found.
        path: PathBuf,
    },
    /// Group or others can swap the files in the directory.
    #[error("directory `{}` can be written by other users (mode {mode:04o}): as its owner or root, run `chmod go-w {}`", .path.display(), shell_word(.path))]
    DirectoryExposed {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Something is in the place of the lock.
    #[error("`{}` is a {found}, and the lock is a regular file that edgemint makes: run `mv {} {}`", .path.display(), shell_word(.path), shell_word(&.path.with_added_extension("old")))]
    ForeignLock {
        /// Where the lock belongs.
        path: PathBuf,
        /// What is there, in words.
        found: &'static str,
    },
    /// A mounted volume, which is changed elsewhere.
    #[error(
        "`{}` is a mounted volume, which is only read: run this where the keyring is kept \
         (`--store secretsmanager:NAME`, or the directory of which the volume is made), and the mount will follow",
        .path.display()
    )]
    Mounted {
        /// The volume.
        path: PathBuf,
    },
    /// `..data` is not as kubelet makes it.
    #[error("`{}` does not lead to a directory beside it, as in a mounted volume: remove it, or mount the volume again", .path.display())]
    OddMount {
        /// The link.
        path: PathBuf,
    },
    /// In a mounted volume, a file that more than one of this process's groups may read.
    #[error(
        "`{}` is open to other users (mode {mode:04o}): mount the volume with `defaultMode: 0400` and, unless this \
         runs as root, `fsGroup` in the pod's securityContext", .path.display()
    )]
    MountExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// In a mounted volume, a file that this process may not read.
    #[error("this user may not read `{}`: set `fsGroup` in the pod's securityContext, which gives it to one of our groups", .path.display())]
    MountDenied {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the directory's lock.
    #[error("another edgemint is changing the keyring `{}`: run this again when it has finished", .path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system refused to read.
    #[error("cannot read `{}` ({source}): make it readable for this user, then run this again", .path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system refused to write.
    #[error("cannot write `{}` ({source}): see to space and write permission, then run this again", .path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why it matters that a file belongs to `owner`, and what to do. Root may own a keyring; more often it only runs a
/// command on one that a service has, which a `chown` would lock out.
fn of_another(path: &Path, owner: u32, us: u32) -> String {
    let path = shell_word(path);
    match us {
        0 => format!(
            "and this is root: run this as that user (`id -nu {owner}` says who it is), or, if only root is to use it, run `chown 0 {path}`"
        ),
        _ => format!("and must belong to user {us}: run `chown {us} {path}`"),
    }
}
