//! A keyring as one secret in AWS Secrets Manager: a JSON object of file names and contents.

mod client;
mod error;
mod members;
mod versions;

pub(super) use client::SecretClient;
pub use error::SecretError;
pub(super) use members::Members;
pub(super) use versions::SecretWriter;
