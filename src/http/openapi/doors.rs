//! Routes that a configuration leaves closed: they are there, and refuse whoever asks.

use utoipa::openapi::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;

use super::document::operations;
use super::refusals::{BODY, PAGE, refusals};
use crate::config::Config;
use crate::http::code::Code;

/// Leaves nothing of a closed route but its refusals.
pub(super) fn close(api: &mut OpenApi, config: &Config) {
    let tickets = config.ticket.is_some();
    let sessions = config.provider.is_some() || config.session.is_some();
    let back_ends = !config.api_keys.is_empty();
    for operation in operations(api) {
        match operation.operation_id.as_deref() {
            Some("enter") if !tickets && config.provider.is_none() => {
                refuse(operation, &[&[Code::Query, Code::Ticket]]);
            }
            Some("enter") => choose(operation, tickets),
            Some("leave_by_ticket") if !tickets => refuse(operation, &[&[Code::Query, Code::Ticket]]),
            Some("renew") if !sessions => refuse(operation, &[PAGE, BODY, &[Code::Session]]),
            Some("status") if !sessions => refuse(operation, &[PAGE, &[Code::Session]]),
            Some("mint" | "revoke") if !back_ends => refuse(operation, &[&[Code::ApiKey]]),
            _ => {}
        }
    }
}

/// A listener enters by ticket or by a session of the web app's, never by either.
fn choose(operation: &mut Operation, tickets: bool) {
    let other = SecurityRequirement::new(if tickets { "session" } else { "ticket" }, [""; 0]);
    if let Some(security) = &mut operation.security {
        security.retain(|one| *one != other);
    }
}

fn refuse(operation: &mut Operation, codes: &[&[Code]]) {
    operation.description = Some("Closed by the configuration: refuses whoever asks.".to_owned());
    operation.security = None;
    operation.responses.responses = refusals(codes);
}
