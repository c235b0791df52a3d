use std::fmt;
use std::time::Duration;

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
    /// Not to be trusted: out of the key group, or to be taken out of it before anything else is done.
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
/// CloudFront gives the Key-Pair-Id when the public key is published, so an entry has none in state
/// [`State::Generated`] and has one from then on; a key that was given up before goes without. Only a
/// [`Document`](super::Document) moves an entry on: which move is right depends on the rest of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub struct Entry(Members);

/// The members as they are written, in that order; all are required but the last two.
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
    /// Seconds: the longest life of a cookie by this key, as far as rotation was told. Since it was active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cookie_life: Option<u64>,
    /// Until when cookies by this key may be in use. Since it stopped signing.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_optional_time",
        deserialize_with = "read_optional_time"
    )]
    cookies_until: Option<OffsetDateTime>,
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
            (State::Generated | State::Untrusted | State::Gone, None) | (_, Some(_)) => Ok(Self(members)),
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
            cookie_life: None,
            cookies_until: None,
        })
    }

    /// The same key in another state. Its time in a state never starts before its time in the state before
    /// did, so a clock that was set back makes no wait shorter.
    pub(super) fn into_state(self, state: State, now: OffsetDateTime) -> Self {
        let state_since = whole_seconds(now).max(self.0.state_since);
        Self(Members { state, state_since, ..self.0 })
    }

    /// The same key under the Key-Pair-Id that CloudFront gave it. For [`State`]s that have one.
    pub(super) fn known_as(self, key_pair_id: KeyPairId, state: State, now: OffsetDateTime) -> Self {
        Self(Members { key_pair_id: Some(key_pair_id), ..self.0 }).into_state(state, now)
    }

    /// The same key, of which cookies live up to `longest`, if that is longer than is known so far.
    pub(super) fn with_cookie_life(self, longest: Duration) -> Self {
        let seconds = longest.as_secs().saturating_add(u64::from(longest.subsec_nanos() > 0));
        Self(Members { cookie_life: self.0.cookie_life.max(Some(seconds)), ..self.0 })
    }

    /// The same key, of which cookies may be in use until `until`, if that is later than is known so far.
    pub(super) fn with_cookies_until(self, until: OffsetDateTime) -> Self {
        Self(Members { cookies_until: self.0.cookies_until.max(Some(whole_seconds_up(until))), ..self.0 })
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

    /// The longest life of a cookie by this key; none before it was active, or if nobody said.
    #[must_use]
    pub fn cookie_life(&self) -> Option<Duration> {
        self.0.cookie_life.map(Duration::from_secs)
    }

    /// Until when cookies by this key may be in use; none before it stopped signing, or if nobody said.
    #[must_use]
    pub fn cookies_until(&self) -> Option<OffsetDateTime> {
        self.0.cookies_until
    }
}

/// The moment `after` another, or the last one that can be told.
pub(super) fn later(moment: OffsetDateTime, after: Duration) -> OffsetDateTime {
    moment.saturating_add(time::Duration::try_from(after).unwrap_or(time::Duration::MAX))
}

fn whole_seconds(moment: OffsetDateTime) -> OffsetDateTime {
    moment.truncate_to_second()
}

/// Up, so that what is kept is never earlier than what was meant.
fn whole_seconds_up(moment: OffsetDateTime) -> OffsetDateTime {
    let whole = whole_seconds(moment);
    if whole == moment { whole } else { later(whole, Duration::from_secs(1)) }
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

fn write_optional_time<S: Serializer>(
    moment: &Option<OffsetDateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => write_time(moment, serializer),
        None => serializer.serialize_none(),
    }
}

fn read_optional_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    read_time(deserializer).map(Some)
}
