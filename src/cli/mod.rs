//! The command line: one file per subcommand.

mod asking;
mod check;
mod command;
mod completions;
mod cookie_format;
mod demo;
mod edge;
mod given_id;
mod healthcheck;
mod keys;
mod man;
mod mint;
mod serve;
mod settings;
mod signing;
mod store;
mod trace;
mod url;

pub use command::run;
