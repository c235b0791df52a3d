//! The file: a heading, and a line for each revocation, the newest last.
//!
//! A line that was begun and not ended when the process was killed is the last, and nobody was told that it was
//! recorded. No other may be damaged. When the file has grown to several times what is remembered, it is written anew
//! beside the old one and takes its place (rename(2)), so that at any moment there is one of them, and whole.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::RevocationFileError;
use crate::session::revocation::record::Record;

const HEADING: &str = "edgemint revocations 1";

/// A file that holds so many lines more than twice those that are remembered is written anew.
const SLACK: usize = 4096;

/// The file, held by this process alone until it is dropped.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    directory: File,
    /// Open for appending. `None` since a write failed: what of it is on the disk is not known, so that all is to be
    /// written anew.
    file: Option<File>,
    lines: usize,
    /// Of the file, if nobody else has written to it.
    bytes: u64,
    _lock: File,
}

impl Journal {
    /// Takes hold of the file, which need not exist, and reads it. It is to be written anew before it is appended to.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Record>), RevocationFileError> {
        let directory = open_directory(path)?;
        let lock = lock(path)?;
        let records = read(path)?;
        let journal = Self { path: path.into(), directory, file: None, lines: 0, bytes: 0, _lock: lock };
        Ok((journal, records))
    }

    /// Whether the file should be written anew, for `remembered` revocations, instead of being appended to.
    pub(super) fn wants_rewriting(&self, remembered: usize) -> bool {
        let Some(file) = &self.file else { return true };
        if !self.is_in_place(file) {
            tracing::warn!(
                "the file of revocations was changed or taken away by another; it is written anew with all that is remembered"
            );
            return true;
        }
        self.lines > remembered.saturating_mul(2).saturating_add(SLACK)
    }

    /// Whether the next process would read what is appended to `file`, after what was written before: somebody may have
    /// removed it, put another in its place, or emptied it.
    fn is_in_place(&self, file: &File) -> bool {
        let (Ok(ours), Ok(there)) = (file.metadata(), fs::symlink_metadata(&self.path)) else { return false };
        (ours.dev(), ours.ino(), self.bytes) == (there.dev(), there.ino(), there.len())
    }

    /// Adds these; they are on the disk when this returns. After an error the file has to be written anew.
    pub(super) fn append(&mut self, records: &[Record]) -> io::Result<()> {
        // Given back once all is well.
        let mut file = self.file.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut bytes = Vec::with_capacity(records.len() * Record::MAX_BYTES);
        for record in records {
            record.write(&mut bytes)?;
        }
        file.write_all(&bytes)?;
        file.sync_data()?;
        self.lines += records.len();
        self.bytes += bytes.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    /// Puts a file with these and no others in its place; they are on the disk when this returns.
    pub(super) fn rewrite(&mut self, records: &[Record]) -> io::Result<()> {
        self.file = None;
        let new = beside(&self.path, ".new");
        let replaced = write_new(&new, records).and_then(|file| {
            fs::rename(&new, &self.path)?;
            self.directory.sync_all()?;
            Ok(file)
        });
        if replaced.is_err() {
            // A full disk gets its room back. The first error is the one to tell.
            let _ = fs::remove_file(&new);
        }
        let file = replaced?;
        self.bytes = file.metadata()?.len();
        self.file = Some(file);
        self.lines = records.len();
        Ok(())
    }
}

fn write_new(path: &Path, records: &[Record]) -> io::Result<File> {
    match fs::remove_file(path) {
        // Of a process that was killed.
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    let mut out = BufWriter::new(file);
    writeln!(out, "{HEADING}")?;
    for record in records {
        record.write(&mut out)?;
    }
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file)
}

/// What the file holds. A last line without an end is left out: nobody was told that it was recorded.
pub(super) fn read(path: &Path) -> Result<Vec<Record>, RevocationFileError> {
    open_directory(path)?;
    let failed = |source| RevocationFileError::Read { path: path.into(), source };
    // NONBLOCK: a FIFO must be refused, not waited for.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(Vec::new()),
        Err(Errno::LOOP | Errno::NXIO) => return Err(RevocationFileError::NotRegular(path.into())),
        Err(errno) => return Err(failed(errno.into())),
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(RevocationFileError::NotRegular(path.into()));
    }
    refuse_stranger(path, &metadata)?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(RevocationFileError::Exposed { path: path.into(), mode });
    }
    lines(path, BufReader::new(file))
}

