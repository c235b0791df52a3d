use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::id::{FileName, KeyId};
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, KeyPairId, PublicKey};

/// Where a key stands between being made and being forgotten. Rotation moves a key along this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Made here; CloudFront has not heard of it, so it has no Key-Pair-Id.
    Generated,
    /// Its public key is in CloudFront and has a Key-Pair-Id; no key group names it yet.
    Published,
    /// A key group names it; whether every edge already accepts it is not known.
    Trusted,
    /// An edge has been seen to accept a signature by it.
    Proven,
    /// New cookies are signed with it. At most one key is active.
    Active,
    /// Signs nothing more; cookies that it signed may still be in use, so the key group keeps it.
    Retiring,
    /// Out of the key group: the edge refuses what it signed.
    Untrusted,
    /// Its public key is deleted from CloudFront; the entry remains as a record.
    Gone,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generated => "generated",
            Self::Published => "published",
            Self::Trusted => "trusted",
            Self::Proven => "proven",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Untrusted => "untrusted",
            Self::Gone => "gone",
        })
    }
}

/// What `keyring.json` says about one key. It holds nothing secret.
///
/// An entry has a Key-Pair-Id exactly when its state is past [`State::Generated`]: CloudFront gives the
/// id when the public key is published. Only a [`Writer`](super::Writer) moves an entry on: which move is
/// right depends on the rest of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub struct Entry(Members);

/// The members as they are written, in that order; all are required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    id: KeyId,
    // Without this, serde takes a missing member for null.
    #[serde(deserialize_with = "Option::deserialize")]
    key_pair_id: Option<KeyPairId>,
    algorithm: KeyAlgorithm,
    hash: HashAlgorithm,
    state: State,
    file: FileName,
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    state_since: OffsetDateTime,
}

/// Members that contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Contradiction {
    #[error("a key in state `{0}` needs the `key_pair_id` that CloudFront gave it")]
    NoKeyPairId(State),
    #[error("a key in state `generated` is not in CloudFront yet, so its `key_pair_id` is null")]
    EarlyKeyPairId,
}

impl TryFrom<Members> for Entry {
    type Error = Contradiction;

    fn try_from(members: Members) -> Result<Self, Self::Error> {
        match (members.state, &members.key_pair_id) {
            (State::Generated, Some(_)) => Err(Contradiction::EarlyKeyPairId),
            (State::Generated, None) | (_, Some(_)) => Ok(Self(members)),
            (state, None) => Err(Contradiction::NoKeyPairId(state)),
        }
    }
}

impl From<Entry> for Members {
    fn from(entry: Entry) -> Self {
        entry.0
    }
}

impl Entry {
    /// The entry of a new key, in state [`State::Generated`] since `now`, kept to the second.
    pub(super) fn generated(public: &PublicKey, hash: HashAlgorithm, now: OffsetDateTime) -> Self {
        let id = KeyId::of(public);
        let now = whole_seconds(now);
        Self(Members {
            file: FileName::of(&id),
            id,
            key_pair_id: None,
            algorithm: public.algorithm(),
            hash,
            state: State::Generated,
            created_at: now,
            state_since: now,
        })
    }

    /// The same key, now signing under the Key-Pair-Id that CloudFront gave it.
    pub(super) fn into_active(self, key_pair_id: KeyPairId, now: OffsetDateTime) -> Self {
        self.known_as(key_pair_id, State::Active, now)
    }

    /// The same key, in a key group under the Key-Pair-Id that CloudFront gave it, not signing.
    pub(super) fn into_trusted(self, key_pair_id: KeyPairId, now: OffsetDateTime) -> Self {
        self.known_as(key_pair_id, State::Trusted, now)
    }

    /// The same key, which signs nothing more.
    pub(super) fn into_retiring(self, now: OffsetDateTime) -> Self {
        Self(Members { state: State::Retiring, state_since: whole_seconds(now), ..self.0 })
    }

    fn known_as(self, key_pair_id: KeyPairId, state: State, now: OffsetDateTime) -> Self {
        let state_since = whole_seconds(now);
        Self(Members { key_pair_id: Some(key_pair_id), state, state_since, ..self.0 })
    }

    /// The local name of the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.0.id
    }

    /// CloudFront's name of the public key; none before it is published.
    #[must_use]
    pub fn key_pair_id(&self) -> Option<&KeyPairId> {
        self.0.key_pair_id.as_ref()
    }

    /// What kind of key it is.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.0.algorithm
    }

    /// The hash that it signs over: a setting beside the key, not part of it.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.0.hash
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.0.state
    }

    /// The file of its private key.
    #[must_use]
    pub fn file(&self) -> &FileName {
        &self.0.file
    }

    /// When it was made, or imported.
    #[must_use]
    pub fn created_at(&self) -> OffsetDateTime {
        self.0.created_at
    }

    /// Since when it has been in its state.
    #[must_use]
    pub fn state_since(&self) -> OffsetDateTime {
        self.0.state_since
    }
}

fn whole_seconds(moment: OffsetDateTime) -> OffsetDateTime {
    moment.truncate_to_second()
}

pub(super) fn write_time<S: Serializer>(moment: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    let text = moment.format(&Rfc3339).map_err(ser::Error::custom)?;
    serializer.serialize_str(&text)
}

pub(super) fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    OffsetDateTime::parse(&text, &Rfc3339)
        .map_err(|_| de::Error::custom("a time is written as in RFC 3339, such as 2026-11-21T08:00:00Z"))
}
