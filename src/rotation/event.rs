use time::OffsetDateTime;

use super::api::ApiError;
use super::canary::Seen;
use super::manual::Instructions;
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, KeyPairId};
use crate::keyring::{Action, KeyId, Obstacle, State};

/// What a rotation tells while it goes on. None of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A successor was made and stored; CloudFront has not heard of it.
    Made {
        /// The key.
        id: KeyId,
        /// Its kind.
        algorithm: KeyAlgorithm,
        /// The hash that it signs over.
        hash: HashAlgorithm,
    },
    /// A successor is under way already, and no other is made.
    GoesOn {
        /// The key.
        id: KeyId,
        /// How far it has come.
        state: State,
    },
    /// The operator's wish is in the keyring; what follows from it comes next.
    Decided {
        /// What was decided, as a sentence without its full stop.
        what: String,
    },
    /// A step begins.
    Begun {
        /// The step.
        action: Action,
        /// Why, and why now.
        reason: String,
    },
    /// A step is done and recorded.
    Done {
        /// The step, as it was begun.
        action: Action,
        /// What CloudFront calls the key.
        key_pair_id: Option<KeyPairId>,
    },
    /// The edge answered a probe otherwise than before.
    Probed(Seen),
    /// A call has no clear answer: it is looked first what came of it.
    Unsure {
        /// The step.
        action: Action,
        /// What is known.
        error: ApiError,
    },
    /// The old key could not be seen to be refused, because its private key is not there to ask with.
    NotSeenRefused {
        /// The key.
        id: KeyId,
        /// Why not.
        reason: String,
    },
    /// The private key of a key that is gone was deleted.
    Destroyed {
        /// The key.
        id: KeyId,
    },
    /// A step is for a person to do.
    ByHand(Box<Instructions>),
    /// Nothing is due before a time, which is waited for.
    Waiting {
        /// When something is due.
        until: OffsetDateTime,
        /// What, and why then.
        reason: String,
    },
    /// Something failed that may pass, and is tried again in a moment.
    TriesAgain {
        /// What failed.
        error: String,
    },
}

/// How far a rotation has come, when it can go no further for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing remains to be done.
    Finished,
    /// Nothing is due before a time.
    Waiting {
        /// When something is due.
        until: OffsetDateTime,
        /// What, and why then.
        reason: String,
    },
    /// Somebody has to act first.
    Blocked(Vec<Obstacle>),
    /// A person has to take the step that was shown.
    ByHand,
    /// It was asked to stop.
    Stopped,
}
