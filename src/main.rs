//! The `edgemint` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    edgemint::cli::run()
}
