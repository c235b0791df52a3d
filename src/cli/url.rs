//! `edgemint url`: one signed URL.

use std::io::{self, Write as _};

use clap::Args;
use time::OffsetDateTime;

use super::signing::{SigningArgs, SigningError};
use crate::cloudfront::url::UrlError;
use crate::cloudfront::verify::covers;
use crate::cloudfront::{MediaUrl, PolicyError, Resource};

/// The arguments of `edgemint url`.
#[derive(Debug, Args)]
pub(super) struct UrlArgs {
    #[command(flatten)]
    signing: SigningArgs,
    /// The URL to sign, exactly as the player will ask for it
    #[arg(long, value_name = "URL", value_parser = |text: &str| -> Result<MediaUrl, UrlError> { MediaUrl::parse(text) })]
    url: MediaUrl,
    /// Sign a custom policy for this pattern, so that the same parameters open all that it covers.
    /// Without it, --not-before and --ip the policy is a canned one, and the URL shorter
    #[arg(long, value_name = "PATTERN", value_parser = |text: &str| -> Result<Resource, PolicyError> { Resource::parse(text) })]
    resource: Option<Resource>,
}

pub(super) fn run(args: &UrlArgs) -> Result<(), SigningError> {
    let expires = args.signing.expires(OffsetDateTime::now_utc())?;
    let signed = if args.resource.is_some() || args.signing.needs_custom_policy() {
        let policy = args.signing.policy(covering_resource(args)?, expires)?;
        args.signing.signer()?.custom_url(&args.url, &policy)?
    } else {
        args.signing.signer()?.canned_url(&args.url, expires)?
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", signed.as_str())?;
    Ok(out.flush()?)
}

fn covering_resource(args: &UrlArgs) -> Result<Resource, SigningError> {
    let Some(resource) = &args.resource else { return Ok(args.url.to_resource()) };
    if covers(resource.as_str(), args.url.as_str()) {
        Ok(resource.clone())
    } else {
        Err(SigningError::NotCovered { resource: resource.clone(), url: args.url.as_str().to_owned() })
    }
}
