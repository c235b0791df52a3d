//! `[traces]`: where spans are sent.

use std::time::Duration;

use crate::telemetry::traces::{CAN_EXPORT, CollectorUrl, Ratio, TracesConfig};

use super::fields::{Reader, duration_in};
use super::raw::{Field, RawTraces};

/// A collector nearby takes a batch in milliseconds.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// `None` without the section, and if something is wrong with it.
pub(super) fn read_traces(raw: Field<RawTraces>, reader: &mut Reader<'_>) -> Option<TracesConfig> {
    let section = raw?;
    let span = section.span();
    if !CAN_EXPORT {
        reader.wrong(
            &span,
            "this edgemint was built without what sends traces; build it with `cargo build --release --features otlp`, \
             or remove the section",
        );
    }
    let raw = section.into_inner();
    let timeout = duration_in(Duration::from_millis(100), Duration::from_secs(30));
    let timeout = reader.optional(raw.timeout, timeout).unwrap_or(DEFAULT_TIMEOUT);
    let ratio = reader.optional(raw.ratio, Ratio::new).unwrap_or(Ratio::ALL);
    let endpoint = "say where the collector takes spans, such as \"http://localhost:4318/v1/traces\"";
    let endpoint = (Some(&span), "traces.endpoint", endpoint);
    let endpoint = reader.required(endpoint, raw.endpoint, |text: String| CollectorUrl::parse(&text))?;
    Some(TracesConfig { endpoint, ratio, timeout })
}
