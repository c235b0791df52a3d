use super::entry::State;
use super::id::KeyId;
use crate::cloudfront::KeyPairId;

/// Why a key was not moved on. The messages say what was found and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The key is in a state from which this does not follow.
    #[error(
        "key {id} is in state `{state}`, from which it does not become `{wanted}`: \
         if something else changed the keyring, run `edgemint keys advance` again"
    )]
    OutOfOrder {
        /// The key.
        id: KeyId,
        /// Its state.
        state: State,
        /// The state that it was to have.
        wanted: State,
    },
    /// A Key-Pair-Id is given once.
    #[error(
        "key {id} is in CloudFront as Key-Pair-Id {recorded}, and {given} was to be recorded for it: \
         keep the first, and delete {given} in CloudFront"
    )]
    OtherKeyPairId {
        /// The key.
        id: KeyId,
        /// The Key-Pair-Id in its entry.
        recorded: KeyPairId,
        /// The other one.
        given: KeyPairId,
    },
    /// The active key was to go, and no other can sign.
    #[error(
        "key {id} signs all cookies, and without a proven successor nothing could sign: run `edgemint keys rotate`, \
         and `edgemint keys revoke {id}` once the new key is active or its state is `proven`"
    )]
    OnlyKey {
        /// The active key.
        id: KeyId,
    },
    /// There is neither a successor to give up nor a key before that the key group still has.
    #[error(
        "there is no way back: no successor is on its way, and no key before the active one is in state `retiring`; \
         `edgemint keys rotate` makes a new key instead"
    )]
    NoWayBack,
}
