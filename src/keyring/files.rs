//! Files of the keyring on disk: private ones are read only when nobody else can read them, and all
//! of them are replaced atomically.

use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

/// How the names of half-written files begin; a crash can leave one behind.
pub(super) const TEMPORARY_PREFIX: &str = ".edgemint-";

const LOCK_FILE: &str = ".lock";

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
    #[error("`{}` belongs to user {owner}, and only user {us} or root may own it: run `chown {us} {}`", .path.display(), shell_word(.path))]
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
    /// Larger than anything that belongs there.
    #[error("`{}` is larger than {limit} bytes, so it is not a file of a keyring: give another path", .path.display())]
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
    /// The path of the directory leads to something else.
    #[error("`{}` is not a directory: give the keyring's directory with `--dir`", .path.display())]
    NotDirectory {
        /// What was found.
        path: PathBuf,
    },
    /// Group or others can swap the files in the directory.
    #[error("directory `{}` can be written by other users (mode {mode:04o}): run `chmod 700 {}`", .path.display(), shell_word(.path))]
    DirectoryExposed {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
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

/// Reads a file that only its owner may read, of at most `limit` bytes.
///
/// Everything is checked on the open descriptor, so what was checked is what is read.
///
/// # Errors
/// A link, anything but a regular file, an owner who is neither this user nor root, any permission
/// for group or others, more than `limit` bytes, or what the operating system refuses.
pub fn read_private(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // NONBLOCK: a FIFO must be refused, not waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty()).map(File::from).map_err(|errno| match errno {
        Errno::NOENT => FileError::Missing { path: path.into() },
        Errno::LOOP => FileError::Link { path: path.into() },
        Errno::NXIO => FileError::NotRegular { path: path.into(), found: "socket or device" },
        other => FileError::Read { path: path.into(), source: other.into() },
    })?;
    let failed = |source| FileError::Read { path: path.into(), source };
    let metadata = file.metadata().map_err(failed)?;
    refuse_exposed(path, &metadata)?;
    if metadata.len() > limit {
        return Err(FileError::TooLarge { path: path.into(), limit });
    }
    // Room for everything at once: a vector that grows leaves copies of a key behind.
    let room = usize::try_from(metadata.len()).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge { path: path.into(), limit });
    }
    Ok(bytes)
}

fn refuse_exposed(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    if !metadata.is_file() {
        return Err(FileError::NotRegular { path: path.into(), found: kind(metadata) });
    }
    refuse_stranger(path, metadata)?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FileError::Exposed { path: path.into(), mode });
    }
    Ok(())
}

fn kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_dir() {
        "directory"
    } else if kind.is_fifo() {
        "FIFO"
    } else {
        "socket or device"
    }
}

/// Root is trusted as an owner because mounted secrets are root's, and root can read everything anyway.
fn refuse_stranger(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    let us = rustix::process::geteuid().as_raw();
    if metadata.uid() == us || metadata.uid() == 0 {
        Ok(())
    } else {
        Err(FileError::Owner { path: path.into(), owner: metadata.uid(), us })
    }
}

/// Refuses a keyring directory that is missing, is something else, or in which others could swap files.
///
/// # Errors
/// As above, or what the operating system refuses.
pub fn check_directory(path: &Path) -> Result<(), FileError> {
    let metadata = fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => FileError::NoDirectory { path: path.into() },
        io::ErrorKind::NotADirectory => FileError::NotDirectory { path: path.into() },
        _ => FileError::Read { path: path.into(), source },
    })?;
    if !metadata.is_dir() {
        return Err(FileError::NotDirectory { path: path.into() });
    }
    refuse_stranger(path, &metadata)?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(FileError::DirectoryExposed { path: path.into(), mode });
    }
    Ok(())
}

/// Makes the directory, for this user only, unless something is already at `path`.
///
/// # Errors
/// What the operating system refuses, such as a parent that does not exist.
pub fn make_directory(path: &Path) -> Result<(), FileError> {
    let make = || match DirBuilder::new().mode(0o700).create(path) {
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.and_then(|()| match path.parent() {
            // Else a crash can lose the directory with every key in it, however durable those are.
            Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }),
    };
    make().map_err(|source| FileError::Write { path: path.into(), source })
}

/// Puts `contents` at `directory/name` with mode 0600: whoever reads sees the old file or the new one,
/// whole, also after a crash.
///
/// # Errors
/// What the operating system refuses. Unless the error came from the very last step, making the new
/// name durable, the old file is unchanged.
pub fn replace(directory: &Path, name: &str, contents: &[u8]) -> Result<(), FileError> {
    let path = directory.join(name);
    let write = || -> io::Result<()> {
        let mut temporary =
            tempfile::Builder::new().prefix(TEMPORARY_PREFIX).suffix(".tmp").tempfile_in(directory)?;
        temporary.write_all(contents)?;
        temporary.as_file().sync_all()?;
        temporary.persist(&path)?;
        File::open(directory)?.sync_all()
    };
    write().map_err(|source| FileError::Write { path: path.clone(), source })
}

