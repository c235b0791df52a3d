//! `edgemint keys`, as an operator meets it: the real binary, real directories.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod commands;
mod damage;
mod exposure;
mod interruption;
mod mounted;
#[path = "../support/programs.rs"]
mod programs;
#[path = "../support/python.rs"]
mod python;
#[path = "../support/ran.rs"]
mod ran;
mod recovery;
mod secrets_manager;
mod support;
mod writing;
mod wrong_paths;
