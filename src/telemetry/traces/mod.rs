//! Traces: the place of a request in one that others began, and the spans of our own that a collector is sent.
//!
//! Modules make spans with `tracing`, whatever is built in and configured: a span that nobody wants costs a comparison.
//! In a span stands what the program and its configuration say, and nothing of a request: no path, no query, no
//! address, no header, no name of anybody.

mod context;
mod settings;
mod state;
#[cfg(test)]
mod tests;

// What exports, or what stands in its place where the feature is missing: the only place where that is asked for.
#[cfg_attr(not(feature = "otlp"), path = "absent.rs")]
mod otlp;

pub use context::TraceContext;
pub use otlp::{CAN_EXPORT, adopt, place_of, rename};
pub(super) use otlp::{Exporting, open};
pub use settings::{CollectorUrl, CollectorUrlError, Ratio, TracesConfig, TracesError};
use tracing_subscriber::{Layer, Registry};

/// What takes spans out of `tracing`.
pub(super) type SpanLayer = Box<dyn Layer<Registry> + Send + Sync>;
