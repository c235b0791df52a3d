//! One connection to Redis or Valkey, shared by everything in this process that asks the same server.

mod client;
mod failure;
mod link;
mod settings;

pub use client::RedisClient;
pub use failure::RedisFailure;
pub use link::Use;
pub use settings::{RedisSettings, RedisSettingsError};
