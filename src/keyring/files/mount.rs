use std::fs::{File, Metadata};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::error::FileError;
use super::read;

/// The link to the current version of a volume that kubelet mounts (its AtomicWriter, in `pkg/volume/util`).
const CURRENT: &str = "..data";

/// How often the link is read again because what it named was replaced and removed meanwhile.
const ATTEMPTS: usize = 100;

/// The current version of a mounted volume (a Secret, a projected volume, the Secrets Store driver), or nothing if
/// `root`, opened at `path`, is an ordinary directory.
///
/// In such a volume every file is a link through `..data`, itself a link to a directory beside it, which is swapped as
/// a whole. So that directory is opened, once for a reading, and the files are read in it: they are regular there, no
/// link is followed but that one, and key and document are of one version. Kubelet's root directory has mode 1777:
/// in a sticky directory nobody but its owner, root or the owner of `..data` and of the version can replace them, so
/// those two have to be root's or ours, and nobody else may write in the version.
///
/// # Errors
/// The link leads anywhere but to a directory beside it, somebody else can replace one of the two, or what the
/// operating system refuses.
pub(super) fn current_version(
    root: &File,
    metadata: &Metadata,
    path: &Path,
) -> Result<Option<OwnedFd>, FileError> {
    for _ in 0..ATTEMPTS {
        let link = path.join(CURRENT);
        let about = match rustix::fs::statat(root, CURRENT, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(about) if FileType::from_raw_mode(about.st_mode) == FileType::Symlink => about,
            Ok(_) => return Err(FileError::OddMount { path: link }),
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(FileError::Read { path: link, source: errno.into() }),
        };
        read::refuse_owner(&link, about.st_uid)?;
        let mode = metadata.mode() & 0o7777;
        if mode & 0o022 != 0 && mode & 0o1000 == 0 {
            return Err(FileError::DirectoryExposed { path: path.into(), mode });
        }
        match version(root, &link)? {
            Some(version) => return Ok(Some(version)),
            None => continue,
        }
    }
    Err(FileError::OddMount { path: path.join(CURRENT) })
}

/// The directory that the link names; nothing if it is gone, for then the link leads to another by now.
fn version(root: impl AsFd, link: &Path) -> Result<Option<OwnedFd>, FileError> {
    let failed = |errno: Errno| FileError::Read { path: link.into(), source: errno.into() };
    let name = match rustix::fs::readlinkat(&root, CURRENT, Vec::new()) {
        Ok(name) => name,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(failed(errno)),
    };
    let beside = !name.as_bytes().contains(&b'/') && ![&b"."[..], b".."].contains(&name.as_bytes());
    if !beside {
        return Err(FileError::OddMount { path: link.into() });
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let version = match rustix::fs::openat(&root, name.as_c_str(), flags, Mode::empty()) {
        Ok(version) => version,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::NOTDIR) => return Err(FileError::OddMount { path: link.into() }),
        Err(errno) => return Err(failed(errno)),
    };
    let about = rustix::fs::fstat(&version).map_err(failed)?;
    read::refuse_owner(link, about.st_uid)?;
    match about.st_mode & 0o7777 {
        mode if mode & 0o022 == 0 => Ok(Some(version)),
        mode => Err(FileError::DirectoryExposed { path: link.into(), mode }),
    }
}
