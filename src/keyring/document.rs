use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::conflict::Seen;
use super::entry::{Entry, State};
use super::id::{FileName, KeyId};
use super::misread::Misread;
use super::transition_error::TransitionError;
use crate::cloudfront::{HashAlgorithm, KeyPairId, PublicKey};

/// The one version of `keyring.json` that this program reads and writes.
const VERSION: u64 = 1;

/// Far more than CloudFront has room for.
const MOST_KEYS: usize = 1000;

/// How many keys that are gone stay on record, the newest. With more, and a full journal, a secret would have no room
/// left for a rotation, nor for a revocation: AWS Secrets Manager takes 64 KiB.
const MOST_GONE: usize = 30;

/// What `keyring.json` says: the keys, in the order in which they came, and the state of each.
///
/// No two entries share a key, a Key-Pair-Id or a file, and at most one is active; there is no way to
/// make a document of which that does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    keys: Vec<Entry>,
}

/// Why a document was not read, or a change to it was refused. The messages say what was found and
/// what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Not JSON, cut short, or with members that are wrong, unknown, missing or doubled.
    #[error("it does not read as a keyring ({0}): put it back from a backup, or correct that place")]
    Syntax(#[from] Misread),
    /// More keys than a keyring has room for.
    #[error(
        "{0} keys are more than the {MOST_KEYS} that a keyring has room for: \
         take the oldest entries in state `gone` out of keyring.json"
    )]
    TooMany(usize),
    /// The format has moved on.
    #[error(
        "it was written by a newer edgemint (version {0}, this one reads version {VERSION}): run that one"
    )]
    NewerVersion(u64),
    /// No edgemint ever wrote this version.
    #[error("it says version {0}, which never was: this edgemint reads version {VERSION}")]
    UnknownVersion(u64),
    /// A member has no written form.
    #[error("it cannot be written ({0}): see to the clock of this machine, then run this again")]
    Unwritable(serde_json::Error),
    /// The same key twice.
    #[error("key {id} is there already, in state `{state}`{}: one entry a key is enough", as_key_pair(.key_pair_id.as_ref()))]
    SameKey {
        /// The entry that holds the key.
        id: KeyId,
        /// Its state.
        state: State,
        /// Its Key-Pair-Id, if it has one.
        key_pair_id: Option<KeyPairId>,
    },
    /// One Key-Pair-Id for two keys.
    #[error(
        "Key-Pair-Id {key_pair_id} belongs to key {id} already: \
         CloudFront gives every public key its own, so take the other key's from there"
    )]
    SameKeyPairId {
        /// The Key-Pair-Id.
        key_pair_id: KeyPairId,
        /// The entry that has it.
        id: KeyId,
    },
    /// One file for two keys.
    #[error("keys {first} and {second} name the same file: correct `file` of one of them")]
    SameFile {
        /// The first entry.
        first: KeyId,
        /// The second entry.
        second: KeyId,
    },
    /// Two active keys.
    #[error(
        "keys {first} and {second} are both in state `active`, and only one key may sign: \
         put keyring.json back from a backup"
    )]
    TwoActive {
        /// The first entry.
        first: KeyId,
        /// The second entry.
        second: KeyId,
    },
    /// No entry has this id.
    #[error("there is no key {0}: `edgemint keys list` shows those that there are")]
    NoSuchKey(KeyId),
    /// A key that can sign is replaced by a rotation, not by hand.
    #[error(
        "key {active} is active, and cookies that it signed are in use: only a rotation may put key {id} \
         in its place, unless {file} is lost for good and gone from the keyring"
    )]
    AnotherActive {
        /// The key that was to be activated.
        id: KeyId,
        /// The key that is active.
        active: KeyId,
        /// The file of the active key.
        file: FileName,
    },
    /// Only a key that has signed nothing yet is activated.
    #[error(
        "key {id} is in state `{state}`, and only a key that has not signed yet is activated: \
         `edgemint keys list` shows which"
    )]
    PastActivation {
        /// The key that was to be activated.
        id: KeyId,
        /// Its state.
        state: State,
    },
    /// A published key has its Key-Pair-Id for good.
    #[error(
        "key {id} is in CloudFront as Key-Pair-Id {recorded}, not {given}: give `--key-pair-id {recorded}`"
    )]
    OtherKeyPairId {
        /// The key that was to be activated.
        id: KeyId,
        /// The Key-Pair-Id in its entry.
        recorded: KeyPairId,
        /// The one given.
        given: KeyPairId,
    },
    /// A step of a rotation that the document does not allow.
    #[error(transparent)]
    Transition(#[from] TransitionError),
}

fn as_key_pair(key_pair_id: Option<&KeyPairId>) -> String {
    key_pair_id.map(|id| format!(" as Key-Pair-Id {id}")).unwrap_or_default()
}

#[derive(Serialize)]
struct Written<'a> {
    version: u64,
    keys: &'a [Entry],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "version")]
    _version: u64,
    keys: Vec<Entry>,
}

/// Read first, for a newer version may have members that are unknown here.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, Misread> {
    serde_json::from_slice(json).map_err(Misread::from)
}

impl Document {
    /// Reads the contents of a `keyring.json`.
    ///
    /// # Errors
    /// Whatever contradicts the format or the rules above.
    pub fn parse(json: &[u8]) -> Result<Self, DocumentError> {
        match read::<Version>(json)?.version {
            VERSION => Self::of(read::<Read>(json)?.keys),
            newer if newer > VERSION => Err(DocumentError::NewerVersion(newer)),
            unknown => Err(DocumentError::UnknownVersion(unknown)),
        }
    }

