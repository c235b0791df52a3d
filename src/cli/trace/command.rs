use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::leaked::LeakedSet;
use super::report::Outcome;
use super::search::Search;
use crate::cli::command::refuse;

/// Some of the sets could be traced to nobody, or to more than one.
const NOT_NAMED: u8 = 1;

/// A cookie header has 8 KiB at most, and a file of cookies some hundreds of them.
const MAX_COOKIES: u64 = 4 << 20;

/// The name that means standard input.
const STDIN: &str = "-";

/// The arguments of `edgemint trace`.
#[derive(Debug, Args)]
pub(in crate::cli) struct TraceArgs {
    /// Files with the leaked cookies; - is standard input. A Cookie or Set-Cookie line, a file of cookies, or the value
    /// of CloudFront-Policy alone: never on the command line, which other users of the machine can read
    #[arg(value_name = "FILE", default_value = STDIN)]
    cookies: Vec<PathBuf>,
    /// Audit logs of the time when the cookies were minted: edgemint's log, as JSON lines
    #[arg(long, value_name = "LOG", required = true, num_args = 1..)]
    audit: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Why nothing could be searched.
#[derive(Debug, thiserror::Error)]
enum TraceError {
    #[error(
        "a file of cookies is named here, not the cookies themselves: other users of this machine can read the command line; \
             pipe them into `edgemint trace --audit LOG`"
    )]
    CookiesThemselves,
    #[error("standard input can be read once: name it for the cookies or for one log")]
    StdinTwice,
    #[error("cannot read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{} is larger than {MAX_COOKIES} bytes; cut it to the cookies", .0.display())]
    TooLarge(PathBuf),
    #[error(
        "there is no CloudFront-Policy in what was given: paste a Cookie header, Set-Cookie lines, or the policy's value"
    )]
    NoCookies,
    #[error("{0}")]
    Output(io::Error),
}

/// 0 if it is known for whom each set was minted, 1 if not, 2 if it could not be searched.
pub(in crate::cli) fn run(args: &TraceArgs) -> ExitCode {
    match trace(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(NOT_NAMED),
        Err(error) => refuse(&error.to_string()),
    }
}

fn trace(args: &TraceArgs) -> Result<bool, TraceError> {
    if args.cookies.iter().any(|name| is_cookie(name)) {
        return Err(TraceError::CookiesThemselves);
    }
    let names = args.cookies.iter().chain(&args.audit);
    if names.filter(|name| *name == Path::new(STDIN)).count() > 1 {
        return Err(TraceError::StdinTwice);
    }
    let mut sets = Vec::new();
    for name in &args.cookies {
        for set in LeakedSet::all_in(&cookies_in(name)?) {
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
    }
    if sets.is_empty() {
        return Err(TraceError::NoCookies);
    }
    let mut search = Search::new(sets);
    for name in &args.audit {
        let read = open(name).and_then(|log| search.read(BufReader::new(log)));
        read.map_err(|error| TraceError::Unreadable { path: name.clone(), error })?;
    }
    let mut out = io::stdout().lock();
    let written = match args.json {
        true => writeln!(out, "{}", search.to_json()),
        false => writeln!(out, "{search}"),
    };
    written.and_then(|()| out.flush()).map_err(TraceError::Output)?;
    Ok(search.findings.iter().all(|findings| Outcome::of(findings).is_named()))
}

/// People paste what they are looking for.
fn is_cookie(name: &Path) -> bool {
    let text = name.to_string_lossy();
    text.contains("CloudFront-") || !LeakedSet::all_in(&text).is_empty()
}

fn cookies_in(name: &Path) -> Result<String, TraceError> {
    let mut bytes = Vec::new();
    let read = open(name).and_then(|file| file.take(MAX_COOKIES + 1).read_to_end(&mut bytes));
    read.map_err(|error| TraceError::Unreadable { path: name.to_owned(), error })?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_COOKIES) {
        // What is not UTF-8 holds no policy, but may stand beside one.
        true => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        false => Err(TraceError::TooLarge(name.to_owned())),
    }
}

fn open(name: &Path) -> io::Result<Box<dyn Read>> {
    match name == Path::new(STDIN) {
        true => Ok(Box::new(io::stdin().lock())),
        false => Ok(Box::new(File::open(name)?)),
    }
}
