//! Rotation as an operator meets it: the real binary against the real double of CloudFront.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod back;
mod normal;
mod refused;
mod support;
