//! The calls of the CloudFront API that a rotation makes (rules §4).
//!
//! Each is safe to make again: a public key is created under a CallerReference that is its own id, a key
//! group is read, changed and put under its ETag, and what is deleted already counts as deleted.

mod client;
mod distribution;
mod error;
mod key_group;
mod public_keys;

pub use client::CloudFront;
pub use distribution::Distribution;
pub use error::{ApiError, Call, NoCredentials};
pub use key_group::{GroupChange, KeyGroup};
pub use public_keys::RemoteKey;
