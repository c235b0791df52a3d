//! The calls that the double knows.

use serde::{Deserialize, Serialize};

/// A call, by the name that the service, its CLI and its SDKs have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Operation {
    CreatePublicKey,
    GetPublicKey,
    GetPublicKeyConfig,
    UpdatePublicKey,
    DeletePublicKey,
    ListPublicKeys,
    CreateKeyGroup,
    GetKeyGroup,
    GetKeyGroupConfig,
    UpdateKeyGroup,
    DeleteKeyGroup,
    ListKeyGroups,
    GetDistribution,
}
