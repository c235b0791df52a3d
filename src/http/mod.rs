//! Routes, limits, and the one mapping from errors to problem+json.

mod api_keys;
mod audit;
mod body;
mod browser;
mod client_address;
mod connection;
mod enter;
mod guard;
mod hand_over;
mod health;
mod leave;
mod mint;
mod minting;
mod player;
mod presented;
mod problem;
mod renew;
mod request_id;
mod revoke;
mod routes;
mod server;
mod service;
mod serving;
mod stores;

pub use guard::guard;
pub use server::{Assembled, Bound, StartError, bind, minter, minter_for};
pub use stores::open_redis;
