//! What operators run and put in front of the service: `edgemint healthcheck`, completions, manual pages, and the
//! files of `deploy/`, each judged by a program that is not ours.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "a test and its helpers fail by panicking")]

#[expect(dead_code, reason = "shared with tests/serve, which uses all of it")]
#[path = "../support/authority.rs"]
mod authority;
mod compose;
mod configurations;
mod healthcheck;
mod image;
mod metrics;
mod pages;
#[path = "../support/programs.rs"]
mod programs;
mod prometheus;
mod proxies;
mod proxy;
mod python;
#[expect(dead_code, reason = "shared with tests/serve, which uses all of it")]
#[path = "../support/redis_server.rs"]
mod redis_server;
#[expect(dead_code, unused_imports, reason = "shared with tests/serve, which uses all of it")]
#[path = "../serve/support/mod.rs"]
mod support;
mod units;
