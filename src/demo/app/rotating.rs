//! How far the rotation of the signing key is, as the page draws it.

use serde::Serialize;

use crate::cloudfront::KeyPairId;
use crate::keyring::{Action, Document, Entry, KeyId, State};
use crate::rotation::Event;

/// The keys that matter now, and what is done with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rotating {
    keys: Vec<Key>,
    is_running: bool,
    /// One sentence without its full stop.
    doing: String,
    /// Until when it waits, in epoch seconds.
    until: Option<i64>,
    /// Why the last one did not come to its end.
    failed: Option<String>,
}

/// One key. Its state is called as in `keyring.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Key {
    id: KeyId,
    key_pair_id: Option<KeyPairId>,
    /// Algorithm and hash.
    kind: String,
    state: State,
}

impl Rotating {
    /// The keys of a keyring that are not gone, and nothing under way.
    pub fn of(document: &Document) -> Self {
        let keys = document.entries().iter().filter(|entry| entry.state() != State::Gone).map(Key::of);
        Self { keys: keys.collect(), ..Self::default() }
    }

    /// The same with a rotation that begins.
    #[must_use]
    pub fn under_way(self) -> Self {
        Self { is_running: true, doing: "making a key".to_owned(), ..self }
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_running
    }

    /// The rotation is over; `failed` says why, if it did not come to its end.
    pub fn end(&mut self, failed: Option<String>) {
        let doing = if failed.is_some() { String::new() } else { "done: nobody noticed".to_owned() };
        *self = Self { is_running: false, doing, until: None, failed, keys: std::mem::take(&mut self.keys) };
    }

    /// One more thing has happened.
    pub fn hear(&mut self, event: &Event) {
        self.until = None;
        match event {
            Event::Made { id, algorithm, hash } => {
                let kind = format!("{algorithm}, {hash}");
                self.keys.push(Key { id: id.clone(), key_pair_id: None, kind, state: State::Generated });
            }
            Event::Begun { action, .. } => self.doing = action.to_string(),
            Event::Done { action, key_pair_id } => self.done(action, key_pair_id.as_ref()),
            Event::Probed(seen) => {
                let (answer, in_a_row, wanted) = (&seen.answer, seen.in_a_row, seen.wanted);
                self.doing =
                    format!("the edge answers {answer} ({in_a_row} of {wanted} in a row that count)");
            }
            Event::Waiting { until, reason } => {
                (self.doing, self.until) = (format!("waiting: {reason}"), Some(until.unix_timestamp()));
            }
            Event::Unsure { error, .. } => self.doing = format!("looking what came of it: {error}"),
            Event::TriesAgain { error } => self.doing = format!("in a moment again: {error}"),
            Event::Decided { what } => self.doing.clone_from(what),
            Event::GoesOn { .. }
            | Event::NotSeenRefused { .. }
            | Event::Destroyed { .. }
            | Event::ByHand(_) => {}
        }
    }

    fn done(&mut self, action: &Action, key_pair_id: Option<&KeyPairId>) {
        let state = match action {
            Action::Publish { .. } | Action::Adopt { .. } => State::Published,
            Action::Trust { .. } => State::Trusted,
            Action::Prove { .. } => State::Proven,
            Action::Activate { .. } => State::Active,
            Action::Untrust { .. } => State::Untrusted,
            Action::Delete { .. } => State::Gone,
            _ => return,
        };
        for key in &mut self.keys {
            if Some(&key.id) == action.key() {
                key.state = state;
                key.key_pair_id = key_pair_id.cloned().or(key.key_pair_id.take());
            } else if state == State::Active && key.state == State::Active {
                key.state = State::Retiring;
            }
        }
    }
}

impl Key {
    fn of(entry: &Entry) -> Self {
        let kind = format!("{}, {}", entry.algorithm(), entry.hash());
        Self { id: entry.id().clone(), key_pair_id: entry.key_pair_id().cloned(), kind, state: entry.state() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, SigningKey};

    fn id() -> KeyId {
        KeyId::of(SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().public_key())
    }

    fn key(id: &KeyId, state: State) -> Key {
        Key { id: id.clone(), key_pair_id: None, kind: String::new(), state }
    }

    fn done(action: Action) -> Event {
        Event::Done { action, key_pair_id: None }
    }

    #[test]
    fn a_key_that_begins_to_sign_retires_the_one_that_did() {
        let (old, new) = (id(), id());
        let keys = vec![key(&old, State::Active), key(&new, State::Proven)];
        let mut rotating = Rotating { keys, ..Rotating::default() }.under_way();
        let states = |rotating: &Rotating| rotating.keys.iter().map(|key| key.state).collect::<Vec<_>>();
        rotating.hear(&done(Action::Activate { id: new }));
        assert_eq!(states(&rotating), [State::Retiring, State::Active]);
        rotating.hear(&done(Action::Untrust { id: old.clone() }));
        rotating.hear(&done(Action::Delete { id: old }));
        assert_eq!(states(&rotating), [State::Gone, State::Active]);
    }

    #[test]
    fn a_key_keeps_the_id_that_cloudfront_gave_it() {
        let id = id();
        let mut rotating = Rotating::default();
        let (algorithm, hash) = (KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1);
        rotating.hear(&Event::Made { id: id.clone(), algorithm, hash });
        let key_pair_id: KeyPairId = "K1".parse().unwrap();
        let action = Action::Adopt { id: id.clone(), key_pair_id: key_pair_id.clone() };
        rotating.hear(&Event::Done { action, key_pair_id: Some(key_pair_id.clone()) });
        rotating.hear(&done(Action::Trust { id }));
        assert_eq!(
            (rotating.keys[0].state, &rotating.keys[0].key_pair_id),
            (State::Trusted, &Some(key_pair_id))
        );
    }

    #[test]
    fn a_wait_is_over_with_the_next_event_and_a_failure_is_kept() {
        let mut rotating = Rotating::default().under_way();
        let until = time::OffsetDateTime::UNIX_EPOCH + time::Duration::SECOND;
        rotating.hear(&Event::Waiting { until, reason: "cookies".to_owned() });
        assert_eq!(rotating.until, Some(1));
        rotating.hear(&Event::Decided { what: "on".to_owned() });
        assert_eq!(rotating.until, None);
        rotating.end(Some("no answer".to_owned()));
        assert!(!rotating.is_running() && rotating.failed.as_deref() == Some("no answer"));
    }
}
