//! Plants secrets wherever there are any, drives the real binary well and badly, and looks for them in everything that
//! comes out of it: logs, metrics, answers, errors, panics, the process's place in `/proc`, files.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

#[expect(dead_code, reason = "shared with tests/serve, which uses all of it")]
#[path = "../support/authority.rs"]
mod authority;
mod commands;
mod control;
mod encodings;
mod hostile;
mod panics;
#[path = "../support/programs.rs"]
mod programs;
mod providers;
#[expect(dead_code, reason = "shared with tests/serve, which uses all of it")]
#[path = "../support/redis_server.rs"]
mod redis_server;
mod reload;
mod rotating;
mod secrets;
mod stage;
#[expect(dead_code, unused_imports, reason = "shared with tests/serve, which uses all of it")]
#[path = "../serve/support/mod.rs"]
mod support;
mod tickets;