fn lines(path: &Path, mut file: BufReader<File>) -> Result<Vec<Record>, RevocationFileError> {
    let (mut records, mut line) = (Vec::new(), Vec::new());
    for number in 1.. {
        line.clear();
        // No line of ours is longer, whatever else the file may be.
        let read = file.by_ref().take(Record::MAX_BYTES as u64).read_until(b'\n', &mut line);
        let bytes = read.map_err(|source| RevocationFileError::Read { path: path.into(), source })?;
        let text = line.strip_suffix(b"\n").map(|line| std::str::from_utf8(line).unwrap_or_default());
        match text {
            // An empty file, or one whose last line was not ended.
            None if bytes < Record::MAX_BYTES => break,
            Some(HEADING) if number == 1 => {}
            _ if number == 1 => {
                return Err(RevocationFileError::Foreign { path: path.into(), expected: HEADING });
            }
            text => {
                let record = text.and_then(Record::parse);
                records.push(record.ok_or(RevocationFileError::Damaged { path: path.into(), line: number })?);
            }
        }
    }
    Ok(records)
}

/// The directory of the file, if nobody else can put another file there.
fn open_directory(path: &Path) -> Result<File, RevocationFileError> {
    let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let failed = |source| RevocationFileError::Read { path: parent.into(), source };
    let directory = rustix::fs::open(parent, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::NOENT | Errno::NOTDIR => RevocationFileError::NoDirectory(parent.into()),
        errno => failed(errno.into()),
    })?;
    let directory = File::from(directory);
    let metadata = directory.metadata().map_err(failed)?;
    refuse_stranger(parent, &metadata)?;
    let mode = metadata.mode() & 0o7777;
    match mode & 0o022 {
        0 => Ok(directory),
        _ => Err(RevocationFileError::DirectoryExposed { path: parent.into(), mode }),
    }
}

/// A file of its own: the other is replaced now and then, and a lock with it.
fn lock(path: &Path) -> Result<File, RevocationFileError> {
    let beside = beside(path, ".lock");
    let failed = |source| RevocationFileError::Write { path: beside.clone(), source };
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file =
        rustix::fs::open(&beside, flags, Mode::RUSR | Mode::WUSR).map_err(|errno| failed(errno.into()))?;
    let file = File::from(file);
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RevocationFileError::Busy(path.into())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn refuse_stranger(path: &Path, metadata: &Metadata) -> Result<(), RevocationFileError> {
    let us = rustix::process::geteuid().as_raw();
    match metadata.uid() {
        owner if owner == us || owner == 0 => Ok(()),
        owner => Err(RevocationFileError::Owner { path: path.into(), owner, us }),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::{Duration, Instant};

    use serde_json::Map;

    use super::super::FileRevocations;
    use super::*;
    use crate::session::revocation::RevocationKey;
    use crate::session::{Session, Subject};

    const NOW: i64 = 1_800_000_000;
    const DAY: Duration = Duration::from_hours(24);

    /// The one before is gone once its thread has seen that nobody is left.
    fn open(path: &Path) -> FileRevocations {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match FileRevocations::open(path, NonZeroUsize::new(100).unwrap(), DAY, NOW) {
                Err(RevocationFileError::Busy(_)) if Instant::now() < deadline => std::thread::yield_now(),
                opened => return opened.unwrap(),
            }
        }
    }

    fn subject(name: &str) -> Subject {
        Subject::parse(name).unwrap()
    }

    #[test]
    fn a_file_that_is_taken_away_or_replaced_takes_nothing_with_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("revocations");
        let mut file = open(&path);
        let names = ["a", "b", "c", "d"];
        for name in names {
            match name {
                "a" => {}
                "b" => fs::remove_file(&path).unwrap(),
                "c" => fs::write(&path, "").unwrap(),
                // As editors do.
                _ => {
                    let copy = place.path().join("copy");
                    fs::copy(&path, &copy).unwrap();
                    fs::rename(&copy, &path).unwrap();
                }
            }
            let key = RevocationKey::of_subject(&subject(name));
            runtime.block_on(file.revoke(key, NOW, DAY)).unwrap();
            drop(file);
            file = open(&path);
            let session = Session { started: Some(NOW), ..Session::new(subject(name), Map::new()) };
            assert!(file.refuses(&session, NOW), "{name} is told to be shut out, and is let in");
        }
        for name in names {
            let session = Session { started: Some(NOW), ..Session::new(subject(name), Map::new()) };
            assert!(file.refuses(&session, NOW), "{name}, earlier");
        }
    }
}
