use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::edge::{self, EdgeArgs};
use super::keys::{self, KeysArgs};

/// Mints short-lived CloudFront signed cookies beside a web app's login
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
    /// Serve as CloudFront would: protected paths only to signed cookies and signed URLs
    Edge(EdgeArgs),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    match Arguments::parse().command {
        Command::Keys(args) => keys::run(&args),
        Command::Edge(args) => edge::run(args),
    }
}
