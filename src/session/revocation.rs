//! Shuts listeners out: what a back end has revoked, and since when.
//!
//! A revocation records the second in which it was made. It reaches every session that began in that second or
//! before: a listener who signs in again later is welcome. Where the store cannot tell, nobody is let in.

mod file;
mod memory;
mod record;
mod redis;

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use thiserror::Error;
use tracing::{Instrument as _, info_span};

use self::file::FileRevocations;
pub use self::file::{RevocationFileError, recorded_in};
use self::memory::MemoryRevocations;
use self::redis::RedisRevocations;
use super::redis::{RedisClient, RedisFailure};
use super::{Session, SessionId, Subject};

/// What is shut out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Every session of a listener.
    Subject(Subject),
    /// One session.
    Session(SessionId),
}

/// What a revocation is remembered by: a hash, so that a dump of the store names nobody.
///
/// 128 bits of SHA-256. A collision could only shut one more out, never let one in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct RevocationKey([u8; 16]);

impl RevocationKey {
    fn of_subject(subject: &Subject) -> Self {
        Self::of(b"subject\0", subject.as_str())
    }

    fn of_session(id: &SessionId) -> Self {
        Self::of(b"session\0", id.as_str())
    }

    fn of(kind: &[u8], name: &str) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(kind);
        hash.update(name.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finish().as_ref()[..16]);
        Self(key)
    }
}

impl From<&Revoked> for RevocationKey {
    fn from(revoked: &Revoked) -> Self {
        match revoked {
            Revoked::Subject(subject) => Self::of_subject(subject),
            Revoked::Session(id) => Self::of_session(id),
        }
    }
}

impl fmt::Debug for RevocationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevocationKey({:032x})", u128::from_be_bytes(self.0))
    }
}

/// The revocations of this service.
#[derive(Debug)]
pub struct Revocations {
    backend: Backend,
    remembered: Duration,
}

/// Where revocations are remembered.
#[derive(Debug)]
enum Backend {
    Memory(MemoryRevocations),
    File(FileRevocations),
    Redis(RedisRevocations),
}

impl Revocations {
    /// How many revocations an in-memory store holds unless told otherwise, in at most 140 MB; memory is taken
    /// as they are made.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(1_000_000).expect("not zero");

    /// How long a revocation is remembered unless told otherwise: 30 days.
    pub const DEFAULT_REMEMBERED: Duration = Duration::from_hours(30 * 24);

    /// A store in this process, for one instance; what it remembers ends with the process. It holds up to
    /// `capacity` revocations for `remembered` (whole seconds) each, and takes no other while it is full.
    ///
    /// `remembered` has to be at least as long as the longest session: a forgotten revocation reaches nobody.
    pub fn in_memory(capacity: NonZeroUsize, remembered: Duration) -> Self {
        Self { backend: Backend::Memory(MemoryRevocations::new(capacity)), remembered }
    }

    /// The same, and what it remembers is in the file at `path` too, from which the next process takes it over. `now` in
    /// epoch seconds. The file is held until the store is dropped: it is for one instance.
    ///
    /// # Errors
    /// [`RevocationFileError`] if the file cannot be used, with what to do.
    pub fn in_file(
        path: &Path,
        capacity: NonZeroUsize,
        remembered: Duration,
        now: i64,
    ) -> Result<Self, RevocationFileError> {
        Ok(Self {
            backend: Backend::File(FileRevocations::open(path, capacity, remembered, now)?),
            remembered,
        })
    }

    /// A store in Redis, for all instances that use the same one with the same `prefix`, which comes before the
    /// names of keys. It remembers a revocation for `remembered` (whole seconds), by the clock of Redis.
    pub fn in_redis(client: RedisClient, prefix: &str, remembered: Duration) -> Self {
        Self { backend: Backend::Redis(RedisRevocations::new(client, prefix)), remembered }
    }

    /// Shuts out every session of `revoked` that began at `now` (epoch seconds) or before. Repeating it moves
    /// that second forward, never back.
    ///
    /// # Errors
    /// [`StoreOutage`] if it may not have been recorded.
    pub async fn revoke(&self, revoked: &Revoked, now: i64) -> Result<(), StoreOutage> {
        self.remember(revoked.into(), now, self.remembered).await
    }

    /// Ends the session `id`, all copies of it that began at `started` (epoch seconds) or before. They would end by
    /// themselves within `left` (whole seconds), so that it is remembered for so long and no longer: sessions are
    /// left every day, and must not fill the store up for what a back end shuts out.
    ///
    /// # Errors
    /// [`StoreOutage`] if it may not have been recorded.
    pub async fn end(&self, id: &SessionId, started: i64, left: Duration) -> Result<(), StoreOutage> {
        self.remember(RevocationKey::of_session(id), started, left).await
    }

