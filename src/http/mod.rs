//! Routes, limits, and the one mapping from errors to problem+json.

mod api_keys;
mod body;
mod client_address;
mod connection;
mod enter;
mod guard;
mod health;
mod mint;
mod problem;
mod request_id;
mod routes;
mod server;
mod service;
mod serving;

pub use guard::guard;
pub use server::{Assembled, Bound, StartError, bind, minter};
