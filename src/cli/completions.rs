//! `edgemint completions`.

use std::io::{self, Write as _};

use clap_complete::{Shell, generate};

/// Print the completions of a shell, to be put where that shell looks for them:
///
/// edgemint completions bash > /usr/share/bash-completion/completions/edgemint
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct CompletionsArgs {
    shell: Shell,
}

/// The completions could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the completions: {0}")]
pub(super) struct CompletionsError(#[from] io::Error);

/// Prints the completions of `command`. They are made whole before the first byte goes out: the generator panics
/// where nobody reads on.
pub(super) fn run(args: &CompletionsArgs, command: &mut clap::Command) -> Result<(), CompletionsError> {
    let mut script = Vec::new();
    generate(args.shell, command, "edgemint", &mut script);
    Ok(io::stdout().write_all(&script)?)
}
