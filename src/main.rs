//! The `edgemint` binary.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use edgemint::cli::edge::{self, EdgeArgs};

/// Mints CloudFront signed cookies beside a web app's login
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve as CloudFront would: protected paths only to signed cookies and signed URLs
    Edge(EdgeArgs),
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).init();
    match Arguments::parse().command {
        Command::Edge(args) => edge::run(args),
    }
}
