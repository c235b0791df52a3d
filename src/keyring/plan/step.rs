use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

use super::obstacle::Obstacle;
use crate::cloudfront::KeyPairId;
use crate::keyring::{KeyId, moment};

/// One thing to do, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub action: Action,
    /// Why, and why now: a sentence without its full stop.
    pub reason: String,
}

/// What is done next. Once an action is done, [`record`](super::record) gives the document that says so; every
/// action can be repeated, and is until it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Create the public key in CloudFront, under its [`caller_reference`](super::caller_reference). The answer is
    /// recorded as [`Action::Adopt`].
    Publish {
        /// The key.
        id: KeyId,
    },
    /// Only record: CloudFront has the public key of `id`, as `key_pair_id`.
    Adopt {
        /// The key.
        id: KeyId,
        /// What CloudFront calls it.
        key_pair_id: KeyPairId,
    },
    /// Put the public key into the key group, unless it is there, next to all that is there.
    Trust {
        /// The key.
        id: KeyId,
    },
    /// See that the edge accepts what the key signs.
    Prove {
        /// The key.
        id: KeyId,
    },
    /// Only record: from now on this key signs, and the one before retires.
    Activate {
        /// The key.
        id: KeyId,
    },
    /// Only record: the key will not sign; a newer one will.
    GiveUp {
        /// The key.
        id: KeyId,
    },
    /// Only record how long cookies by the key may live, for the settings say longer than is recorded.
    NoteCookieLife {
        /// The key.
        id: KeyId,
        /// The longest life of a cookie.
        longest: Duration,
    },
    /// Take the public key out of the key group, unless it is out already, and leave all else there as it is.
    Untrust {
        /// The key.
        id: KeyId,
    },
    /// See that the edge refuses what the key signs, if its private key is still there to sign with; then delete
    /// the public key. That it does not exist is success.
    Delete {
        /// The key.
        id: KeyId,
    },
    /// Only record: CloudFront has no public key of it to delete.
    Forget {
        /// The key.
        id: KeyId,
    },
    /// Nothing is due before then.
    Wait {
        /// When to look again.
        until: OffsetDateTime,
    },
    /// Somebody has to act before this can go on. Nothing that leads up to it is begun, and what does not depend
    /// on it goes on.
    Blocked(Obstacle),
}

impl Action {
    /// The key that it is about; none for a wait and for most obstacles.
    #[must_use]
    pub fn key(&self) -> Option<&KeyId> {
        match self {
            Self::Publish { id }
            | Self::Adopt { id, .. }
            | Self::Trust { id }
            | Self::Prove { id }
            | Self::Activate { id }
            | Self::GiveUp { id }
            | Self::NoteCookieLife { id, .. }
            | Self::Untrust { id }
            | Self::Delete { id }
            | Self::Forget { id } => Some(id),
            Self::Wait { .. } => None,
            Self::Blocked(obstacle) => obstacle.key(),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish { id } => write!(f, "create the public key of {id} in CloudFront"),
            Self::Adopt { id, key_pair_id } => {
                write!(f, "record that CloudFront knows {id} as {key_pair_id}")
            }
            Self::Trust { id } => write!(f, "put {id} into the key group"),
            Self::Prove { id } => write!(f, "see that the edge accepts {id}"),
            Self::Activate { id } => write!(f, "let {id} sign"),
            Self::GiveUp { id } => write!(f, "give {id} up"),
            Self::NoteCookieLife { id, longest } => {
                write!(f, "record that cookies by {id} live up to {}", humantime::format_duration(*longest))
            }
            Self::Untrust { id } => write!(f, "take {id} out of the key group"),
            Self::Delete { id } => {
                write!(f, "see that the edge refuses {id}, then delete its public key from CloudFront")
            }
            Self::Forget { id } => write!(f, "record that CloudFront has no public key of {id}"),
            Self::Wait { until } => write!(f, "wait until {}", moment(*until)),
            Self::Blocked(obstacle) => write!(f, "stop: {obstacle}"),
        }
    }
}
