//! The command line: one file per subcommand.

mod command;
mod edge;
mod keys;

pub use command::run;
