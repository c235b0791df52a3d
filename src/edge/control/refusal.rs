//! Why the account refuses a call. The codes are the service's own (rules §4); HTTP gives them a status elsewhere.

use thiserror::Error;

use super::account::{GROUPS_IN_ACCOUNT, KEYS_IN_ACCOUNT, KEYS_IN_GROUP};

/// Why a call changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A value is not of the form that is wanted.
    #[error("{0}")]
    InvalidArgument(String),
    /// `If-Match` is missing, or is no version.
    #[error("The If-Match version is missing or not valid for the resource.")]
    InvalidIfMatchVersion,
    /// `If-Match` is an older version.
    #[error("The precondition given in one or more of the request-header fields evaluated to false.")]
    PreconditionFailed,
    /// No public key has this id.
    #[error("The specified public key does not exist.")]
    NoSuchPublicKey,
    /// No key group has this id.
    #[error("The specified resource does not exist.")]
    NoSuchResource,
    /// The account's only distribution has another id.
    #[error("The specified distribution does not exist.")]
    NoSuchDistribution,
    /// The caller reference was used for other content, or the name is taken.
    #[error(
        "The {0} that you are using to create a CloudFront public key is associated with another public key in your account."
    )]
    PublicKeyAlreadyExists(&'static str),
    /// Another key group has this name.
    #[error("A key group with this name already exists.")]
    KeyGroupAlreadyExists,
    /// A key group names the public key.
    #[error(
        "The Cloudfront public key is currently associated with either Key Group or a field level encryption profile."
    )]
    PublicKeyInUse,
    /// A behaviour of the distribution trusts the key group.
    #[error("Cannot delete this resource because it is in use.")]
    ResourceInUse,
    /// Only the comment of a public key can change.
    #[error("You can't change the value of a public key. Only its comment can be changed.")]
    CannotChangeImmutablePublicKeyFields,
    /// More public keys than an account may have.
    #[error(
        "Processing your request will cause you to exceed the maximum number of CloudFront public keys allowed ({KEYS_IN_ACCOUNT})."
    )]
    TooManyPublicKeys,
    /// More public keys than a key group may have.
    #[error(
        "The number of public keys in this key group is more than the maximum allowed ({KEYS_IN_GROUP})."
    )]
    TooManyPublicKeysInKeyGroup,
    /// More key groups than an account may have.
    #[error("You have reached the maximum number of key groups for this AWS account ({GROUPS_IN_ACCOUNT}).")]
    TooManyKeyGroups,
}

impl Refusal {
    /// The code that clients go by.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::InvalidArgument(_) => "InvalidArgument",
            Self::InvalidIfMatchVersion => "InvalidIfMatchVersion",
            Self::PreconditionFailed => "PreconditionFailed",
            Self::NoSuchPublicKey => "NoSuchPublicKey",
            Self::NoSuchResource => "NoSuchResource",
            Self::NoSuchDistribution => "NoSuchDistribution",
            Self::PublicKeyAlreadyExists(_) => "PublicKeyAlreadyExists",
            Self::KeyGroupAlreadyExists => "KeyGroupAlreadyExists",
            Self::PublicKeyInUse => "PublicKeyInUse",
            Self::ResourceInUse => "ResourceInUse",
            Self::CannotChangeImmutablePublicKeyFields => "CannotChangeImmutablePublicKeyFields",
            Self::TooManyPublicKeys => "TooManyPublicKeys",
            Self::TooManyPublicKeysInKeyGroup => "TooManyPublicKeysInKeyGroup",
            Self::TooManyKeyGroups => "TooManyKeyGroups",
        }
    }
}
