//! What the tests share: a configuration and keys, the binary, tickets, and a client that changes no byte.

mod answer;
mod browser;
mod client;
mod cookies;
mod jar;
mod process;
mod rings;
mod sealed;
mod setup;
mod store;
mod tickets;
mod upstream;
mod web_server;

pub use answer::Answer;
pub use browser::{APP, SAME_SITE, SESSION_COOKIE};
pub use client::{Client, exchange, get, post};
pub use cookies::Cookies;
pub use jar::Jar;
pub use process::{DEADLINE, Service, run, wait_for};
pub use rings::{Key, document, make_ring, replace, write_ring};
pub use sealed::{content, seal, seal_as, unseal};
pub use setup::{API_KEY, AUDIT_KEY, REDIS_PASSWORD, SESSION_SECRET, Setup, TICKET_SECRET, TRACED_GRANT};
pub use store::locked_redis;
pub use tickets::{HS256, Ticket, encode, now, sign_ticket};
pub use upstream::{Reply, Upstream};
pub use web_server::WebServer;

/// Planted into what is refused, to be looked for in the log.
pub const MARKER: &str = "M4rk3rThatNoLogMayHold";
