use time::OffsetDateTime;

use super::obstacle::Obstacle;
use super::remote::Remote;
use super::settings::Settings;
use crate::cloudfront::KeyPairId;
use crate::keyring::document::Document;
use crate::keyring::entry::{Entry, State};

/// What the document says beside what CloudFront shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub document: &'a Document,
    pub remote: &'a Remote,
    pub settings: &'a Settings,
    pub now: OffsetDateTime,
}

/// Whether CloudFront has the public key of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence<'a> {
    /// It has, under this id.
    Ours(&'a KeyPairId),
    /// The id that belongs to it is that of something else, which is not to be touched.
    Other(&'a KeyPairId),
    Absent,
}

impl<'a> View<'a> {
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &'a Entry> + use<'a> {
        self.document.entries().iter()
    }

    pub fn in_state(&self, state: State) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.entries().filter(move |entry| entry.state() == state)
    }

    /// A public key counts as an entry's own only if it is that key, whatever the id says: an id may have been
    /// mistyped when it was given by hand.
    pub fn presence(&self, entry: &'a Entry) -> Presence<'a> {
        match entry.key_pair_id() {
            Some(recorded) => match self.remote.public_key(recorded) {
                None => Presence::Absent,
                Some(found) if found.key.as_ref() == Some(entry.id()) => Presence::Ours(recorded),
                Some(_) => Presence::Other(recorded),
            },
            None => match self.remote.find(entry.id()) {
                None => Presence::Absent,
                Some(found) if self.recorded(found).is_some() => Presence::Other(found),
                Some(found) => Presence::Ours(found),
            },
        }
    }

    pub fn is_ours(&self, entry: &'a Entry) -> bool {
        matches!(self.presence(entry), Presence::Ours(_))
    }

    /// Whether the key group names the entry's own public key.
    pub fn in_key_group(&self, entry: &'a Entry) -> bool {
        matches!(self.presence(entry), Presence::Ours(id) if self.remote.in_key_group(id))
    }

    /// Whether the key group would be empty without it, which CloudFront refuses.
    pub fn is_only_member(&self, entry: &'a Entry) -> bool {
        self.in_key_group(entry) && self.remote.key_group.iter().flatten().count() == 1
    }

    /// Whether cookies by a retiring key may still be in use.
    pub fn is_due(&self, retiring: &Entry) -> bool {
        self.now >= self.settings.release_at(retiring)
    }

    /// A key group that does not exist is another obstacle.
    pub fn has_room_in_key_group(&self) -> bool {
        self.remote.key_group.iter().flatten().count() < self.settings.group_limit
    }

    pub fn has_room_in_account(&self) -> bool {
        self.remote.public_keys.len() < self.settings.account_limit
    }

    fn recorded(&self, key_pair_id: &KeyPairId) -> Option<&'a Entry> {
        self.entries().find(|entry| entry.key_pair_id() == Some(key_pair_id))
    }

    /// Everything that only a person can put right, the worst first.
    pub fn obstacles(&self) -> impl Iterator<Item = Obstacle> + use<'a> {
        let view = *self;
        let nothing_signs = self.document.active().is_none() && self.document.successor().is_none();
        let no_key = nothing_signs.then_some(Obstacle::NoKey);
        let no_key_group = self.remote.key_group.is_none().then_some(Obstacle::NoKeyGroup);
        (no_key_group.into_iter().chain(no_key))
            .chain(self.document.active().and_then(move |active| view.with_active(active)))
            .chain(self.document.successor().and_then(move |successor| view.with_successor(successor)))
            .chain(self.in_state(State::Retiring).find_map(move |retiring| view.with_retiring(retiring)))
            .chain(self.entries().find_map(move |entry| view.with_only_member(entry)))
    }

    /// A key that is to leave, and that nothing is about to take the place of.
    fn with_only_member(&self, entry: &'a Entry) -> Option<Obstacle> {
        let is_leaving = match entry.state() {
            State::Untrusted => true,
            State::Retiring => self.is_due(entry),
            _ => false,
        };
        let key_pair_id = entry.key_pair_id().filter(|_| is_leaving && self.is_only_member(entry))?;
        Some(Obstacle::OnlyMember { id: entry.id().clone(), key_pair_id: key_pair_id.clone() })
    }

    fn with_active(&self, active: &'a Entry) -> Option<Obstacle> {
        match (self.presence(active), active.key_pair_id()) {
            (Presence::Ours(_), _) if self.in_key_group(active) => None,
            (Presence::Ours(_), _) => self.full_key_group(),
            (Presence::Other(found), _) => Some(self.other_public_key(active, found)),
            (Presence::Absent, Some(key_pair_id)) => {
                Some(Obstacle::ActiveVanished { id: active.id().clone(), key_pair_id: key_pair_id.clone() })
            }
            (Presence::Absent, None) => None,
        }
    }

    fn with_successor(&self, successor: &'a Entry) -> Option<Obstacle> {
        match (self.presence(successor), successor.key_pair_id()) {
            (Presence::Ours(_), _) if self.in_key_group(successor) => None,
            (Presence::Ours(key_pair_id), _) if successor.state() >= State::Trusted => {
                let (id, key_pair_id) = (successor.id().clone(), key_pair_id.clone());
                Some(Obstacle::SuccessorTakenOut { id, key_pair_id })
            }
            (Presence::Ours(_), _) => self.full_key_group(),
            (Presence::Other(found), _) => Some(self.other_public_key(successor, found)),
            (Presence::Absent, None) => self.full_key_group().or_else(|| self.full_account()),
            (Presence::Absent, Some(key_pair_id)) => {
                let (id, key_pair_id) = (successor.id().clone(), key_pair_id.clone());
                Some(Obstacle::SuccessorVanished { id, key_pair_id })
            }
        }
    }

    fn with_retiring(&self, retiring: &'a Entry) -> Option<Obstacle> {
        let missing = self.is_ours(retiring) && !self.in_key_group(retiring) && !self.is_due(retiring);
        if missing { self.full_key_group() } else { None }
    }

    /// The id of `entry` is somebody else's; or its public key's id was recorded for another entry, and then it
    /// is that one which is wrong.
    fn other_public_key(&self, entry: &Entry, found: &KeyPairId) -> Obstacle {
        let wrong = self.recorded(found).unwrap_or(entry);
        Obstacle::OtherPublicKey { id: wrong.id().clone(), key_pair_id: found.clone() }
    }

    /// A full key group is no obstacle while waiting makes room.
    fn full_key_group(&self) -> Option<Obstacle> {
        let leaving = self.in_state(State::Retiring).any(|entry| self.in_key_group(entry));
        if self.has_room_in_key_group() || leaving {
            return None;
        }
        let members = self.remote.key_group.iter().flatten();
        let own = self.entries().filter(|entry| self.in_key_group(entry)).count();
        let members = members.count();
        let foreign = members.saturating_sub(own);
        Some(Obstacle::KeyGroupFull { members, foreign, limit: self.settings.group_limit })
    }

    fn full_account(&self) -> Option<Obstacle> {
        let ending = |entry: &&Entry| matches!(entry.state(), State::Retiring | State::Untrusted);
        let leaving = self.entries().filter(ending).any(|entry| self.is_ours(entry));
        if self.has_room_in_account() || leaving {
            return None;
        }
        let (public_keys, limit) = (self.remote.public_keys.len(), self.settings.account_limit);
        Some(Obstacle::AccountFull { public_keys, limit })
    }
}
