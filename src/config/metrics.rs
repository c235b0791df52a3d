//! `[metrics]`: where metrics are asked for.

use std::net::SocketAddr;

use serde_spanned::Spanned;

use super::fields::Reader;
use super::raw::{Field, RawMetrics};
use super::server::listen_address;

/// Where metrics are listened for; without it, nowhere.
pub(super) fn read_metrics(raw: Field<RawMetrics>, reader: &mut Reader<'_>) -> Option<SocketAddr> {
    let listen = raw.map(Spanned::into_inner).unwrap_or_default().listen;
    reader.optional(listen, |text| listen_address(&text))
}
