//! JSON web tokens (RFC 7515, 7517, 7519), as tickets and the tokens of an identity provider are.
//!
//! A signature is verified by `jsonwebtoken`; everything else that a token must be is checked here, in this order:
//! size and shape, header, key, signature, claims. Nothing in a token chooses what it is verified by: its `kid`
//! picks one of the keys, and that is for one algorithm.

mod algorithm;
mod claims;
mod header;
mod jwk;
mod jwks;
mod key;
mod keys;
mod parts;
mod refusal;
mod token;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use jwks::JwksSettings;
pub use key::{TokenKey, TokenKeyError};
pub use keys::{KeySettings, KeySettingsError};
pub use refusal::TokenRefusal;

pub(super) use claims::{MAX_TEXT_BYTES, Parties, bounded_text, parties, required, seconds};
pub(super) use keys::Keys;
pub(super) use token::Kind;
