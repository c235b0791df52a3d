//! What really happened, kept apart from what the document says, and what must never have.

use std::collections::{HashMap, HashSet};

use time::OffsetDateTime;

use crate::keyring::document::Document;
use crate::keyring::entry::{Entry, State};
use crate::keyring::{KeyId, Settings};

/// When a key stopped being the active one.
#[derive(Debug, Clone)]
struct Retired {
    at: i64,
    wall: OffsetDateTime,
    settings: Settings,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Until when a cookie by a key is unexpired.
    pub cookies_until: HashMap<KeyId, i64>,
    /// Keys that the edge has been seen to accept, and that were not missing since.
    pub proven: HashSet<KeyId>,
    /// Keys that somebody tampered with or revoked: their cookies are refused, and nobody wonders.
    pub exempt: HashSet<KeyId>,
    pub revoked: HashSet<KeyId>,
    retired: HashMap<KeyId, Retired>,
}

const MOVES: [(State, &[State]); 8] = [
    (State::Generated, &[State::Published, State::Untrusted]),
    (State::Published, &[State::Trusted, State::Untrusted]),
    (State::Trusted, &[State::Proven, State::Retiring, State::Untrusted]),
    (State::Proven, &[State::Active, State::Retiring, State::Untrusted]),
    (State::Active, &[State::Retiring, State::Untrusted]),
    (State::Retiring, &[State::Trusted, State::Untrusted, State::Gone]),
    (State::Untrusted, &[State::Gone]),
    (State::Gone, &[State::Untrusted]),
];

impl Ledger {
    /// Takes note of a change of the document.
    pub fn changed(
        &mut self,
        before: &Document,
        after: &Document,
        settings: &Settings,
        at: i64,
        wall: OffsetDateTime,
    ) {
        let active =
            |document: &Document| document.entries().iter().filter(|e| e.state() == State::Active).count();
        assert!(active(after) <= 1, "two active keys");
        assert!(active(before) == 0 || active(after) == 1, "no active key, and there was one");
        for (old, new) in before.entries().iter().zip(after.entries()) {
            moved(old, new);
            if old.state() != State::Active && new.state() == State::Active {
                assert!(self.proven.contains(new.id()), "{} signs and was not proven", new.id());
            }
            if old.state() == State::Active && new.state() != State::Active {
                self.retired.insert(new.id().clone(), Retired { at, wall, settings: *settings });
            }
        }
        assert!(before.entries().len() <= after.entries().len(), "an entry is lost");
    }

    /// Takes note that the rotation takes a key out of the key group.
    pub fn taken_out(&mut self, id: &KeyId, at: i64, wall: OffsetDateTime, clock_error: i64) {
        let Some(retired) = self.retired.get(id).filter(|_| !self.revoked.contains(id)) else { return };
        let Settings { longest_lifetime, expiry_step, reload_interval, margin, .. } = retired.settings;
        let promised = longest_lifetime + expiry_step + reload_interval + margin;
        let waited = wall - retired.wall.truncate_to_second();
        assert!(
            waited >= promised,
            "{id} left after {waited} by the clock of the rotation, not {promised:?}"
        );
        let promised = i64::try_from(promised.as_secs()).unwrap();
        let waited = at - retired.at;
        assert!(waited >= promised - clock_error, "{id} left after {waited} s, not {promised} s");
        // It has left: if somebody puts it back by hand, nothing was promised for that, whatever the clock says then.
        self.retired.remove(id);
    }

    /// Keys of which unexpired cookies are about.
    pub fn in_use(&self, now: i64) -> impl Iterator<Item = &KeyId> {
        let unexpired = self.cookies_until.iter().filter(move |(_, until)| **until > now).map(|(id, _)| id);
        unexpired.filter(|id| !self.exempt.contains(*id))
    }
}

fn moved(old: &Entry, new: &Entry) {
    assert_eq!(old.id(), new.id(), "entries changed places");
    assert_eq!(old.created_at(), new.created_at());
    assert!(new.state_since() >= old.state_since(), "{} is in its state since before", new.id());
    assert!(
        new.cookies_until() >= old.cookies_until(),
        "cookies by {} expire sooner than was known",
        new.id()
    );
    if old.state() != new.state() {
        let (_, allowed) = MOVES.iter().find(|(state, _)| *state == old.state()).unwrap();
        assert!(allowed.contains(&new.state()), "{} went from {} to {}", new.id(), old.state(), new.state());
    }
    if let Some(given) = old.key_pair_id() {
        assert_eq!(Some(given), new.key_pair_id(), "{} has another Key-Pair-Id", new.id());
    }
}
