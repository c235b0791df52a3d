use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::acl::{has_list, lets_in_only};
use super::error::FileError;

/// A file to be read, and what it must be like.
struct Wanted<'a> {
    /// Where `name` starts.
    directory: BorrowedFd<'a>,
    name: &'a Path,
    /// What messages call it.
    path: &'a Path,
    limit: u64,
    /// Who may have a permission.
    readers: Readers,
    /// It may be reached by a symbolic link; the file behind that is judged.
    linked: bool,
}

/// Who may have a permission on a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    /// Its owner: this user or root.
    Owner,
    /// Its owner and, to read it, one of this process's groups. In a mounted volume that is a group that the pod has
    /// for this very purpose (`fsGroup`).
    OurGroup,
    /// Anybody, and anybody may own it.
    All,
}

/// Reads a file that only its owner may read, of at most `limit` bytes.
///
/// # Errors
/// A link, anything but a regular file, an owner who is neither this user nor root, any permission
/// for group or others, more than `limit` bytes, or what the operating system refuses.
pub fn read_private(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(&Wanted { directory: CWD, name: path, path, limit, readers: Readers::Owner, linked: false })
}

/// The same for a file that may be reached by a link, as mounted secrets are: the file behind the link is
/// held to the rules.
///
/// # Errors
/// As [`read_private`], but for the link.
pub fn read_linked_private(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(&Wanted { directory: CWD, name: path, path, limit, readers: Readers::Owner, linked: true })
}

/// Reads a file that anybody may own, read and link to, of at most `limit` bytes.
///
/// # Errors
/// Anything but a regular file, more than `limit` bytes, or what the operating system refuses.
pub fn read_public(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(&Wanted { directory: CWD, name: path, path, limit, readers: Readers::All, linked: true })
}

/// Reads a private key from wherever a person names it, of at most `limit` bytes: a link is followed, and a
/// pipe is waited for. Of a regular file it also says what [`read_private`] would have against its owner and
/// permissions.
///
/// # Errors
/// A directory, more than `limit` bytes, or what the operating system refuses.
pub fn read_by_hand(path: &Path, limit: u64) -> Result<(Zeroizing<Vec<u8>>, Option<FileError>), FileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => FileError::Missing { path: path.into() },
        _ => FileError::Read { path: path.into(), source },
    };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(FileError::NotRegular { path: path.into(), found: kind(&metadata) });
    }
    let objection = if metadata.is_file() { refuse_exposed(path, &file, &metadata).err() } else { None };
    // A pipe does not tell how much is in it.
    let room = if metadata.is_file() { metadata.len() } else { limit };
    Ok((bounded(file, room, path, limit)?, objection))
}

/// As [`read_private`], for the file `name` in an open directory; messages call it `path`.
pub(super) fn read_private_in(
    directory: impl AsFd,
    name: &Path,
    path: &Path,
    limit: u64,
) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(&Wanted { directory: directory.as_fd(), name, path, limit, readers: Readers::Owner, linked: false })
}

/// As [`read_private_in`] for a file of a mounted volume, which one of our groups may read too.
pub(super) fn read_mounted_in(
    directory: impl AsFd,
    name: &Path,
    path: &Path,
    limit: u64,
) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(&Wanted {
        directory: directory.as_fd(),
        name,
        path,
        limit,
        readers: Readers::OurGroup,
        linked: false,
    })
}

/// Everything is checked on the open descriptor, so what was checked is what is read.
fn read(wanted: &Wanted<'_>) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let &Wanted { path, limit, .. } = wanted;
    let file = open(wanted)?;
    let failed = |source| FileError::Read { path: path.into(), source };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular { path: path.into(), found: kind(&metadata) });
    }
    match wanted.readers {
        Readers::Owner => refuse_exposed(path, &file, &metadata)?,
        Readers::OurGroup => refuse_exposed_mount(path, &file, &metadata)?,
        Readers::All => {}
    }
    bounded(file, metadata.len(), path, limit)
}

