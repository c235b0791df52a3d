//! Servers that sign and follow the document, edge nodes, clocks; and the check, at every moment at which anything
//! changes, that no unexpired cookie is refused anywhere.

use std::time::Duration;

use time::OffsetDateTime;

use super::cloudfront::CloudFront;
use super::keys::{key_id, public_key};
use super::ledger::Ledger;
use crate::cloudfront::{HashAlgorithm, KeyPairId};
use crate::keyring::document::Document;
use crate::keyring::entry::State;
use crate::keyring::{ACCOUNT_LIMIT, KEY_GROUP_LIMIT, KeyId, Settings};

/// The true time at which a history begins, in epoch seconds.
const BEGIN: i64 = 1_800_000_000;

/// How it all begins.
#[derive(Debug, Clone)]
pub(super) struct Beginning {
    /// Foreign keys in the key group.
    pub foreign: usize,
    /// How long each edge node takes to learn of a change, in seconds.
    pub delays: Vec<i64>,
    /// When each server first looks at the document, in seconds.
    pub servers: Vec<i64>,
    pub keys: Keys,
}

/// The keys of the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// One, which CloudFront has not heard of.
    Generated,
    /// One that signs, and was never proven here.
    Active,
    /// One that signs and one that CloudFront trusts.
    ActiveAndImported,
    /// One that signs under the id of somebody else's public key.
    ActiveAsAnother,
}

#[derive(Debug)]
struct Server {
    signs: Option<(KeyId, KeyPairId)>,
    looks_at: i64,
}

#[derive(Debug)]
pub(super) struct World {
    pub now: i64,
    /// How far the clock of the rotation is ahead, in seconds.
    pub ahead: i64,
    /// How far it ever was, at most, in either direction.
    pub clock_error: i64,
    pub settings: Settings,
    pub document: Document,
    pub cloudfront: CloudFront,
    pub ledger: Ledger,
    /// The key that people want to sign.
    pub asked: Option<KeyId>,
    /// Whether the rotation has been run, until nothing was due, with the settings as they are.
    pub settings_seen: bool,
    servers: Vec<Server>,
    keys_made: usize,
}

impl World {
    pub fn begin(beginning: &Beginning, settings: Settings) -> Self {
        let mut world = Self {
            now: BEGIN,
            ahead: 0,
            clock_error: 0,
            settings,
            document: Document::default(),
            cloudfront: CloudFront::new(&beginning.delays),
            ledger: Ledger::default(),
            asked: None,
            settings_seen: false,
            servers: Vec::new(),
            keys_made: 0,
        };
        (0..beginning.foreign).for_each(|_| world.add_foreign());
        world.first_keys(beginning.keys);
        let longest = beginning.delays.iter().max().copied().unwrap_or_default();
        world.now += longest;
        let looks = |after: &i64| Server { signs: None, looks_at: world.now + after };
        world.servers = beginning.servers.iter().map(looks).collect();
        for at in 0..world.servers.len() {
            world.follow(at);
        }
        world
    }

    fn first_keys(&mut self, keys: Keys) {
        match keys {
            Keys::Generated => self.rotate(),
            Keys::Active => self.import(),
            Keys::ActiveAndImported => (0..2).for_each(|_| self.import()),
            Keys::ActiveAsAnother => {
                self.add_foreign();
                let other = self.cloudfront.foreign().pop().unwrap();
                self.add_imported(other);
                self.ledger.exempt.insert(key_id(0));
            }
        }
    }

