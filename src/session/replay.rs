//! Makes each ticket work once.
//!
//! A ticket is checked by its provider first; then its [`JtiKey`] is redeemed here, at most once until the
//! ticket has expired. Where the store cannot tell, it refuses.

mod memory;
mod redis;

use std::fmt;
use std::num::NonZeroUsize;

use aws_lc_rs::digest::{Context, SHA256};
use memory::MemoryReplay;
use thiserror::Error;

use self::redis::RedisReplay;
use super::redis::{RedisClient, RedisFailure};

/// What a ticket is remembered by: a hash of its issuer and its `jti`, so that a dump of the store names none.
///
/// 128 bits of SHA-256. A collision could only refuse a good ticket, never admit a used one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct JtiKey([u8; 16]);

impl JtiKey {
    /// The key of the ticket `jti` of `issuer`; `jti` is unique per issuer only (RFC 7519 §4.1.7).
    pub fn of(issuer: &str, jti: &str) -> Self {
        let mut hash = Context::new(&SHA256);
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        hash.update(&(issuer.len() as u64).to_be_bytes());
        hash.update(issuer.as_bytes());
        hash.update(jti.as_bytes());
        let digest = hash.finish();
        let mut key = [0; 16];
        key.copy_from_slice(&digest.as_ref()[..16]);
        Self(key)
    }

    /// The bytes of the key, evenly distributed.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for JtiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JtiKey({:032x})", u128::from_be_bytes(self.0))
    }
}

/// The used tickets of this service.
#[derive(Debug)]
pub struct ReplayStore(Backend);

/// Where used tickets are remembered.
#[derive(Debug)]
enum Backend {
    Memory(MemoryReplay),
    Redis(RedisReplay),
}

impl ReplayStore {
    /// How many used tickets an in-memory store holds unless told otherwise: every ticket of a minute and a
    /// half at 40,000 a second, in at most 140 MB; memory is taken as tickets are used and given back as they
    /// expire.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(4_000_000).expect("not zero");

    /// A store in this process, for one instance. It holds up to about `capacity` used tickets that have not
    /// expired (rounded up to a multiple of 16), and refuses all others while it is full.
    pub fn in_memory(capacity: NonZeroUsize) -> Self {
        Self(Backend::Memory(MemoryReplay::new(capacity)))
    }

    /// A store in Redis, for all instances that use the same one with the same `prefix`, which comes before the
    /// names of keys. A ticket is remembered until a minute after its expiry, by the clock of Redis.
    pub fn in_redis(client: RedisClient, prefix: &str) -> Self {
        Self(Backend::Redis(RedisReplay::new(client, prefix)))
    }

    /// Whether other processes know of what is used up here, and this one of what was used up there.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Backend::Redis(_))
    }

    /// Uses the ticket `key` up. `expires` is the first second (epoch) at which its provider refuses it
    /// anyway, leeway included; `now` is the present second.
    ///
    /// # Errors
    /// [`ReplayError::AlreadyUsed`] for all but the first call with `key`, however many run at once;
    /// [`ReplayError::Unavailable`] when the store cannot tell.
    pub async fn redeem(&self, key: &JtiKey, expires: i64, now: i64) -> Result<(), ReplayError> {
        match &self.0 {
            Backend::Memory(memory) => memory.redeem(key, expires, now),
            Backend::Redis(redis) => redis.redeem(key, expires).await,
        }
    }
}

/// Why a ticket could not be used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// The ticket was used before.
    #[error("the ticket was used before; each ticket works once")]
    AlreadyUsed,
    /// The store cannot tell whether the ticket was used before, so it counts as used.
    #[error("whether the ticket was used before cannot be told: {0}")]
    Unavailable(ReplayOutage),
}

/// What keeps a store from telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplayOutage {
    /// The store holds as many unexpired tickets as it may.
    #[error("the store of used tickets is full; it takes others as soon as some of its own have expired")]
    Full,
    /// The clock went back to before tickets that were already forgotten.
    #[error("the clock went back; tickets are taken again once it has caught up")]
    ClockBehind,
    /// The clock of Redis is ahead of this machine's: it may have forgotten what is not yet expired here.
    #[error(
        "by the clock of Redis the ticket expired more than a minute ago; set the clocks of both machines"
    )]
    ClocksApart,
    /// Redis did not answer. It may remember the ticket as used or not.
    #[error(transparent)]
    Redis(#[from] RedisFailure),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_depends_on_issuer_and_jti_and_on_where_one_ends() {
        let key = JtiKey::of("issuer", "jti");
        assert_eq!(key, JtiKey::of("issuer", "jti"));
        for (issuer, jti) in [("issuer", "jtj"), ("issues", "jti"), ("issuerj", "ti"), ("issue", "rjti")] {
            assert_ne!(key, JtiKey::of(issuer, jti), "{issuer} {jti}");
        }
        assert!(!format!("{key:?}").contains("jti"));
    }

    #[test]
    fn two_hundred_redemptions_of_one_store_give_one_success() {
        let store = ReplayStore::in_memory(ReplayStore::DEFAULT_CAPACITY);
        let key = JtiKey::of("issuer", "jti");
        let redemptions = futures_util::future::join_all((0..200).map(|_| store.redeem(&key, 165, 100)));
        let all = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(redemptions);
        assert_eq!(all.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert_eq!(all.iter().filter(|outcome| **outcome == Err(ReplayError::AlreadyUsed)).count(), 199);
    }
}
