//! Routes, limits, and the one mapping from errors to problem+json.

mod api_keys;
mod body;
mod client_address;
mod connection;
mod enter;
mod guard;
mod health;
mod media_bytes;
mod mint;
mod problem;
mod request_id;
mod routes;
mod server;
mod service;
mod serving;

pub use media_bytes::MediaBytes;
pub use server::{Bound, StartError, bind, minter, serve_on};
