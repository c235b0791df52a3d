//! The command line: one file per subcommand.

pub mod check;
mod settings;

pub use settings::SettingsArgs;
