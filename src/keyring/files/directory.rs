use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::error::FileError;
use super::read;

/// How the names of half-written files begin; a crash can leave one behind.
pub const TEMPORARY_PREFIX: &str = ".edgemint-";

const LOCK_FILE: &str = ".lock";

/// A directory in which nobody else can write, held open: whatever its path leads to later, files are
/// read and written in this one.
#[derive(Debug, Clone)]
pub struct OpenDirectory {
    /// For messages.
    path: PathBuf,
    handle: Arc<OwnedFd>,
}

impl OpenDirectory {
    /// Opens a directory that is there.
    ///
    /// # Errors
    /// It is missing, is something else, has another owner than this user or root, others can write in it,
    /// or what the operating system refuses.
    pub fn open(path: PathBuf) -> Result<Self, FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(handle) => File::from(handle),
            Err(Errno::NOENT | Errno::LOOP) if is_link(&path) => {
                return Err(FileError::LinkToNothing { path });
            }
            Err(Errno::NOENT) => return Err(FileError::NoDirectory { path }),
            Err(Errno::NOTDIR) => return Err(FileError::NotDirectory { path }),
            Err(errno) => return Err(FileError::Read { path, source: errno.into() }),
        };
        let metadata = match file.metadata() {
            Ok(metadata) => metadata,
            Err(source) => return Err(FileError::Read { path, source }),
        };
        read::refuse_stranger(&path, &metadata)?;
        let mode = metadata.mode() & 0o7777;
        if mode & 0o022 != 0 {
            return Err(FileError::DirectoryExposed { path, mode });
        }
        Ok(Self { path, handle: Arc::new(file.into()) })
    }

    /// As [`open`](Self::open), after making the directory, for this user only, unless something is there.
    ///
    /// # Errors
    /// As [`open`](Self::open), or its parent is missing or no directory.
    pub fn create(path: PathBuf) -> Result<Self, FileError> {
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let made = DirBuilder::new().mode(0o700).create(&path);
        match made.as_ref().map_err(io::Error::kind) {
            Err(io::ErrorKind::AlreadyExists) => return Self::open(path),
            Err(io::ErrorKind::NotFound) if is_link(parent) => {
                return Err(FileError::LinkToNothing { path: parent.into() });
            }
            Err(io::ErrorKind::NotFound) => {
                let parent = parent.into();
                return Err(FileError::NoParent { path, parent });
            }
            Err(io::ErrorKind::NotADirectory) => return Err(FileError::NotDirectory { path: parent.into() }),
            _ => {}
        }
        // Else a crash can lose the directory with every key in it, however durable those are.
        match made.and_then(|()| File::open(parent)?.sync_all()) {
            Ok(()) => Self::open(path),
            Err(source) => Err(FileError::Write { path, source }),
        }
    }

    /// Reads a file in it that only its owner may read, of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`read_private`](super::read_private).
    pub fn read(&self, name: &str, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
        read::read_private_in(&*self.handle, Path::new(name), &self.path.join(name), limit)
    }

    /// Whether anything has this name in it, a link to nothing included.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub fn has(&self, name: &str) -> Result<bool, FileError> {
        match rustix::fs::statat(&*self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(FileError::Read { path: self.path.join(name), source: errno.into() }),
        }
    }

    /// The names of all that is in it, in no order, `.` and `..` included.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub fn names(&self) -> Result<Vec<OsString>, FileError> {
        let name = |entry: rustix::fs::DirEntry| OsString::from_vec(entry.file_name().to_bytes().to_vec());
        let read = || rustix::fs::Dir::read_from(&*self.handle)?.map(|found| found.map(name)).collect();
        let names: Result<_, Errno> = read();
        names.map_err(|errno| FileError::Read { path: self.path.clone(), source: errno.into() })
    }

    /// Puts `contents` at `name` with mode 0600: whoever reads sees the old file or the new one, whole,
    /// also after a crash.
    ///
    /// # Errors
    /// What the operating system refuses. Unless the error came from the very last step, making the new
    /// name durable, the old file is unchanged.
    pub fn replace(&self, name: &str, contents: &[u8]) -> Result<(), FileError> {
        let write = || -> io::Result<()> {
            let (directory, temporary) = (&*self.handle, temporary_name()?);
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut file =
                File::from(rustix::fs::openat(directory, &temporary, flags, Mode::RUSR | Mode::WUSR)?);
            let written = file.write_all(contents).and_then(|()| file.sync_all());
            let renamed =
                written.and_then(|()| Ok(rustix::fs::renameat(directory, &temporary, directory, name)?));
            if renamed.is_err() {
                // The first error is the one to tell; what stays is listed as an orphan.
                let _ = rustix::fs::unlinkat(directory, &temporary, AtFlags::empty());
            }
            renamed?;
            Ok(rustix::fs::fsync(directory)?)
        };
        write().map_err(|source| FileError::Write { path: self.path.join(name), source })
    }

    /// Removes the file at `name`, durably; that none is there is no error.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub fn remove(&self, name: &str) -> Result<(), FileError> {
        let removed = match rustix::fs::unlinkat(&*self.handle, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            removed => removed,
        };
        let durable = removed.and_then(|()| rustix::fs::fsync(&*self.handle));
        durable.map_err(|errno| FileError::Write { path: self.path.join(name), source: errno.into() })
    }

    /// Takes its exclusive lock, without waiting.
    ///
    /// # Errors
    /// [`FileError::Busy`] while another process holds it, something else in the lock's place, or what the
    /// operating system refuses.
    pub fn lock(&self) -> Result<DirectoryLock, FileError> {
        let path = self.path.join(LOCK_FILE);
        let foreign = |found| FileError::ForeignLock { path: path.clone(), found };
        let failed = |source| FileError::Write { path: path.clone(), source };
        // A file of its own, opened for writing: NFS gives an exclusive lock on nothing else.
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let mode = Mode::RUSR | Mode::WUSR;
        let opened = rustix::fs::openat(&*self.handle, LOCK_FILE, flags, mode);
        let file = opened.map(File::from).map_err(|errno| match errno {
            Errno::LOOP => foreign("symbolic link"),
            Errno::ISDIR => foreign("directory"),
            Errno::NXIO => foreign("socket or device"),
            other => failed(other.into()),
        })?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(foreign(read::kind(&metadata)));
        }
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => FileError::Busy { path: self.path.clone() },
            TryLockError::Error(source) => failed(source),
        })?;
        Ok(DirectoryLock { _file: file })
    }
}

