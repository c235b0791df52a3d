//! Used tickets in the memory of this process.
//!
//! Tickets are kept in generations of [`GENERATION_SECONDS`] by the second at which they expire, so that
//! forgetting costs one deallocation per generation and nothing per ticket. A look-up asks every living
//! generation: with tickets of a minute there are about six.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{JtiKey, ReplayError, ReplayOutage};

/// Tickets that expire within the same stretch of this many seconds are forgotten together.
const GENERATION_SECONDS: i64 = 16;

/// Independent parts, so that a growing table stops a sixteenth of the requests and not all of them.
const SHARDS: usize = 16;

/// The used tickets of one process.
#[derive(Debug)]
pub(super) struct MemoryReplay {
    shards: [Mutex<Shard>; SHARDS],
    shard_capacity: usize,
}

impl MemoryReplay {
    pub(super) fn new(capacity: NonZeroUsize) -> Self {
        Self { shards: Default::default(), shard_capacity: capacity.get().div_ceil(SHARDS) }
    }

    pub(super) fn redeem(&self, key: &JtiKey, expires: i64, now: i64) -> Result<(), ReplayError> {
        let index = usize::from(key.as_bytes()[0]) % SHARDS;
        lock(&self.shards[index]).redeem(key, expires, now, self.shard_capacity)
    }
}

/// A shard is consistent after each of its statements, so one that a panic left behind can be used.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Shard {
    generations: BTreeMap<i64, HashSet<JtiKey>>,
    remembered: usize,
    /// Tickets that expire at or before this second are no longer remembered, so none of them is taken: a
    /// clock that went back must not bring a forgotten ticket to life. It follows the tickets and not the
    /// clock, so that a leap far ahead and back does not shut the door until then.
    forgotten_through: i64,
}

impl Default for Shard {
    fn default() -> Self {
        Self { generations: BTreeMap::new(), remembered: 0, forgotten_through: i64::MIN }
    }
}

impl Shard {
    fn redeem(&mut self, key: &JtiKey, expires: i64, now: i64, capacity: usize) -> Result<(), ReplayError> {
        self.forget_expired(now);
        if expires <= self.forgotten_through {
            return Err(ReplayError::Unavailable(ReplayOutage::ClockBehind));
        }
        // All generations: an issuer may give one `jti` out twice, with two expiries.
        if self.generations.values().any(|used| used.contains(key)) {
            return Err(ReplayError::AlreadyUsed);
        }
        if self.remembered >= capacity {
            return Err(ReplayError::Unavailable(ReplayOutage::Full));
        }
        self.generations.entry(expires.div_euclid(GENERATION_SECONDS)).or_default().insert(*key);
        self.remembered += 1;
        Ok(())
    }

