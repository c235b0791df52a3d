//! edgemint mints CloudFront signed cookies beside a web app's login, so that a listener's player
//! fetches every byte of a podcast from the CDN edge.
//!
//! Dependencies between the modules point down this list only:
//! [`cloudfront`] is the pure format; `keyring` keeps the signing keys; `mint` turns a grant, a
//! session and a time into cookies; `session` knows who is asking; `rotation` puts another key in the place
//! of the one that signs; `edge` is a local double of CloudFront; `player` is the script for pages; `config` parses settings into the types above; `http`
//! serves; `cli` and `telemetry` wire it together. With `default-features = false` only [`cloudfront`] is built.

pub mod cloudfront;

#[cfg(feature = "service")]
pub mod cli;
#[cfg(feature = "service")]
pub mod config;
#[cfg(feature = "service")]
pub mod demo;
#[cfg(feature = "service")]
pub mod edge;
#[cfg(feature = "service")]
pub mod http;
#[cfg(feature = "service")]
pub mod keyring;
#[cfg(feature = "service")]
pub mod mint;
#[cfg(feature = "service")]
pub mod player;
#[cfg(feature = "service")]
pub mod rotation;
#[cfg(feature = "service")]
pub mod session;
#[cfg(feature = "service")]
pub mod telemetry;
