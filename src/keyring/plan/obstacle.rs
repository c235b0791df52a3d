use crate::cloudfront::KeyPairId;
use crate::keyring::KeyId;

/// What a plan cannot get past by itself. The messages say what was found and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The key group does not exist.
    #[error("there is no such key group: create it in CloudFront, or correct `rotation.key_group`")]
    NoKeyGroup,
    /// No key signs and none is on its way.
    #[error("no key signs and none is on its way: run `edgemint keys rotate` to make one")]
    NoKey,
    /// No room in the key group, and none of the keyring's own keys is about to leave it.
    #[error(
        "the key group has {members} of at most {limit} keys ({foreign} of them not of this keyring) and none is \
         about to leave: take a key out that nobody signs with, or raise the quota"
    )]
    KeyGroupFull {
        /// How many keys it has.
        members: usize,
        /// How many of these are not of this keyring.
        foreign: usize,
        /// The most that it may have.
        limit: usize,
    },
    /// No room for another public key, and none of the keyring's own keys is about to be deleted.
    #[error(
        "the account has {public_keys} of at most {limit} public keys and none is about to be deleted: \
         delete a public key in CloudFront that no key group names, or raise the quota"
    )]
    AccountFull {
        /// How many public keys there are.
        public_keys: usize,
        /// The most that there may be.
        limit: usize,
    },
    /// The public key of the active key was deleted from CloudFront.
    #[error(
        "{key_pair_id}, the public key of the active key {id}, is not in CloudFront, so every cookie is refused: \
         if no successor is on its way, run `edgemint keys rotate` now"
    )]
    ActiveVanished {
        /// The key.
        id: KeyId,
        /// Its Key-Pair-Id.
        key_pair_id: KeyPairId,
    },
    /// The public key of the successor was deleted from CloudFront.
    #[error(
        "{key_pair_id}, the public key of the successor {id}, is not in CloudFront any more, and CloudFront gives \
         no id twice: run `edgemint keys rotate` for another successor, or `edgemint keys rollback` to stay"
    )]
    SuccessorVanished {
        /// The key.
        id: KeyId,
        /// Its Key-Pair-Id.
        key_pair_id: KeyPairId,
    },
    /// The successor was in the key group, and somebody took it out.
    #[error(
        "{key_pair_id}, the public key of the successor {id}, was taken out of the key group by hand, and put back \
         it would prove nothing: run `edgemint keys rotate` for another successor, or `edgemint keys rollback` to stay"
    )]
    SuccessorTakenOut {
        /// The key.
        id: KeyId,
        /// Its Key-Pair-Id.
        key_pair_id: KeyPairId,
    },
    /// A key is to leave the key group, and there is no other in it.
    #[error(
        "{key_pair_id}, the public key of {id}, is the only one in the key group, and CloudFront keeps no group without one: \
         run `edgemint keys rotate` for another key, after which this one is taken out; until then the edge accepts it, \
         unless you take the key group out of the behaviour"
    )]
    OnlyMember {
        /// The key.
        id: KeyId,
        /// Its Key-Pair-Id.
        key_pair_id: KeyPairId,
    },
    /// The recorded Key-Pair-Id is that of some other public key.
    #[error(
        "{key_pair_id} in CloudFront is not the public key of {id}, as keyring.json says: \
         what {id} signs is refused, so run `edgemint keys rotate` for a key with an id of its own"
    )]
    OtherPublicKey {
        /// The key.
        id: KeyId,
        /// The Key-Pair-Id in its entry.
        key_pair_id: KeyPairId,
    },
}

impl Obstacle {
    /// The key that it is about, if it is one of the keyring.
    #[must_use]
    pub fn key(&self) -> Option<&KeyId> {
        match self {
            Self::NoKeyGroup | Self::NoKey | Self::KeyGroupFull { .. } | Self::AccountFull { .. } => None,
            Self::ActiveVanished { id, .. }
            | Self::SuccessorVanished { id, .. }
            | Self::SuccessorTakenOut { id, .. }
            | Self::OnlyMember { id, .. }
            | Self::OtherPublicKey { id, .. } => Some(id),
        }
    }
}
