//! The thread that writes the file, off every request's path.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
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
    /// Whether the memory holds what found no place in the queue.
    passed_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
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
        let (outage, passed_over) = (Outage::default(), Arc::<AtomicBool>::default());
        let thread =
            Thread { journal, memory, waiting, outage: outage.clone(), passed_over: passed_over.clone() };
        let started = thread::Builder::new().name("revocations".to_owned()).spawn(|| thread.run());
        let thread = started.map_err(RevocationFileError::Thread)?;
        Ok(Self { queue, outage, passed_over, thread })
    }

    /// Waits until a revocation that the memory has is on the disk.
    ///
    /// Where too many wait already, nobody is told that it is recorded; but it is, with all that the memory holds, as
    /// soon as the disk has done with those.
    pub(super) async fn keep(&self, record: Record) -> Result<(), StoreOutage> {
        let (answer, kept) = oneshot::channel();
        let mut queued = self.queue.try_send(Waiting { record, answer });
        if let Err(TrySendError::Full(waiting)) = queued {
            // Said before the second try: what is then before it in the queue is written after it was said.
            self.passed_over.store(true, Ordering::Release);
            queued = self.queue.try_send(waiting);
        }
        match queued {
            Ok(()) => kept.await.unwrap_or(Err(StoreOutage::Broken)),
            Err(TrySendError::Full(_)) => Err(StoreOutage::File(io::ErrorKind::ResourceBusy)),
            Err(TrySendError::Disconnected(_)) => Err(StoreOutage::Broken),
        }
    }

    pub(super) fn health(&self) -> Result<(), StoreOutage> {
        // It never ends by itself while somebody can ask it.
        if self.thread.is_finished() {
            return Err(StoreOutage::Broken);
        }
        let outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        outage.map_or(Ok(()), |kind| Err(StoreOutage::File(kind)))
    }
}

struct Thread {
    journal: Journal,
    memory: Arc<MemoryRevocations>,
    waiting: Receiver<Waiting>,
    outage: Outage,
    passed_over: Arc<AtomicBool>,
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

    /// What is written anew is all that the memory holds: these, and what was passed over.
    fn write(&mut self, records: &[Record]) -> io::Result<()> {
        let passed_over = self.passed_over.swap(false, Ordering::Acquire);
        match passed_over || self.journal.wants_rewriting(self.memory.len()) {
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

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::path::Path;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};
    use std::time::Instant;

    use super::super::journal::read;
    use super::*;
    use crate::session::Subject;
    use crate::session::revocation::RevocationKey;

    const NOW: i64 = 1_800_000_000;

    fn revoke(memory: &MemoryRevocations, name: &str) -> Record {
        let key = RevocationKey::of_subject(&Subject::parse(name).unwrap());
        memory.revoke(key, NOW, Duration::from_hours(1)).unwrap()
    }

    /// A keeper with room for one that waits, whose thread begins when it is told to.
    fn keeper(path: &Path, memory: &Arc<MemoryRevocations>) -> (Keeper, mpsc::Sender<()>) {
        let (mut journal, _) = Journal::open(path).unwrap();
        journal.rewrite(&[]).unwrap();
        let (queue, waiting) = sync_channel(1);
        let (outage, passed_over) = (Outage::default(), Arc::<AtomicBool>::default());
        let (go, gone) = mpsc::channel();
        let memory = memory.clone();
        let thread =
            Thread { journal, memory, waiting, outage: outage.clone(), passed_over: passed_over.clone() };
        let thread = thread::spawn(move || {
            let thread = thread;
            gone.recv().expect("somebody lets it go on");
            thread.run();
        });
        (Keeper { queue, outage, passed_over, thread }, go)
    }

    fn wait_for(mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !is_so() {
            assert!(Instant::now() < deadline, "it did not happen in time");
            thread::yield_now();
        }
    }

    #[test]
    fn what_found_no_place_in_the_queue_is_recorded_when_the_disk_has_done_with_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("revocations");
        let memory = Arc::new(MemoryRevocations::new(NonZeroUsize::new(10).unwrap()));
        let (keeper, go) = keeper(&path, &memory);
        {
            let mut first = pin!(keeper.keep(revoke(&memory, "a")));
            assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let busy = Err(StoreOutage::File(io::ErrorKind::ResourceBusy));
            assert_eq!(runtime.block_on(keeper.keep(revoke(&memory, "b"))), busy);
            assert_eq!(read(&path).unwrap().len(), 0);
            go.send(()).unwrap();
            assert_eq!(runtime.block_on(first), Ok(()));
        }
        assert_eq!(read(&path).unwrap().len(), 2, "nobody comes after it, and it is written all the same");
        assert_eq!(keeper.health(), Ok(()));
    }

    #[test]
    fn without_its_thread_nothing_is_recorded_and_that_is_said() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let place = tempfile::tempdir().unwrap();
        let memory = Arc::new(MemoryRevocations::new(NonZeroUsize::new(10).unwrap()));
        let (keeper, go) = keeper(&place.path().join("revocations"), &memory);
        assert_eq!(keeper.health(), Ok(()));
        // The thread panics.
        drop(go);
        wait_for(|| keeper.health() == Err(StoreOutage::Broken));
        assert_eq!(runtime.block_on(keeper.keep(revoke(&memory, "a"))), Err(StoreOutage::Broken));
    }
}
