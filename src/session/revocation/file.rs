//! Revocations in memory, and in a file from which the next process takes them over.
//!
//! Requests ask the memory alone. What is to be shut out is there first, so that it holds at once; that it was
//! recorded is said only once the file is on the disk. The one thread that writes is [`keeper`]'s, and how, [`journal`]'s.

mod error;
mod journal;
mod keeper;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use self::error::RevocationFileError;
use self::journal::Journal;
use self::keeper::Keeper;
use super::memory::MemoryRevocations;
use super::{RevocationKey, StoreOutage};
use crate::session::Session;

/// The revocations of one process after the other.
#[derive(Debug)]
pub(super) struct FileRevocations {
    memory: Arc<MemoryRevocations>,
    keeper: Keeper,
}

impl FileRevocations {
    /// Takes the file over, and writes it anew without what is forgotten: what cannot be written later fails now.
    pub(super) fn open(
        path: &Path,
        capacity: NonZeroUsize,
        longest: Duration,
        now: i64,
    ) -> Result<Self, RevocationFileError> {
        let memory = Arc::new(MemoryRevocations::new(capacity));
        let (mut journal, records) = Journal::open(path)?;
        memory.restore(records, now, longest);
        let written = journal.rewrite(&memory.records());
        written.map_err(|source| RevocationFileError::Write { path: path.into(), source })?;
        Ok(Self { keeper: Keeper::start(journal, memory.clone())?, memory })
    }

    pub(super) async fn revoke(
        &self,
        key: RevocationKey,
        reached: i64,
        remembered: Duration,
    ) -> Result<(), StoreOutage> {
        let record = self.memory.revoke(key, reached, remembered)?;
        self.keeper.keep(record).await
    }

    pub(super) fn refuses(&self, session: &Session, now: i64) -> bool {
        self.memory.refuses(session, now)
    }

    pub(super) fn health(&self) -> Result<(), StoreOutage> {
        self.keeper.health()
    }
}

/// How many revocations the file at `path` holds, forgotten ones included; 0 if there is no file yet. Reads it as a
/// service would that starts, and changes nothing.
///
/// # Errors
/// [`RevocationFileError`] that would keep a service from starting.
pub fn recorded_in(path: &Path) -> Result<usize, RevocationFileError> {
    journal::read(path).map(|records| records.len())
}
