//! Revocations in the memory of this process.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::record::Record;
use super::{RevocationKey, StoreOutage, reaches};
use crate::session::Session;

/// The revocations of one process.
#[derive(Debug)]
pub(super) struct MemoryRevocations {
    /// Whether there is any: where nobody is shut out, a renewal costs no more than reading this.
    any: AtomicBool,
    /// Consistent after each of its statements, so one that a panic left behind can be used.
    table: RwLock<Table>,
    began: Instant,
}

impl MemoryRevocations {
    pub(super) fn new(capacity: NonZeroUsize) -> Self {
        let table = Table { capacity: capacity.get(), ..Table::default() };
        Self { any: AtomicBool::new(false), table: RwLock::new(table), began: Instant::now() }
    }

    /// What is remembered of it from now on.
    pub(super) fn revoke(
        &self,
        key: RevocationKey,
        reached: i64,
        remembered: Duration,
    ) -> Result<Record, StoreOutage> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let outcome = table.revoke(key, self.moment(reached), seconds(remembered));
        self.any.store(!table.revocations.is_empty(), Ordering::Release);
        outcome
    }

    /// Takes over what another process remembered, at the second `now` (epoch); none of it for longer than `longest`.
    pub(super) fn restore(&self, records: Vec<Record>, now: i64, longest: Duration) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            table.restore(record, self.moment(now), seconds(longest));
        }
        self.any.store(!table.revocations.is_empty(), Ordering::Release);
    }

    /// All that is remembered.
    pub(super) fn records(&self) -> Vec<Record> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.revocations.iter().map(|(key, revocation)| revocation.record(*key)).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.table.read().unwrap_or_else(PoisonError::into_inner).revocations.len()
    }

    pub(super) fn refuses(&self, session: &Session, now: i64) -> bool {
        if !self.any.load(Ordering::Acquire) {
            return false;
        }
        let subject = RevocationKey::of_subject(&session.subject);
        let id = session.id.as_ref().map(RevocationKey::of_session);
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let moment = self.moment(now);
        table.refuses(subject, session.started, moment)
            || id.is_some_and(|id| table.refuses(id, session.started, moment))
    }

    fn moment(&self, wall: i64) -> Moment {
        Moment { wall, uptime: i64::try_from(self.began.elapsed().as_secs()).unwrap_or(i64::MAX) }
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

/// Now, by two clocks, both in seconds. A revocation is forgotten once both say that it is time: a wall clock
/// that leaps ahead forgets nothing, and one that goes back readmits nobody.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// Since the epoch; can be set.
    wall: i64,
    /// Since the store was made; never set.
    uptime: i64,
}

impl Moment {
    fn after(self, seconds: i64) -> Self {
        Self { wall: self.wall.saturating_add(seconds), uptime: self.uptime.saturating_add(seconds) }
    }

    /// Whether both clocks have come to `end`.
    fn is_past(self, end: Self) -> bool {
        self.wall >= end.wall && self.uptime >= end.uptime
    }
}

/// What is remembered of one.
#[derive(Clone, Copy, Debug)]
struct Revocation {
    /// What began at this second or before is shut out.
    reached: i64,
    forgotten: Moment,
    /// The uptime until which it has its place at least, forgotten or not: in doubt, the wall clock may be put back.
    held: i64,
}

impl Revocation {
    fn record(&self, key: RevocationKey) -> Record {
        Record { key, reached: self.reached, forgotten: self.forgotten.wall }
    }
}

/// A clock that is wrong at the start and put right later is not ahead by so much, in seconds: until then nothing of
/// what another process remembered is lost.
const CLOCK_DOUBT: i64 = 86_400;

#[derive(Debug, Default)]
struct Table {
    revocations: HashMap<RevocationKey, Revocation>,
    /// The same by the uptime until which they are held: the next comes first.
    by_end: BTreeSet<(i64, RevocationKey)>,
    capacity: usize,
}

impl Table {
    fn revoke(&mut self, key: RevocationKey, now: Moment, remembered: i64) -> Result<Record, StoreOutage> {
        self.forget(now);
        if self.revocations.len() >= self.capacity && !self.revocations.contains_key(&key) {
            return Err(StoreOutage::Full);
        }
        let forgotten = now.after(remembered);
        Ok(self.keep(key, Revocation { reached: now.wall, forgotten, held: forgotten.uptime }))
    }

