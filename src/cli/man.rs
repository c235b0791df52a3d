//! `edgemint man`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

/// Print the manual page of edgemint, or write the pages of all subcommands into a directory:
///
/// edgemint man --dir /usr/local/share/man/man1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct ManArgs {
    /// Write edgemint.1, edgemint-serve.1 and so on into this directory, which has to exist
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// A page could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManError {
    #[error("cannot write the manual page: {0}")]
    Page(#[source] io::Error),
    #[error(
        "cannot write manual pages into {dir:?}: {source}; name a directory that exists and can be written in"
    )]
    Directory { dir: PathBuf, source: io::Error },
}

/// The page of `command` goes to standard output; into a directory go those of its subcommands as well.
pub(super) fn run(args: &ManArgs, command: Command) -> Result<(), ManError> {
    // `help` has no page: it says what the pages say.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    match &args.dir {
        Some(dir) => {
            write_all(&command, dir).map_err(|source| ManError::Directory { dir: dir.clone(), source })
        }
        None => {
            // Whole before the first byte goes out, so that a refused one is told once.
            let mut text = Vec::new();
            page(&command).render(&mut text).map_err(ManError::Page)?;
            io::stdout().write_all(&text).map_err(ManError::Page)
        }
    }
}

fn write_all(command: &Command, dir: &Path) -> io::Result<()> {
    page(command).generate_to(dir)?;
    command.get_subcommands().try_for_each(|subcommand| write_all(subcommand, dir))
}

/// Without a date, which a build does not know; an empty one would be left out, and what follows be taken for it.
fn page(command: &Command) -> Man {
    Man::new(command.clone()).source(concat!("edgemint ", env!("CARGO_PKG_VERSION"))).date(" ")
}