/// Everything that is in a file, which holds `expected` bytes or so.
fn bounded(file: File, expected: u64, path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let too_large = || FileError::TooLarge { path: path.into(), limit };
    if expected > limit {
        return Err(too_large());
    }
    // Room for everything at once: a vector that grows leaves copies of a key behind.
    let room = usize::try_from(expected).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let failed = |source| FileError::Read { path: path.into(), source };
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

fn open(wanted: &Wanted<'_>) -> Result<File, FileError> {
    // NONBLOCK: a FIFO must be refused, not waited for.
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    flags.set(OFlags::NOFOLLOW, !wanted.linked);
    let path = wanted.path;
    let opened = rustix::fs::openat(wanted.directory, wanted.name, flags, Mode::empty());
    opened.map(File::from).map_err(|errno| match errno {
        Errno::NOENT => FileError::Missing { path: path.into() },
        Errno::LOOP if !wanted.linked => FileError::Link { path: path.into() },
        Errno::NXIO => FileError::NotRegular { path: path.into(), found: "socket or device" },
        Errno::ACCESS if wanted.readers == Readers::OurGroup => FileError::MountDenied { path: path.into() },
        Errno::ACCESS if wanted.readers == Readers::Owner => denied(wanted),
        other => FileError::Read { path: path.into(), source: other.into() },
    })
}

/// Why this user may not open a file: telling it to change the permissions of root's would be no help.
fn denied(wanted: &Wanted<'_>) -> FileError {
    let flags = if wanted.linked { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    let (path, us) = (wanted.path.into(), rustix::process::geteuid().as_raw());
    match rustix::fs::statat(wanted.directory, wanted.name, flags) {
        Ok(about) if about.st_uid == 0 => FileError::RootOwned { path, mode: about.st_mode & 0o7777, us },
        _ => FileError::Read { path, source: Errno::ACCESS.into() },
    }
}

fn refuse_exposed(path: &Path, file: &File, metadata: &Metadata) -> Result<(), FileError> {
    refuse_stranger(path, metadata)?;
    let mode = metadata.mode() & 0o7777;
    let us = rustix::process::geteuid().as_raw();
    match (mode & 0o077, metadata.uid()) {
        (0, _) => Ok(()),
        (group, _) if group & 0o007 == 0 && lets_in_only(us, file) => Ok(()),
        (_, 0) if us != 0 => Err(FileError::RootOwned { path: path.into(), mode, us }),
        _ => Err(FileError::Exposed { path: path.into(), mode }),
    }
}

fn refuse_exposed_mount(path: &Path, file: &File, metadata: &Metadata) -> Result<(), FileError> {
    refuse_stranger(path, metadata)?;
    let mode = metadata.mode() & 0o7777;
    // With a list, the bits of the group say nothing of it.
    let is_our_groups = || is_our_group(metadata.gid()) && !has_list(file);
    let us = rustix::process::geteuid().as_raw();
    match mode & 0o077 {
        0 => Ok(()),
        0o040 if is_our_groups() || lets_in_only(us, file) => Ok(()),
        _ => Err(FileError::MountExposed { path: path.into(), mode }),
    }
}

fn is_our_group(group: u32) -> bool {
    // Where the system does not tell, none is.
    let others = rustix::process::getgroups().unwrap_or_default();
    rustix::process::getegid().as_raw() == group || others.iter().any(|other| other.as_raw() == group)
}

/// What is there in the place of a regular file, in words.
pub(super) fn kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_dir() {
        "directory"
    } else if kind.is_fifo() {
        "FIFO"
    } else {
        "socket or device"
    }
}

/// Root is trusted as an owner: it can read and change everything anyway.
pub(super) fn refuse_stranger(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    refuse_owner(path, metadata.uid())
}

/// As [`refuse_stranger`], of an owner.
pub(super) fn refuse_owner(path: &Path, owner: u32) -> Result<(), FileError> {
    let us = rustix::process::geteuid().as_raw();
    if owner == us || owner == 0 { Ok(()) } else { Err(FileError::Owner { path: path.into(), owner, us }) }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::PathBuf;

    use rustix::fs::XattrFlags;

    use super::*;

    const LIMIT: u64 = 16;

    fn private_file(directory: &Path, contents: &[u8]) -> PathBuf {
        let path = directory.join("file");
        fs::write(&path, contents).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
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
    fn in_a_mount_a_list_for_others_is_not_taken_for_our_group() {
        let directory = tempfile::tempdir().unwrap();
        let path = private_file(directory.path(), b"secret");
        let read_mounted = || read_mounted_in(CWD, &path, &path, LIMIT);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert_eq!(*read_mounted().unwrap(), b"secret", "a group of ours");
        let us = rustix::process::geteuid().as_raw();
        for (user, is_taken) in [(us, true), (us + 1, false)] {
            // As setfacl writes it: user::rw-,user:USER:r--,group::---,mask::r--,other::---
            let entries = [(0x01, 6, u32::MAX), (0x02, 4, user), (0x04, 0, u32::MAX), (0x10, 4, u32::MAX)];
            let mut list = 2_u32.to_le_bytes().to_vec();
            for (tag, permission, id) in entries.into_iter().chain([(0x20, 0, u32::MAX)]) {
                list.extend([u16::to_le_bytes(tag), u16::to_le_bytes(permission)].concat());
                list.extend(u32::to_le_bytes(id));
            }
            let file = File::open(&path).unwrap();
            rustix::fs::fsetxattr(&file, "system.posix_acl_access", &list, XattrFlags::empty()).unwrap();
            assert_eq!(
                fs::metadata(&path).unwrap().mode() & 0o777,
                0o640,
                "the mask, which looks like a group"
            );
            let read = read_mounted();
            match is_taken {
                true => assert!(read.is_ok(), "{read:?}"),
                false => assert!(matches!(read, Err(FileError::MountExposed { mode: 0o640, .. })), "{user}"),
            }
        }
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
        private_file(directory.path(), &[b'x'; 17]);
        assert!(matches!(read_private(&path, LIMIT), Err(FileError::TooLarge { limit: 16, .. })));
    }

    #[test]
    fn a_link_is_followed_only_where_it_may_be_and_the_file_behind_it_is_judged() {
        let directory = tempfile::tempdir().unwrap();
        let path = private_file(directory.path(), b"secret");
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(*read_linked_private(&link, LIMIT).unwrap(), b"secret");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read_linked_private(&link, LIMIT), Err(FileError::Exposed { mode: 0o644, .. })));
        assert_eq!(*read_public(&link, LIMIT).unwrap(), b"secret");
        assert!(matches!(read_public(&link, 5), Err(FileError::TooLarge { .. })));
        assert!(matches!(read_public(directory.path(), LIMIT), Err(FileError::NotRegular { .. })));
        fs::remove_file(&path).unwrap();
        assert!(matches!(read_public(&link, LIMIT), Err(FileError::Missing { .. })));
    }

    #[test]
    fn by_hand_the_same_rule_objects_and_refuses_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = private_file(directory.path(), b"secret");
        let (bytes, objection) = read_by_hand(&path, LIMIT).unwrap();
        assert!(*bytes == b"secret" && objection.is_none());
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let (bytes, objection) = read_by_hand(&path, LIMIT).unwrap();
        let expected = read_private(&path, LIMIT).unwrap_err().to_string();
        assert_eq!((&**bytes, objection.unwrap().to_string()), (&b"secret"[..], expected));
        assert!(matches!(read_by_hand(&path, 5), Err(FileError::TooLarge { .. })));
        assert!(matches!(read_by_hand(Path::new("/dev/zero"), LIMIT), Err(FileError::TooLarge { .. })));
        assert!(matches!(read_by_hand(directory.path(), LIMIT), Err(FileError::NotRegular { .. })));
        let missing = directory.path().join("missing");
        assert!(matches!(read_by_hand(&missing, LIMIT), Err(FileError::Missing { .. })));
    }
}
