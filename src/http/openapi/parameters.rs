//! Parameters that several handlers share. Each of these stands among the `params` of a handler.

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Object, Required};

use super::schemas::{player_hash, return_to, sec_fetch_site, text};

/// Of a link that the web app makes; the ticket beside it is a credential.
pub(in crate::http) struct Link;
/// Which page asks, in the browser's word.
pub(in crate::http) struct Page;
/// What the browser holds already.
pub(in crate::http) struct Held;
/// Which version of the script.
pub(in crate::http) struct Version;

impl IntoParams for Link {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "Where to send the browser back to: a path, or a URL at one of the app's origins.";
        vec![parameter(ParameterIn::Query, "return_to", return_to(), description)]
    }
}

impl IntoParams for Page {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let site = "Set by browsers. Without an `Origin` it has to be `same-origin`.";
        vec![
            parameter(ParameterIn::Header, "Origin", text(), "Set by browsers: one of the app's origins."),
            parameter(ParameterIn::Header, "Sec-Fetch-Site", sec_fetch_site(), site),
        ]
    }
}

impl IntoParams for Held {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter(ParameterIn::Header, "If-None-Match", text(), "Versions that the browser holds.")]
    }
}

impl IntoParams for Version {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter(
            ParameterIn::Path,
            "hash",
            player_hash(),
            "The first 16 digits of the script's SHA-256.",
        )]
    }
}

/// May be left out, but in a path.
fn parameter(place: ParameterIn, name: &str, schema: Object, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .schema(Some(schema))
        .description(Some(description))
        .build()
}