    /// Its uptime is over, so that the wall clock alone says for how long; but a wall clock that is behind now and leaps
    /// ahead later does not keep it for ever. It is held until the clock is out of doubt, whatever is revoked meanwhile.
    fn restore(&mut self, record: Record, now: Moment, longest: i64) {
        if now.wall >= record.forgotten.saturating_add(CLOCK_DOUBT) {
            return;
        }
        let left = record.forgotten.saturating_sub(now.wall).min(longest);
        let uptime = now.uptime.saturating_add(left.max(0));
        let held = now.uptime.saturating_add(left.saturating_add(CLOCK_DOUBT));
        let forgotten = Moment { wall: record.forgotten, uptime };
        self.keep(record.key, Revocation { reached: record.reached, forgotten, held });
    }

    /// Whichever is later counts, of this one and of one that is there.
    fn keep(&mut self, key: RevocationKey, revocation: Revocation) -> Record {
        let Revocation { mut reached, mut forgotten, mut held } = revocation;
        if let Some(before) = self.revocations.get(&key) {
            reached = reached.max(before.reached);
            forgotten.wall = forgotten.wall.max(before.forgotten.wall);
            forgotten.uptime = forgotten.uptime.max(before.forgotten.uptime);
            held = held.max(before.held);
            self.by_end.remove(&(before.held, key));
        }
        let kept = Revocation { reached, forgotten, held };
        self.revocations.insert(key, kept);
        self.by_end.insert((held, key));
        kept.record(key)
    }

    fn refuses(&self, key: RevocationKey, started: Option<i64>, now: Moment) -> bool {
        let revoked = self.revocations.get(&key).filter(|revoked| !now.is_past(revoked.forgotten));
        revoked.is_some_and(|revoked| reaches(revoked.reached, started))
    }

