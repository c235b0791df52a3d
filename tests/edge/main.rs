//! The edge, tested as the real binary over real connections. Keys and signatures are made by `openssl`, not by
//! this project's signer: the two must not agree on a mistake.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

mod command;
mod control;
mod decision;
mod directory;
mod library;
#[path = "../support/programs.rs"]
mod programs;
mod support;
mod upstream;
