//! `edgemint mint`: signed cookies for scripts and for looking into things.

use std::io::{self, Write as _};

use clap::Args;
use time::OffsetDateTime;

use super::cookie_format::CookieFormat;
use super::signing::{SigningArgs, SigningError};
use crate::cloudfront::{PolicyError, Resource};

/// The arguments of `edgemint mint`.
#[derive(Debug, Args)]
pub(super) struct MintArgs {
    #[command(flatten)]
    signing: SigningArgs,
    /// What the cookies open, such as 'https://cdn.example.com/podcasts/*'
    #[arg(long, value_name = "URL", value_parser = |text: &str| -> Result<Resource, PolicyError> { Resource::parse(text) })]
    resource: Resource,
    /// How to print the cookies; all of them are secrets
    #[arg(long, value_enum, default_value = "json")]
    format: CookieFormat,
}

pub(super) fn run(args: &MintArgs) -> Result<(), SigningError> {
    let expires = args.signing.expires(OffsetDateTime::now_utc())?;
    let policy = args.signing.policy(args.resource.clone(), expires)?;
    let cookies = args.signing.signer()?.cookies(&policy)?;
    let text = args.format.print(&cookies, &args.resource)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
