//! Vectors that other programs made (see README.md beside this file): openssl, the AWS SDK for
//! JavaScript, aws-cloudfront-sign and botocore. What they sign is verified here, what is wrong with
//! a request is refused with the code of rules §5, and what we sign is what they sign.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod accepted;
mod equal;
mod key_forms;
mod malformed;
#[path = "../support/programs.rs"]
mod programs;
mod refused;
mod request;
