//! README.md does what it says: each command and each snippet in it is run, its links lead somewhere, and
//! its table of routes is that of the service.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod blocks;
#[path = "../support/client.rs"]
#[expect(dead_code, reason = "the tests of the edge use more of it")]
mod client;
mod documents;
#[path = "../support/programs.rs"]
mod programs;
mod providers;
mod reader;
mod server;
mod tickets;
mod walk;
