//! Parameters that several handlers share.

use utoipa::IntoParams;

use super::schemas::{player_hash, return_to, sec_fetch_site, text};

/// Of a link that the web app makes; the ticket beside it is a credential.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only the description is of use: see `hand_over::Query`")]
pub(in crate::http) struct Link {
    /// Where to send the browser back to: a path, or a URL at one of the app's origins.
    #[param(schema_with = return_to, required = false)]
    return_to: Option<String>,
}

/// Which page asks, in the browser's word.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only the description is of use: see `browser`")]
pub(in crate::http) struct Page {
    /// One of the app's origins.
    #[param(rename = "Origin", schema_with = text, required = false)]
    origin: Option<String>,
    /// Without an `Origin` it has to be `same-origin`.
    #[param(rename = "Sec-Fetch-Site", schema_with = sec_fetch_site, required = false)]
    site: Option<String>,
}

/// What the browser holds already.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only the description is of use: see `player`")]
pub(in crate::http) struct Held {
    /// Versions that the browser holds.
    #[param(rename = "If-None-Match", schema_with = text, required = false)]
    versions: Option<String>,
}

/// Which version of the script.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the description is of use: see `player`")]
pub(in crate::http) struct Version {
    /// The first half of its SHA-256.
    #[param(schema_with = player_hash)]
    hash: String,
}
