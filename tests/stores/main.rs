//! What is kept in Redis, and the connection to it, tested with a real one.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

#[path = "../support/authority.rs"]
mod authority;
mod connection;
mod kept;
#[path = "../support/programs.rs"]
mod programs;
#[path = "../support/redis_server.rs"]
mod redis_server;
mod support;
mod tls;
