//! `/openapi.json`: what the running service answers, made from its handlers and their types.

mod credentials;
mod document;
mod doors;
mod parameters;
mod refusals;
mod route;
mod schemas;

pub(super) use document::document;
pub(super) use parameters::{Held, Link, Page, Version};
pub(super) use refusals::{Enter, Leave, LeaveByTicket, Mint, Preflight, Renew, Revoke, Status, Versioned};
pub(super) use route::openapi;
pub(super) use schemas::{address, exactly_one, grant_names, session_id, session_name, subject};
