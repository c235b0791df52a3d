//! The command line: one file per subcommand.

mod check;
mod command;
mod cookie_format;
mod demo;
mod edge;
mod keys;
mod mint;
mod serve;
mod settings;
mod signing;
mod store;
mod trace;
mod url;

pub use command::run;
