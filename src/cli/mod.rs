//! The command line: one file per subcommand.

mod command;
mod cookie_format;
mod mint;
mod signing;
mod url;

pub use command::run;
