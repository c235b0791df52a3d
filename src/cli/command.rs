use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use super::{check, completions, demo, edge, healthcheck, keys, man, mint, serve, trace, url};
use crate::telemetry::panics;

/// What every refusal ends with, whether of a flag or of what it named.
const REFUSED: u8 = 2;

/// Signed cookies and signed URLs for CloudFront
#[derive(Debug, Parser)]
#[command(name = "edgemint", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: hand-over after login, minting, health
    Serve(serve::ServeArgs),
    /// Check the configuration and say what it would do
    Check(check::CheckArgs),
    /// Print signed cookies for a resource, without a server or a configuration
    Mint(mint::MintArgs),
    /// Print a signed URL, without a server or a configuration
    Url(url::UrlArgs),
    /// Make, import, show and activate signing keys
    Keys(keys::KeysArgs),
    /// Say for which session leaked cookies were minted, by their trace tag and the audit log
    Trace(trace::TraceArgs),
    /// Serve as CloudFront would: protected paths only to signed cookies and signed URLs
    Edge(edge::EdgeArgs),
    /// Show the whole flow on this machine: a web app to log in to, edgemint, and an edge that plays audio
    Demo(demo::DemoArgs),
    /// Ask a running edgemint whether it is well: exit code 0 if it is, 1 if not, 2 if it could not be asked
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Print the completions of a shell
    Completions(completions::CompletionsArgs),
    /// Print the manual page, or write the pages of all subcommands into a directory
    Man(man::ManArgs),
}

/// Runs the command that the arguments of this process name. The exit code is 0, or 2 with one
/// sentence on standard error.
#[must_use]
pub fn run() -> ExitCode {
    panics::install();
    let cli = match Cli::try_parse_from(std::env::args_os().collect::<Vec<OsString>>()) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // The edge has no secret, and starts where the system does not let us.
    if let Err(reason) = no_core_dumps()
        && !matches!(cli.command, Command::Edge(_))
    {
        return refuse(&format!("cannot switch core dumps off, which would hold secrets: {reason}"));
    }
    match cli.command {
        Command::Serve(args) => exit_code(serve::run(args)),
        Command::Check(args) => check::run(args),
        Command::Mint(args) => exit_code(mint::run(&args)),
        Command::Url(args) => exit_code(url::run(&args)),
        Command::Keys(args) => keys::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Edge(args) => edge::run(args),
        Command::Demo(args) => exit_code(demo::run(&args)),
        Command::Healthcheck(args) => healthcheck::run(args),
        Command::Completions(args) => exit_code(completions::run(&args, &mut Cli::command())),
        Command::Man(args) => exit_code(man::run(&args, Cli::command())),
    }
}

/// The memory of this process holds secrets: it is not written to disk, and no other process of the
/// same user reads it.
fn no_core_dumps() -> Result<(), rustix::io::Errno> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

fn exit_code<E: std::fmt::Display>(done: Result<(), E>) -> ExitCode {
    done.map_or_else(|error| refuse(&error.to_string()), |()| ExitCode::SUCCESS)
}

pub(super) fn refuse(sentence: &str) -> ExitCode {
    // A standard error that is closed leaves the exit code to speak.
    let _ = writeln!(io::stderr(), "edgemint: {sentence}");
    ExitCode::from(REFUSED)
}

/// Help and version are answers; anything else is told in one line instead of clap's several.
fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(REFUSED)
        }
        _ => {
            let text = error.to_string();
            // clap repeats what it does not know; that must never be somebody's private key.
            match text.contains("-----BEGIN") {
                true => refuse("a flag takes the name of a PEM file, not the key itself"),
                false => refuse(&without_users(&one_line(&text))),
            }
        }
    }
}

/// What stands in front of the host of a URL may be a password.
fn without_users(text: &str) -> String {
    let hidden =
        |word: &str| match word.split_once("://").map(|(scheme, rest)| (scheme, rest.rsplit_once('@'))) {
            Some((scheme, Some((_, host)))) => format!("{scheme}://…@{host}"),
            _ => word.to_owned(),
        };
    text.split(' ').map(hidden).collect::<Vec<_>>().join(" ")
}

/// The first paragraph of clap's text, which names the mistake, and its tip if it has one.
fn one_line(text: &str) -> String {
    let mistake = text.split("\n\n").next().unwrap_or_default();
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    let words = mistake.strip_prefix("error: ").unwrap_or(mistake).split_whitespace();
    let mut line = words.collect::<Vec<_>>().join(" ");
    if let Some(tip) = tip {
        line.push_str("; ");
        line.push_str(tip);
    }
    line.push_str(" (--help shows every flag)");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_mistake_is_told_in_one_line() {
        let error = Cli::try_parse_from(["edgemint", "mint", "--resourc", "x"]).unwrap_err();
        assert_eq!(
            one_line(&error.to_string()),
            "unexpected argument '--resourc' found; a similar argument exists: '--resource' (--help shows every flag)"
        );
    }
}
