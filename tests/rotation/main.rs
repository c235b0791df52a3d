//! Rotation as an operator meets it: the real binary against the real double of CloudFront.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod back;
#[path = "../support/client.rs"]
#[expect(dead_code, reason = "nothing here reads an answer in parts")]
mod client;
mod faults;
mod listening;
mod manual;
mod normal;
mod output;
#[path = "../support/programs.rs"]
mod programs;
#[path = "../support/python.rs"]
mod python;
#[path = "../support/ran.rs"]
mod ran;
mod refused;
mod support;
mod sweep;
mod trouble;