    fn forget_expired(&mut self, now: i64) {
        while let Some(oldest) = self.generations.first_entry() {
            let last_second =
                oldest.key().saturating_mul(GENERATION_SECONDS).saturating_add(GENERATION_SECONDS - 1);
            if last_second > now {
                return;
            }
            self.remembered -= oldest.remove().len();
            self.forgotten_through = self.forgotten_through.max(last_second);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const FULL: Result<(), ReplayError> = Err(ReplayError::Unavailable(ReplayOutage::Full));
    const CLOCK_BEHIND: Result<(), ReplayError> = Err(ReplayError::Unavailable(ReplayOutage::ClockBehind));

    fn store(capacity: usize) -> MemoryReplay {
        MemoryReplay::new(NonZeroUsize::new(capacity).unwrap())
    }

    fn remembered(store: &MemoryReplay) -> usize {
        store.shards.iter().map(|shard| lock(shard).remembered).sum()
    }

    fn key(number: usize) -> JtiKey {
        JtiKey::of("app", &number.to_string())
    }

    #[test]
    fn a_ticket_works_once_until_it_has_expired() {
        let store = store(1000);
        assert_eq!(store.redeem(&key(1), NOW + 65, NOW), Ok(()));
        for later in 0..65 {
            let again = store.redeem(&key(1), NOW + 65, NOW + later);
            assert_eq!(again, Err(ReplayError::AlreadyUsed), "{later} s later");
        }
        assert_eq!(store.redeem(&key(2), NOW + 65, NOW), Ok(()));
    }

    #[test]
    fn one_jti_with_another_expiry_is_the_same_ticket() {
        let store = store(1000);
        assert_eq!(store.redeem(&key(1), NOW + 65, NOW), Ok(()));
        for expires in [NOW + 10, NOW + 64, NOW + 66, NOW + 100, NOW + 1000] {
            assert_eq!(store.redeem(&key(1), expires, NOW), Err(ReplayError::AlreadyUsed), "{expires}");
        }
    }

    #[test]
    fn two_hundred_at_once_give_one_success() {
        let store = store(1000);
        let (start, successes, refusals) = (Barrier::new(200), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..200 {
                scope.spawn(|| {
                    start.wait();
                    match store.redeem(&key(7), NOW + 65, NOW) {
                        Ok(()) => successes.fetch_add(1, Ordering::Relaxed),
                        Err(ReplayError::AlreadyUsed) => refusals.fetch_add(1, Ordering::Relaxed),
                        Err(other) => panic!("{other}"),
                    };
                });
            }
        });
        assert_eq!((successes.into_inner(), refusals.into_inner()), (1, 199));
    }

    #[test]
    fn a_full_store_takes_nothing_until_something_has_expired() {
        let store = store(160);
        let taken = (0..10_000).filter(|&n| store.redeem(&key(n), NOW + 65, NOW).is_ok()).count();
        assert_eq!((taken, remembered(&store)), (160, 160));
        assert_eq!(store.redeem(&key(10_000), NOW + 65, NOW), FULL);
        assert_eq!(store.redeem(&key(0), NOW + 65, NOW), Err(ReplayError::AlreadyUsed));
        assert_eq!(store.redeem(&key(10_000), NOW + 165, NOW + 100), Ok(()));
    }

    #[test]
    fn memory_returns_to_where_it_was() {
        let store = store(1_000_000);
        let mut most = 0;
        for second in 0..600 {
            for n in 0..100 {
                let key = key(usize::try_from(second).unwrap() * 100 + n);
                assert_eq!(store.redeem(&key, NOW + second + 65, NOW + second), Ok(()));
            }
            most = most.max(remembered(&store));
        }
        assert!(most <= 100 * (65 + 2 * 16), "{most} tickets of 65 s remembered at 100 a second");
        // A shard forgets when it is next asked.
        for n in 100_000..100_200 {
            assert_eq!(store.redeem(&key(n), NOW + 2065, NOW + 2000), Ok(()));
        }
        assert_eq!(remembered(&store), 200);
    }

    #[test]
    fn a_clock_that_went_back_brings_no_ticket_to_life() {
        let store = store(1000);
        for n in 0..100 {
            assert_eq!(store.redeem(&key(n), NOW + 65, NOW), Ok(()));
        }
        // Time passes, the tickets are forgotten as others are redeemed, and then the clock goes back.
        for n in 100..300 {
            assert_eq!(store.redeem(&key(n), NOW + 365, NOW + 300), Ok(()));
        }
        for n in 0..100 {
            assert_eq!(store.redeem(&key(n), NOW + 65, NOW + 1), CLOCK_BEHIND, "ticket {n}");
        }
        // Those not yet forgotten are still known as used, and fresh ones are taken once they expire later.
        assert_eq!(store.redeem(&key(100), NOW + 365, NOW + 1), Err(ReplayError::AlreadyUsed));
        assert_eq!(store.redeem(&key(300), NOW + 90, NOW + 30), Ok(()));
    }

    #[test]
    fn a_leap_far_ahead_and_back_shuts_the_door_for_a_minute_at_most() {
        let store = store(10_000);
        for n in 0..100 {
            assert_eq!(store.redeem(&key(n), NOW + 65, NOW), Ok(()));
        }
        // So many that every shard has forgotten the first hundred.
        let leap = NOW + 1_000_000_000;
        for n in 100..1100 {
            assert_eq!(store.redeem(&key(n), leap + 65, leap), Ok(()));
        }
        for n in 0..100 {
            assert_eq!(store.redeem(&key(n), NOW + 65, NOW + 5), CLOCK_BEHIND, "ticket {n}");
        }
        for n in 1100..1200 {
            assert_eq!(store.redeem(&key(n), NOW + 145, NOW + 80), Ok(()));
        }
    }

    #[test]
    fn extreme_times_do_not_panic() {
        for expires in [i64::MIN, -1, 0, 1, i64::MAX] {
            for now in [i64::MIN, -1, 0, 1, i64::MAX] {
                let store = store(10);
                let first = store.redeem(&key(1), expires, now);
                let second = store.redeem(&key(1), expires, now);
                assert!(first.is_err() || second.is_err(), "{expires} at {now} was taken twice");
            }
        }
    }
}
