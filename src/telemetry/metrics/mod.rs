//! Metrics: instruments that the service writes to, and the text in which they are asked for.
//!
//! Names and labels come from the program and its configuration, never from a request: there are as many series as
//! the configuration makes. An instrument is made at the start and written to without a lock.

mod keyring;
mod registry;

pub use keyring::{KeyringMetrics, SigningKeyInfo};
pub use registry::{CONTENT_TYPE, Metrics};
