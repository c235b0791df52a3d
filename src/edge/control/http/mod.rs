//! The control plane as an HTTP service: routes, headers and errors as the CloudFront API has them, and what tests need.

mod admin;
mod answers;
mod authorization;
mod connection;
mod faults;
mod handler;
mod history;
mod route;
mod serve;

pub use serve::serve;
