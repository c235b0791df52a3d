//! Routes, limits, and the one mapping from errors to problem+json.

mod api_keys;
mod audit;
mod body;
mod browser;
mod client_address;
mod connection;
mod enter;
mod follow;
mod guard;
mod hand_over;
mod health;
mod in_time;
mod leave;
mod meter;
mod metrics;
mod mint;
mod minting;
mod player;
mod presented;
mod problem;
mod recipe;
mod renew;
mod request_id;
mod revoke;
mod route;
mod routes;
mod server;
mod service;
mod serving;
mod stores;
mod traced;

pub use guard::guard;
pub use recipe::{Unservable, minter, minter_for};
pub use server::{Assembled, Bound, StartError, bind};
pub use stores::open_redis;
