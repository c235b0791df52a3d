//! The service, tested as the real binary over real connections. Tickets are put together by hand.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

mod addresses;
mod audit;
mod busy;
mod enter;
mod garbage;
mod grants;
mod limits;
mod mint;
mod patience;
#[path = "../support/programs.rs"]
mod programs;
mod renew;
mod restart;
mod secrets;
mod starting;
mod stopping;
mod support;
mod tickets;
mod trace;
