//! `edgemint keys`: signing keys, and how one takes the place of another.

mod args;
mod command;
mod error;
mod forecast;
mod list;
mod local;
mod progress;
mod rotation;
mod setup;
mod signals;
mod span;
mod status;
mod table;

pub use args::KeysArgs;
pub use command::run;
