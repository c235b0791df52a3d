//! Proof at the edge: one protected file, asked for without cookies and with those of one key.
//!
//! AWS documents no sign by which the propagation of a key group ends (rules §4), so it is looked for: a key
//! is proven once the edge has let it in so many times in a row, with time between, each time on a connection
//! of its own.

mod answer;
mod error;
mod probe;
mod settings;
mod url;

pub use answer::Answer;
pub use error::ProofError;
pub use probe::{Canary, CanaryError, Seen};
pub use settings::ProofSettings;
pub use url::{CanaryUrl, CanaryUrlError};
