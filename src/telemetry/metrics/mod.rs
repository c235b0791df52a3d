//! Metrics: instruments that the service writes to, and the text in which they are asked for.
//!
//! Names and labels come from the program and its configuration, never from a request: there are as many series as
//! the configuration makes. An instrument is made at the start and written to without a lock.

mod dependencies;
mod keyring;
mod labels;
mod moment;
mod process;
mod registry;
mod requests;
mod signing;
mod timing;

pub use dependencies::{StoreMetrics, UpstreamMetrics};
pub use keyring::{KeyringMetrics, SigningKeyInfo};
pub use labels::Labels;
pub use moment::Moment;
pub use registry::{CONTENT_TYPE, Metrics};
pub use requests::RequestMetrics;
pub use signing::SigningMetrics;
pub use timing::Timing;
