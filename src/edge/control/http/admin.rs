//! What tests ask of the double itself: faults, and what was called. Not a part of the CloudFront API.

use actix_web::http::Method;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::faults::Rule;
use super::handler::Records;
use super::history::History;

/// What the paths of this endpoint begin with.
pub(super) const PREFIX: &str = "/_edgemint/";

/// The answer to a request whose path begins with [`PREFIX`].
pub(super) fn answer(records: &mut Records, request: &HttpRequest, body: &[u8]) -> HttpResponse {
    match (request.method(), &request.path()[PREFIX.len()..]) {
        (&Method::PUT, "faults") => match serde_json::from_slice::<Vec<Rule>>(body) {
            Ok(rules) => {
                records.faults = rules;
                json(&records.faults)
            }
            Err(error) => HttpResponse::BadRequest().body(format!("{error}; see `edgemint edge --help`\n")),
        },
        (&Method::GET, "faults") => json(&records.faults),
        (&Method::GET, "calls") => json(&records.history),
        (&Method::DELETE, "calls") => {
            records.history = History::default();
            HttpResponse::NoContent().finish()
        }
        _ => HttpResponse::NotFound().body("there are PUT and GET faults, GET and DELETE calls\n"),
    }
}

fn json(value: &impl Serialize) -> HttpResponse {
    let text = serde_json::to_string(value).expect("names and numbers are JSON");
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(text)
}