    async fn remember(
        &self,
        key: RevocationKey,
        reached: i64,
        remembered: Duration,
    ) -> Result<(), StoreOutage> {
        match &self.backend {
            Backend::Memory(memory) => memory.revoke(key, reached, remembered).map(|_| ()),
            Backend::File(file) => {
                file.revoke(key, reached, remembered).instrument(info_span!("write revocation")).await
            }
            Backend::Redis(redis) => redis.revoke(key, reached, remembered).await,
        }
    }

    /// Whether `session` is shut out at the second `now` (epoch), by its subject or by its id. One that does not
    /// tell when it began is shut out for as long as the revocation is remembered.
    ///
    /// # Errors
    /// [`StoreOutage`] if the store cannot tell, which is never a yes.
    pub async fn refuses(&self, session: &Session, now: i64) -> Result<bool, StoreOutage> {
        match &self.backend {
            Backend::Memory(memory) => Ok(memory.refuses(session, now)),
            Backend::File(file) => Ok(file.refuses(session, now)),
            // What waits for others keeps a lot, which every request would carry around.
            Backend::Redis(redis) => Box::pin(redis.refuses(session)).await,
        }
    }

    /// Whether revocations can be recorded and asked for, as far as is known. Costs no round trip.
    ///
    /// # Errors
    /// [`StoreOutage`] if not.
    pub fn health(&self) -> Result<(), StoreOutage> {
        match &self.backend {
            Backend::Memory(_) => Ok(()),
            Backend::File(file) => file.health(),
            Backend::Redis(redis) => Ok(redis.health()?),
        }
    }
}

/// Whether a session that began at `started` is reached by a revocation of the second `revoked`.
fn reaches(revoked: i64, started: Option<i64>) -> bool {
    started.is_none_or(|started| started <= revoked)
}

/// What keeps the store of revocations from telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StoreOutage {
    /// The store holds as many revocations as it may.
    #[error(
        "the store of revocations is full; it takes others as soon as some of its own have been forgotten"
    )]
    Full,
    /// The file cannot be written, or not soon: what kind of failure the system says it is, or `ResourceBusy` if too
    /// many wait for the disk already. What was to be recorded holds until the process ends, and is recorded as soon as
    /// the file can be written.
    #[error("the file of revocations cannot be written: {0}")]
    File(io::ErrorKind),
    /// What writes the file has ended by a mistake of this program. What was to be recorded holds until the process ends.
    #[error("the file of revocations is written no more: start edgemint again")]
    Broken,
    /// Redis did not answer. What was to be recorded may be or not.
    #[error(transparent)]
    Redis(#[from] RedisFailure),
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    fn subject(name: &str) -> Subject {
        Subject::parse(name).unwrap()
    }

    #[test]
    fn a_key_depends_on_what_is_revoked_and_on_its_name() {
        // printf 'subject\0listener-7' | openssl dgst -sha256 -r | cut -c -32
        let key = RevocationKey::of_subject(&subject("listener-7"));
        assert_eq!(format!("{key:?}"), "RevocationKey(5cd21e1541e7ecfde9ea50f3f0485c83)");
        assert_ne!(key, RevocationKey::of_subject(&subject("listener-8")));
        let id = SessionId::of("listener-7");
        let same_text = RevocationKey::of_subject(&subject(id.as_str()));
        assert_ne!(RevocationKey::of_session(&id), same_text);
    }

    #[test]
    fn a_session_is_reached_by_its_subject_and_by_its_id() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let store = Revocations::in_memory(Revocations::DEFAULT_CAPACITY, Revocations::DEFAULT_REMEMBERED);
        let of = |name: &str, id: Option<&str>| {
            let mut session = Session::new(subject(name), Map::new());
            session.id = id.map(SessionId::of);
            session.started = Some(100);
            session
        };
        runtime.block_on(store.revoke(&Revoked::Subject(subject("a")), 100)).unwrap();
        runtime.block_on(store.revoke(&Revoked::Session(SessionId::of("s1")), 100)).unwrap();
        for (session, expected) in [
            (of("a", None), true),
            (of("a", Some("s2")), true),
            (of("b", None), false),
            (of("b", Some("s1")), true),
            (of("b", Some("s2")), false),
        ] {
            assert_eq!(runtime.block_on(store.refuses(&session, 101)), Ok(expected), "{session:?}");
        }
    }
}