/// The right to change a keyring directory. It ends when this is dropped or the process dies.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Nothing can be at a name that nobody could foresee.
fn temporary_name() -> io::Result<String> {
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!("{TEMPORARY_PREFIX}{:016x}.tmp", u64::from_ne_bytes(random)))
}

/// Whether the path itself is a symbolic link, also when it is written with a slash at its end.
fn is_link(path: &Path) -> bool {
    let path: PathBuf = path.components().collect();
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    fn directory() -> (TempDir, OpenDirectory) {
        let place = tempfile::tempdir().unwrap();
        let directory = OpenDirectory::open(place.path().into()).unwrap();
        (place, directory)
    }

    #[test]
    fn a_replaced_file_is_private_and_whole() {
        let (place, directory) = directory();
        directory.replace("file", b"old").unwrap();
        directory.replace("file", b"new").unwrap();
        assert_eq!(*directory.read("file", 3).unwrap(), b"new");
        assert_eq!(fs::metadata(place.path().join("file")).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_failed_rename_leaves_no_temporary_file() {
        let (place, directory) = directory();
        fs::create_dir(place.path().join("file")).unwrap();
        assert!(matches!(directory.replace("file", b"new"), Err(FileError::Write { .. })));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused() {
        let (place, directory) = directory();
        let open = |path: &Path| OpenDirectory::open(path.into());
        for (mode, accepted) in
            [(0o700, true), (0o755, true), (0o770, false), (0o702, false), (0o1777, false)]
        {
            fs::set_permissions(place.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(open(place.path()).is_ok(), accepted, "{mode:o}");
        }
        let missing = place.path().join("missing");
        assert!(matches!(open(&missing), Err(FileError::NoDirectory { .. })));
        directory.replace("file", b"").unwrap();
        let file = place.path().join("file");
        assert!(matches!(open(&file), Err(FileError::NotDirectory { .. })));
        assert!(matches!(open(&file.join("below")), Err(FileError::NotDirectory { .. })));
    }

    #[test]
    fn a_link_to_a_directory_is_followed_and_one_to_nothing_is_not_made() {
        let (place, directory) = directory();
        let [link, dangling] = ["link", "dangling/"].map(|name| place.path().join(name));
        symlink(place.path(), &link).unwrap();
        symlink("nowhere", place.path().join("dangling")).unwrap();
        directory.replace("file", b"x").unwrap();
        assert!(OpenDirectory::create(link).unwrap().has("file").unwrap());
        assert!(matches!(OpenDirectory::create(dangling), Err(FileError::LinkToNothing { .. })));
        assert!(!place.path().join("nowhere").exists());
        assert!(directory.has("dangling").unwrap() && !directory.has("nowhere").unwrap());
    }

    #[test]
    fn the_lock_has_one_holder() {
        let (_place, directory) = directory();
        let held = directory.lock().unwrap();
        assert!(matches!(directory.lock(), Err(FileError::Busy { .. })));
        drop(held);
        directory.lock().unwrap();
    }

    #[test]
    fn a_lock_file_that_is_a_link_is_not_followed() {
        let (place, directory) = directory();
        let elsewhere = place.path().join("elsewhere");
        symlink(&elsewhere, place.path().join(LOCK_FILE)).unwrap();
        assert!(matches!(directory.lock(), Err(FileError::ForeignLock { found: "symbolic link", .. })));
        assert!(!elsewhere.exists());
    }
}
