//! What CloudFront defines, pure: no clock, no files, no HTTP, no async.
//!
//! Signing goes [`Policy`] → [`Signer`] → [`SignedCookies`] or a signed URL. Verifying goes
//! [`ViewerRequest`] → [`decide`] → [`Decision`]. The two directions share the alphabet of
//! [`encoding`] and the key types, nothing else, so that a mistake in one cannot hide in the other.
//!
//! Facts are cited as *rules §N*: the sections of the project's rulebook, gathered from the
//! CloudFront Developer Guide. `[inferred]` marks what the guide leaves open.
//!
//! ```
//! use edgemint::cloudfront::*;
//! use std::sync::Arc;
//!
//! let key = Arc::new(SigningKey::generate(KeyAlgorithm::EcdsaP256)?);
//! let trusted: TrustedKeys = [("K2JCJMDEHXQW5F".parse()?, key.public_key().clone())].into_iter().collect();
//! let signer = Signer::new("K2JCJMDEHXQW5F".parse()?, key, HashAlgorithm::Sha256);
//!
//! let policy = Policy::new(Resource::parse("https://cdn.example.com/podcasts/*")?, EpochSeconds::new(1_800_000_000)?);
//! let cookies = signer.cookies(&policy)?;
//!
//! let pairs: Vec<(&str, &str)> = cookies.pairs().collect();
//! let request = ViewerRequest {
//!     scheme: "https",
//!     host: "cdn.example.com",
//!     path_and_query: "/podcasts/1.mp3",
//!     cookies: &pairs,
//!     address: None,
//! };
//! assert!(decide(&request, &trusted, 1_799_999_999).is_allowed());
//! assert_eq!(decide(&request, &trusted, 1_800_000_000).refusal, Some(Refusal::AccessDenied));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod browser;
pub mod cookies;
pub mod encoding;
mod hash;
mod id_kind;
pub mod key;
pub mod policy;
mod signer;
pub mod url;
pub mod verify;

pub use cookies::{CookieScope, CookieScopeError, SameSite, SignedCookies};
pub use hash::HashAlgorithm;
pub use id_kind::IdKind;
pub use key::{KeyAlgorithm, KeyError, KeyPairId, PublicKey, SignError, SigningKey};
pub use policy::{EpochSeconds, Policy, PolicyError, Resource, SourceIp};
pub use signer::Signer;
pub use url::{MediaUrl, SIGNED_URL_PARAMETERS, SignedUrl};
pub use verify::{Check, CheckName, Decision, Refusal, TrustedKeys, ViewerRequest, decide};
