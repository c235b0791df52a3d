//! The thread that writes the file, off every request's path.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::RevocationFileError;
use super::journal::Journal;
use crate::session::revocation::StoreOutage;
use crate::session::revocation::memory::MemoryRevocations;
use crate::session::revocation::record::Record;

/// Requests that may wait for the disk; as many are written at once.
const QUEUED: usize = 4096;

/// How soon a file that could not be written is tried again by itself.
const RETRY: Duration = Duration::from_secs(1);

/// Keeps revocations in the file.
#[derive(Debug)]
pub(super) struct Keeper {
    queue: SyncSender<Waiting>,
    outage: Outage,
}

/// Why the file cannot be written at this moment, if it cannot.
type Outage = Arc<Mutex<Option<io::ErrorKind>>>;

/// A revocation, and who waits until it is on the disk.
struct Waiting {
    record: Record,
    answer: oneshot::Sender<Result<(), StoreOutage>>,
}

impl Keeper {
    /// Starts the thread. It ends with the last that could ask it.
    pub(super) fn start(
        journal: Journal,
        memory: Arc<MemoryRevocations>,
    ) -> Result<Self, RevocationFileError> {
        let (queue, waiting) = sync_channel(QUEUED);
        let outage = Outage::default();
        let thread = Thread { journal, memory, waiting, outage: outage.clone() };
        let started = thread::Builder::new().name("revocations".to_owned()).spawn(|| thread.run());
        started.map_err(RevocationFileError::Thread)?;
        Ok(Self { queue, outage })
    }

    /// Waits until a revocation that the memory has is on the disk.
    pub(super) async fn keep(&self, record: Record) -> Result<(), StoreOutage> {
        const GONE: StoreOutage = StoreOutage::File(io::ErrorKind::BrokenPipe);
        let (answer, kept) = oneshot::channel();
        let waiting = Waiting { record, answer };
        self.queue.try_send(waiting).map_err(|_| StoreOutage::File(io::ErrorKind::ResourceBusy))?;
        kept.await.unwrap_or(Err(GONE))
    }

    pub(super) fn health(&self) -> Result<(), StoreOutage> {
        let outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        outage.map_or(Ok(()), |kind| Err(StoreOutage::File(kind)))
    }
}

struct Thread {
    journal: Journal,
    memory: Arc<MemoryRevocations>,
    waiting: Receiver<Waiting>,
    outage: Outage,
}

impl Thread {
    /// Whoever came while the disk was busy is written with one call, and waits for one.
    fn run(mut self) {
        let mut is_failing = false;
        loop {
            let first = match self.waiting.recv_timeout(if is_failing { RETRY } else { Duration::MAX }) {
                Ok(waiting) => Some(waiting),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let batch: Vec<_> = first.into_iter().chain(self.waiting.try_iter().take(QUEUED)).collect();
            let records: Vec<_> = batch.iter().map(|waiting| waiting.record).collect();
            let written = self.write(&records);
            is_failing = written.is_err();
            self.tell(&written);
            let answer = written.map_err(|error| StoreOutage::File(error.kind()));
            for waiting in batch {
                // One that was late has been answered.
                let _ = waiting.answer.send(answer);
            }
        }
    }

    /// What is written anew is all that the memory holds, these included.
    fn write(&mut self, records: &[Record]) -> io::Result<()> {
        match self.journal.wants_rewriting(self.memory.len()) {
            true => self.journal.rewrite(&self.memory.records()),
            false => self.journal.append(records),
        }
    }

    /// Says once that it fails and why, and once that it works again.
    fn tell(&self, written: &io::Result<()>) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = written.as_ref().err().map(io::Error::kind);
        match (outage.is_some(), written) {
            (false, Err(error)) => {
                tracing::error!(%error, "the file of revocations cannot be written; it is tried again every second");
            }
            (true, Ok(())) => tracing::info!("the file of revocations can be written again"),
            _ => {}
        }
        *outage = kind;
    }
}