    /// Up to the first that is still remembered. One whose wall clock was ahead keeps those behind it a while
    /// longer, which then count as forgotten and are still here.
    fn forget(&mut self, now: Moment) {
        while let Some((held, key)) = self.by_end.first().copied() {
            let revoked = self.revocations.get(&key).copied();
            if now.uptime < held || revoked.is_some_and(|revoked| !now.is_past(revoked.forgotten)) {
                return;
            }
            self.by_end.remove(&(held, key));
            self.revocations.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::session::{SessionId, Subject};

    const NOW: i64 = 1_800_000_000;
    const MONTH: i64 = 30 * 86_400;

    fn table(capacity: usize) -> Table {
        Table { capacity, ..Table::default() }
    }

    fn key(number: usize) -> RevocationKey {
        RevocationKey::of_subject(&Subject::parse(&number.to_string()).unwrap())
    }

    /// So many seconds after the start, by a wall clock that is off by so many.
    fn after(seconds: i64, off: i64) -> Moment {
        Moment { wall: NOW + seconds + off, uptime: seconds }
    }

    #[test]
    fn what_began_by_then_is_refused_and_what_began_later_is_not() {
        let mut table = table(10);
        table.revoke(key(1), after(0, 0), MONTH).unwrap();
        for (started, expected) in [
            (Some(i64::MIN), true),
            (Some(0), true),
            (Some(NOW), true),
            (Some(NOW + 1), false),
            (Some(i64::MAX), false),
            (None, true),
        ] {
            for later in [0, 1, MONTH - 1] {
                assert_eq!(table.refuses(key(1), started, after(later, 0)), expected, "{started:?} {later}");
            }
            assert!(!table.refuses(key(1), started, after(MONTH, 0)), "{started:?}");
            assert!(!table.refuses(key(2), started, after(1, 0)), "{started:?}");
        }
    }

    #[test]
    fn a_second_revocation_moves_the_second_forward_and_never_back() {
        let mut table = table(10);
        table.revoke(key(1), after(0, 0), MONTH).unwrap();
        table.revoke(key(1), after(100, 0), MONTH).unwrap();
        assert!(table.refuses(key(1), Some(NOW + 100), after(100, 0)));
        // An hour back.
        table.revoke(key(1), after(200, -3600), MONTH).unwrap();
        assert!(table.refuses(key(1), Some(NOW + 100), after(200, -3600)));
        assert!(!table.refuses(key(1), Some(NOW + 101), after(200, 0)));
        // It is remembered from the last on.
        assert!(table.refuses(key(1), None, after(MONTH + 199, 0)));
        assert!(!table.refuses(key(1), None, after(MONTH + 200, 0)));
        assert_eq!((table.revocations.len(), table.by_end.len()), (1, 1));
    }

    #[test]
    fn no_step_of_the_clock_readmits_anybody() {
        let mut table = table(10);
        table.revoke(key(1), after(0, 0), MONTH).unwrap();
        for off in [-NOW, -MONTH, -1, 1, MONTH, 100 * MONTH, i64::MAX / 2] {
            assert!(table.refuses(key(1), Some(NOW), after(1, off)), "{off}");
            // Others forget what is to be forgotten.
            table.revoke(key(2), after(1, off), MONTH).unwrap();
            assert!(table.refuses(key(1), Some(NOW), after(2, 0)), "{off} and back");
        }
        // While the wall clock stands still, sessions do not end either.
        assert!(table.refuses(key(1), Some(NOW), after(MONTH, -1)));
        assert!(!table.refuses(key(1), Some(NOW), after(MONTH, 0)));
    }

    #[test]
    fn a_full_store_says_so_until_something_is_forgotten() {
        let mut table = table(100);
        for n in 0..100 {
            assert!(table.revoke(key(n), after(0, 0), MONTH).is_ok());
        }
        assert_eq!(table.revoke(key(100), after(1, 0), MONTH), Err(StoreOutage::Full));
        assert!(
            (0..100).all(|n| table.refuses(key(n), Some(NOW), after(1, 0))),
            "nothing was forgotten for it"
        );
        assert!(table.revoke(key(0), after(1, 0), MONTH).is_ok(), "one that is known can be moved");
        assert!(table.revoke(key(100), after(MONTH, 0), MONTH).is_ok());
        assert_eq!((table.revocations.len(), table.by_end.len()), (2, 2), "0, which was moved, and 100");
    }

    #[test]
    fn memory_returns_to_where_it_was() {
        let mut table = table(1_000_000);
        for day in 0..365 {
            for n in 0..10 {
                table
                    .revoke(key(day * 10 + n), after(i64::try_from(day).unwrap() * 86_400, 0), MONTH)
                    .unwrap();
                table.revoke(key(0), after(i64::try_from(day).unwrap() * 86_400, 0), MONTH).unwrap();
            }
        }
        assert!((300..=310).contains(&table.revocations.len()), "{}", table.revocations.len());
        assert_eq!(table.revocations.len(), table.by_end.len());
    }

    #[test]
    fn what_is_remembered_for_less_makes_room_and_shortens_nothing() {
        let mut table = table(2);
        table.revoke(key(1), after(0, 0), MONTH).unwrap();
        // A session ends that began an hour ago and would have lasted a day.
        table.revoke(key(2), after(10, -3600), 86_400).unwrap();
        assert!(table.refuses(key(2), Some(NOW - 3600), after(86_409, 0)));
        assert_eq!(table.revoke(key(3), after(86_409, 0), MONTH), Err(StoreOutage::Full));
        assert!(table.revoke(key(3), after(86_410, 0), MONTH).is_ok(), "in its place");
        table.revoke(key(1), after(86_411, -3600), 60).unwrap();
        assert!(table.refuses(key(1), Some(NOW), after(MONTH - 1, 0)), "as long as it was to be");
        assert!(!table.refuses(key(1), Some(NOW), after(MONTH, 0)));
    }

    #[test]
    fn what_another_process_remembered_lasts_as_long_as_it_was_to() {
        let mut before = table(10);
        let record = before.revoke(key(1), after(500, 0), MONTH).unwrap();
        assert_eq!(record, Record { key: key(1), reached: NOW + 500, forgotten: NOW + 500 + MONTH });
        // Started again after an hour: seconds after this start, by a wall clock that is off.
        let again = |seconds: i64, off: i64| Moment { wall: NOW + 4100 + seconds + off, uptime: seconds };
        let mut table = table(10);
        table.restore(record, again(0, 0), MONTH);
        assert!(table.refuses(key(1), Some(NOW + 500), again(0, 0)));
        assert!(!table.refuses(key(1), Some(NOW + 501), again(0, 0)));
        assert!(table.refuses(key(1), Some(NOW), again(MONTH - 3601, 0)));
        assert!(!table.refuses(key(1), Some(NOW), again(MONTH - 3600, 0)));
        assert!(
            table.refuses(key(1), Some(NOW), again(1, 100 * MONTH)),
            "no step of the clock readmits anybody"
        );
        // What is revoked again is remembered from then on, and takes no second place.
        table.revoke(key(1), again(10, 0), MONTH).unwrap();
        assert!(table.refuses(key(1), None, again(MONTH + 9, 0)));
        assert_eq!((table.revocations.len(), table.by_end.len()), (1, 1));
    }

    #[test]
    fn a_clock_that_is_wrong_at_the_start_readmits_nobody_and_keeps_nothing_for_ever() {
        let record = Record { key: key(1), reached: NOW, forgotten: NOW + MONTH };
        let start = |off: i64| {
            let mut table = table(10);
            table.restore(record, after(0, off), MONTH);
            table
        };
        let refuses = |table: &Table, moment| table.refuses(key(1), Some(NOW), moment);
        assert!(refuses(&start(MONTH + 3600), after(60, 0)), "ahead, and put right a minute later");
        let behind = start(-NOW);
        assert!(refuses(&behind, after(MONTH - 1, 0)), "behind");
        assert!(!refuses(&behind, after(MONTH, 0)), "behind, and over all the same");
        assert_eq!(start(MONTH + CLOCK_DOUBT).revocations.len(), 0, "and what is over is not taken over");
    }

    #[test]
    fn while_the_clock_of_the_start_is_in_doubt_others_that_are_shut_out_push_nobody_out() {
        let record = Record { key: key(1), reached: NOW, forgotten: NOW + MONTH };
        // Over by the clock of the start, or soon over; and right all the same, as soon as it is put right.
        for off in [MONTH + 3600, MONTH - 60] {
            let mut table = table(10);
            table.restore(record, after(0, off), MONTH);
            table.revoke(key(2), after(120, off), MONTH).unwrap();
            assert!(table.refuses(key(1), Some(NOW), after(180, 0)), "{off}: put right");
            assert!(!table.refuses(key(1), None, after(180, off)), "{off}: it was right");
            table.revoke(key(2), after(MONTH + CLOCK_DOUBT, 0), MONTH).unwrap();
            assert_eq!((table.revocations.len(), table.by_end.len()), (1, 1), "{off}: no longer in doubt");
        }
    }

    #[test]
    fn extreme_times_do_not_panic() {
        let extremes = [i64::MIN, -1, 0, 1, i64::MAX];
        for revoked in extremes {
            for now in extremes {
                let store = MemoryRevocations::new(NonZeroUsize::MIN);
                store.revoke(key(1), revoked, Duration::MAX).unwrap();
                assert_eq!(store.revoke(key(2), now, Duration::MAX), Err(StoreOutage::Full));
                let mut session = Session::new(Subject::parse("1").unwrap(), Map::new());
                assert!(store.refuses(&session, now), "{revoked} {now}");
                session.started = Some(revoked);
                assert!(store.refuses(&session, now), "{revoked} {now}");
            }
        }
    }

    #[test]
    fn what_one_thread_revokes_every_other_sees() {
        let store = MemoryRevocations::new(NonZeroUsize::new(1000).unwrap());
        let mut session = Session::new(Subject::parse("7").unwrap(), Map::new());
        session.id = Some(SessionId::of("7"));
        session.started = Some(NOW);
        assert!(!store.refuses(&session, NOW));
        std::thread::scope(|scope| {
            let (sender, revoked) = std::sync::mpsc::channel::<()>();
            scope.spawn(|| {
                store.revoke(key(7), NOW, Duration::from_secs(60)).unwrap();
                drop(sender);
            });
            revoked.recv().unwrap_err();
            assert!(store.refuses(&session, NOW));
        });
    }
}
