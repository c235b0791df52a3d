//! The service, tested as the real binary over real connections. Tickets are put together by hand.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

mod addresses;
mod audit;
#[path = "../support/authority.rs"]
mod authority;
mod busy;
mod cross_site;
mod enter;
mod failures;
mod garbage;
mod grants;
mod introspect;
mod jwks;
mod jwt;
mod keyring;
mod leave;
mod limits;
mod metrics;
mod mint;
mod own_session;
mod patience;
mod player;
#[path = "../support/programs.rs"]
mod programs;
mod provider;
#[path = "../support/redis_server.rs"]
mod redis_server;
mod redis_sessions;
mod renew;
mod request_ids;
mod restart;
mod revocation_file;
mod revoke;
mod secrets;
mod starting;
mod status;
mod stopping;
mod stores;
mod stores_away;
mod support;
mod tickets;
mod trace;
mod trace_context;