    /// What the clock of the rotation says.
    pub fn wall(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.now + self.ahead).unwrap()
    }

    pub fn rotate(&mut self) {
        let (number, now) = (self.keys_made, self.wall());
        self.keys_made += 1;
        let hash = HashAlgorithm::Sha1;
        let document = self.document.clone().with_generated(&public_key(number), hash, now).unwrap();
        self.asked = Some(key_id(number));
        self.write(document);
    }

    fn import(&mut self) {
        let key_pair_id =
            self.cloudfront.create(&format!("imported-{}", self.keys_made), Some(key_id(self.keys_made)));
        let key_pair_id = key_pair_id.unwrap();
        let members = [self.cloudfront.members(), std::slice::from_ref(&key_pair_id)].concat();
        self.cloudfront.update(members, self.now).unwrap();
        self.add_imported(key_pair_id);
    }

    fn add_imported(&mut self, key_pair_id: KeyPairId) {
        let (number, now) = (self.keys_made, self.wall());
        self.keys_made += 1;
        let (public, hash) = (public_key(number), HashAlgorithm::Sha1);
        self.asked = Some(key_id(number));
        self.document = self.document.clone().with_imported(&public, hash, key_pair_id, now).unwrap();
    }

    /// How many more keys a history can make.
    pub fn keys_left(&self) -> usize {
        60 - self.keys_made
    }

    /// Replaces the document, as a whole.
    pub fn write(&mut self, document: Document) {
        let wall = self.wall();
        self.ledger.changed(&self.document, &document, &self.settings, self.now, wall);
        self.document = document;
    }

    /// Somebody else's public key goes into the key group, if there is room.
    pub fn add_foreign(&mut self) {
        let public_keys = self.cloudfront.remote().public_keys.len();
        if self.cloudfront.members().len() >= KEY_GROUP_LIMIT || public_keys >= ACCOUNT_LIMIT {
            return;
        }
        let reference = format!("foreign-{}-{}", self.now, public_keys);
        let Ok(id) = self.cloudfront.create(&reference, None) else { return };
        let members = [self.cloudfront.members(), &[id]].concat();
        self.cloudfront.update(members, self.now).unwrap();
    }

    /// Somebody else's public keys, in no key group of ours, as far as the account has room.
    pub fn fill(&mut self, keys: usize) {
        for number in 0..keys {
            let _ = self.cloudfront.create(&format!("other-{}-{number}", self.now), None);
        }
    }

    /// Somebody takes a public key of theirs out of the key group and deletes it.
    pub fn remove_foreign(&mut self) {
        let Some(id) = self.cloudfront.foreign().into_iter().find(|id| !self.recorded(id)) else { return };
        self.take_out(&id);
        self.cloudfront.delete(&id).unwrap();
    }

    fn recorded(&self, id: &KeyPairId) -> bool {
        self.document.entries().iter().any(|entry| entry.key_pair_id() == Some(id))
    }

    pub fn take_out(&mut self, id: &KeyPairId) {
        let members = self.cloudfront.members().iter().filter(|member| *member != id).cloned().collect();
        self.cloudfront.update(members, self.now).unwrap();
    }

    /// Time goes by for `seconds`, with everything that happens in it.
    pub fn sleep(&mut self, seconds: i64) {
        let end = self.now + seconds;
        while self.now < end {
            let looks = self.servers.iter().map(|server| server.looks_at).filter(|at| *at > self.now);
            let next = looks.chain(self.cloudfront.changes(self.now, end)).chain([end]).min().unwrap_or(end);
            self.sign_until(next.min(end));
            for at in 0..self.servers.len() {
                if self.servers[at].looks_at <= self.now {
                    self.follow(at);
                }
            }
            self.nothing_is_refused();
        }
    }

    /// Every server signs at every moment, so the last cookie is the one that lives longest.
    fn sign_until(&mut self, moment: i64) {
        self.now = moment;
        let life = self.settings.longest_lifetime + self.settings.expiry_step;
        let life = i64::try_from(life.as_secs()).unwrap();
        for (id, _) in self.servers.iter().filter_map(|server| server.signs.as_ref()) {
            let until = self.ledger.cookies_until.entry(id.clone()).or_insert(i64::MIN);
            *until = (*until).max(moment + life);
        }
    }

    fn follow(&mut self, at: usize) {
        let interval = i64::try_from(self.settings.reload_interval.as_secs()).unwrap();
        let active = self.document.active();
        let signs = active.and_then(|active| Some((active.id().clone(), active.key_pair_id()?.clone())));
        self.servers[at] = Server { signs, looks_at: self.now + interval };
    }

    /// A server is started anew, and looks at the document at once.
    pub fn restart(&mut self, server: usize) {
        let at = server % self.servers.len();
        self.follow(at);
    }

    /// A margin that is smaller than the error of the clock promises nothing.
    pub fn nothing_is_refused(&self) {
        if self.clock_error > i64::try_from(self.settings.margin.as_secs()).unwrap() {
            return;
        }
        for key in self.ledger.in_use(self.now) {
            let id = self.document.entry(key).unwrap().key_pair_id().unwrap();
            assert!(self.cloudfront.accepted_everywhere(id, self.now), "cookies by {key} ({id}) are refused");
        }
    }

    /// Whether every server signs with the one active key.
    pub fn all_follow(&self) -> bool {
        let active = self.document.active().map(|active| active.id());
        self.servers.iter().all(|server| server.signs.as_ref().map(|(id, _)| id) == active)
    }

    pub fn in_state(&self, states: &[State]) -> Vec<KeyId> {
        let entries = self.document.entries().iter().filter(|entry| states.contains(&entry.state()));
        entries.map(|entry| entry.id().clone()).collect()
    }

    /// Lifetimes are not shortened before the rotation has been run with how long they were.
    pub fn set_lifetime(&mut self, seconds: u64) {
        let lifetime = Duration::from_secs(seconds);
        if lifetime >= self.settings.longest_lifetime || self.settings_seen {
            self.settings_seen &= lifetime == self.settings.longest_lifetime;
            self.settings.longest_lifetime = lifetime;
        }
    }

    pub fn set_clock(&mut self, ahead: i64) {
        self.ahead = ahead;
    }
}
