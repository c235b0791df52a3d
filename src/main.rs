//! The `edgemint` binary.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use edgemint::cli::keys::{self, KeysArgs};

/// Mints CloudFront signed cookies beside a web app's login
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make, import, show and activate signing keys
    Keys(KeysArgs),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Keys(args) => keys::run(&args),
    }
}