/// The right to change a keyring directory. It ends when this is dropped or the process dies.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Takes the directory's exclusive lock, without waiting.
///
/// # Errors
/// [`FileError::Busy`] while another process holds it, or what the operating system refuses.
pub fn lock(directory: &Path) -> Result<DirectoryLock, FileError> {
    let path = directory.join(LOCK_FILE);
    // A file of its own, opened for writing: NFS gives an exclusive lock on nothing else.
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)
        .map(File::from)
        .map_err(|errno| FileError::Write { path: path.clone(), source: errno.into() })?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => FileError::Busy { path: directory.into() },
        TryLockError::Error(source) => FileError::Write { path, source },
    })?;
    Ok(DirectoryLock { _file: file })
}

/// A path as one word of a shell command that the reader can copy.
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const LIMIT: u64 = 16;

    fn private_file(directory: &Path, contents: &[u8]) -> PathBuf {
        replace(directory, "file", contents).unwrap();
        directory.join("file")
    }

    #[test]
    fn a_replaced_file_is_private_and_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = private_file(directory.path(), b"old");
        replace(directory.path(), "file", b"new").unwrap();
        assert_eq!(*read_private(&path, LIMIT).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_failed_rename_leaves_no_temporary_file() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("file")).unwrap();
        assert!(matches!(replace(directory.path(), "file", b"new"), Err(FileError::Write { .. })));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn every_permission_of_group_or_others_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = private_file(directory.path(), b"secret");
        for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
            fs::set_permissions(&path, Permissions::from_mode(0o600 | bit)).unwrap();
            let error = read_private(&path, LIMIT).unwrap_err();
            assert!(matches!(error, FileError::Exposed { mode, .. } if mode == 0o600 | bit));
            assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())));
        }
    }

    #[test]
    fn a_read_only_private_file_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = private_file(directory.path(), b"secret");
        fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert_eq!(*read_private(&path, LIMIT).unwrap(), b"secret");
    }

    #[test]
    fn what_is_not_a_regular_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = private_file(directory.path(), b"secret");
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(read_private(&link, LIMIT), Err(FileError::Link { .. })));
        let dangling = directory.path().join("dangling");
        symlink("nowhere", &dangling).unwrap();
        assert!(matches!(read_private(&dangling, LIMIT), Err(FileError::Link { .. })));
        let found = |path: &Path| match read_private(path, LIMIT) {
            Err(FileError::NotRegular { found, .. }) => found,
            other => panic!("{other:?}"),
        };
        assert_eq!(found(directory.path()), "directory");
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert_eq!(found(&socket), "socket or device");
        assert_eq!(found(Path::new("/dev/null")), "socket or device");
        let missing = directory.path().join("missing");
        assert!(matches!(read_private(&missing, LIMIT), Err(FileError::Missing { .. })));
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = private_file(directory.path(), &[b'x'; 16]);
        assert_eq!(read_private(&path, LIMIT).unwrap().len(), 16);
        replace(directory.path(), "file", &[b'x'; 17]).unwrap();
        assert!(matches!(read_private(&path, LIMIT), Err(FileError::TooLarge { limit: 16, .. })));
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        for (mode, accepted) in
            [(0o700, true), (0o755, true), (0o770, false), (0o702, false), (0o1777, false)]
        {
            fs::set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(check_directory(directory.path()).is_ok(), accepted, "{mode:o}");
        }
        let missing = directory.path().join("missing");
        assert!(matches!(check_directory(&missing), Err(FileError::NoDirectory { .. })));
        fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
        let file = private_file(directory.path(), b"");
        assert!(matches!(check_directory(&file), Err(FileError::NotDirectory { .. })));
        assert!(matches!(check_directory(&file.join("below")), Err(FileError::NotDirectory { .. })));
    }

    #[test]
    fn the_lock_has_one_holder() {
        let directory = tempfile::tempdir().unwrap();
        let held = lock(directory.path()).unwrap();
        assert!(matches!(lock(directory.path()), Err(FileError::Busy { .. })));
        drop(held);
        lock(directory.path()).unwrap();
    }

    #[test]
    fn a_lock_file_that_is_a_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let elsewhere = directory.path().join("elsewhere");
        symlink(&elsewhere, directory.path().join(LOCK_FILE)).unwrap();
        assert!(matches!(lock(directory.path()), Err(FileError::Write { .. })));
        assert!(!elsewhere.exists());
    }

    #[test]
    fn paths_are_quoted_for_the_shell_only_when_they_must_be() {
        assert_eq!(shell_word(Path::new("keys/a.pem")), "keys/a.pem");
        assert_eq!(shell_word(Path::new("my keys/it's")), r"'my keys/it'\''s'");
        assert_eq!(shell_word(Path::new("$(reboot)")), "'$(reboot)'");
    }
}
