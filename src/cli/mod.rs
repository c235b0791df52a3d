//! The command line: one file per subcommand.

mod command;
mod cookie_format;
mod edge;
mod keys;
mod mint;
mod signing;
mod url;

pub use command::run;