    /// What to write as `keyring.json`, for people to read too.
    ///
    /// # Errors
    /// A time beyond the year 9999, which RFC 3339 cannot say.
    pub fn to_json(&self) -> Result<String, DocumentError> {
        let written = Written { version: VERSION, keys: &self.keys };
        let mut json = serde_json::to_string_pretty(&written).map_err(DocumentError::Unwritable)?;
        json.push('\n');
        Ok(json)
    }

    fn of(keys: Vec<Entry>) -> Result<Self, DocumentError> {
        if keys.len() > MOST_KEYS {
            return Err(DocumentError::TooMany(keys.len()));
        }
        let mut seen = Seen::default();
        keys.iter().try_for_each(|entry| seen.add(entry))?;
        Ok(Self { keys })
    }

    /// The keys, oldest entry first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.keys
    }

    /// The key that signs, if there is one yet.
    #[must_use]
    pub fn active(&self) -> Option<&Entry> {
        self.keys.iter().find(|entry| entry.state() == State::Active)
    }

    /// The entry of one key.
    ///
    /// # Errors
    /// [`DocumentError::NoSuchKey`].
    pub fn entry(&self, id: &KeyId) -> Result<&Entry, DocumentError> {
        self.keys.iter().find(|entry| entry.id() == id).ok_or_else(|| DocumentError::NoSuchKey(id.clone()))
    }

    /// The document with one more key, which CloudFront has not heard of: the first, or a successor of the
    /// active one.
    ///
    /// # Errors
    /// The key is there already, or there are too many.
    pub fn with_generated(
        self,
        public: &PublicKey,
        hash: HashAlgorithm,
        now: OffsetDateTime,
    ) -> Result<Self, DocumentError> {
        self.with(Entry::generated(public, hash, now))
    }

    /// The document with one more key, which CloudFront trusts as `key_pair_id`: it becomes active if
    /// no other key is, else it is kept as trusted, for a rotation to take up.
    ///
    /// # Errors
    /// The key or its Key-Pair-Id is there already, or there are too many.
    pub(super) fn with_imported(
        self,
        public: &PublicKey,
        hash: HashAlgorithm,
        key_pair_id: KeyPairId,
        now: OffsetDateTime,
    ) -> Result<Self, DocumentError> {
        let entry = Entry::generated(public, hash, now);
        let entry = match self.active() {
            None => entry.known_as(key_pair_id, State::Active, now),
            Some(_) => entry.known_as(key_pair_id, State::Trusted, now),
        };
        self.with(entry)
    }

    /// Room is made for the new entry by the oldest keys that are gone.
    fn with(mut self, entry: Entry) -> Result<Self, DocumentError> {
        let is_gone = |entry: &Entry| entry.state() == State::Gone;
        let mut surplus = self.keys.iter().filter(|entry| is_gone(entry)).count().saturating_sub(MOST_GONE);
        self.keys.retain(|entry| {
            let is_surplus = surplus > 0 && is_gone(entry);
            surplus -= usize::from(is_surplus);
            !is_surplus
        });
        self.keys.push(entry);
        Self::of(self.keys)
    }

    /// The document in which key `id` is the active one, under `key_pair_id`.
    ///
    /// # Errors
    /// No such key, a key that has been active, another active key, a Key-Pair-Id that another key has
    /// or that is not the one in the key's own entry.
    pub(super) fn with_active(
        self,
        id: &KeyId,
        key_pair_id: &KeyPairId,
        now: OffsetDateTime,
    ) -> Result<Self, DocumentError> {
        let entry = self.entry(id)?;
        if entry.state() >= State::Active {
            return Err(DocumentError::PastActivation { id: id.clone(), state: entry.state() });
        }
        if let Some(recorded) = entry.key_pair_id().filter(|recorded| *recorded != key_pair_id) {
            let (recorded, given) = (recorded.clone(), key_pair_id.clone());
            return Err(DocumentError::OtherKeyPairId { id: id.clone(), recorded, given });
        }
        if let Some(active) = self.active() {
            let (active, file) = (active.id().clone(), active.file().clone());
            return Err(DocumentError::AnotherActive { id: id.clone(), active, file });
        }
        self.change(id, |entry| entry.known_as(key_pair_id.clone(), State::Active, now))
    }

    /// The document in which the active key, which must be unable to sign, is retiring. It has no active
    /// key, so it is only a step on the way to [`with_active`](Self::with_active).
    pub(super) fn with_active_lost(self, now: OffsetDateTime) -> Result<Self, DocumentError> {
        match self.active().map(|active| active.id().clone()) {
            Some(active) => self.change(&active, |entry| entry.into_state(State::Retiring, now)),
            None => Ok(self),
        }
    }

    /// The document with one entry changed.
    pub(super) fn change(
        self,
        id: &KeyId,
        change: impl FnOnce(Entry) -> Entry,
    ) -> Result<Self, DocumentError> {
        let mut keys = self.keys;
        if let Some(at) = keys.iter().position(|entry| entry.id() == id) {
            let changed = change(keys[at].clone());
            keys[at] = changed;
        }
        Self::of(keys)
    }
}
