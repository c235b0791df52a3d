//! The flags that `mint` and `url` share, and what they become: a signer and an end of access.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::given_id::key_pair_id;
use crate::cloudfront::url::UrlError;
use crate::cloudfront::{
    CookieScopeError, EpochSeconds, HashAlgorithm, KeyError, KeyPairId, Policy, PolicyError, Resource,
    SignError, Signer, SigningKey, SourceIp,
};
use crate::keyring::{FileError, read_by_hand};

/// No PEM with one key comes near it; it keeps `--key /dev/zero` from reading for ever.
const KEY_FILE_BYTES: u64 = 64 * 1024;

/// How to sign, and when and whence access is had.
#[derive(Debug, Args)]
pub(super) struct SigningArgs {
    /// PEM file with the private key (RSA-2048 or ECDSA P-256, unencrypted)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Id of its public key in CloudFront, such as K2JCJMDEHXQW5F
    #[arg(long, value_name = "ID", value_parser = key_pair_id)]
    key_pair_id: KeyPairId,
    #[command(flatten)]
    end: End,
    /// Access begins after this second (since 1970)
    #[arg(long, value_name = "EPOCH", value_parser = epoch, allow_negative_numbers = true)]
    not_before: Option<EpochSeconds>,
    /// Access only from this IPv4 address or network, such as 203.0.113.0/24
    #[arg(long, value_name = "CIDR", value_parser = str::parse::<SourceIp>)]
    ip: Option<SourceIp>,
    /// Hash to sign over: sha1 or sha256
    #[arg(long, value_name = "HASH", default_value = "sha1", value_parser = str::parse::<HashAlgorithm>)]
    hash: HashAlgorithm,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct End {
    /// How long access lasts from now on, such as 15m or 2h
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    ttl: Option<Duration>,
    /// The second (since 1970) at which access ends
    #[arg(long, value_name = "EPOCH", value_parser = epoch, allow_negative_numbers = true)]
    expires: Option<EpochSeconds>,
}

fn epoch(text: &str) -> Result<EpochSeconds, String> {
    let seconds = text.parse().map_err(|_| "give whole seconds since 1970, such as 1800000000")?;
    EpochSeconds::new(seconds).map_err(|error| error.to_string())
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SigningError {
    #[error(transparent)]
    KeyFile(#[from] FileError),
    #[error("--key takes the name of a PEM file, not the key itself")]
    KeyItself,
    #[error("the key file {} was refused: {error}", path.display())]
    Key { path: PathBuf, error: KeyError },
    #[error("--ttl has to be one second or more, such as 15m")]
    Ttl,
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("--resource {resource} does not cover --url {url}, so the signed URL would open nothing")]
    NotCovered { resource: Resource, url: String },
    #[error(
        "a cookie file names hosts without wildcards, so {0} cannot be written as netscape: choose another --format"
    )]
    HostPattern(String),
    #[error(transparent)]
    Cookie(#[from] CookieScopeError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error("the result could not be written: {0}")]
    Output(#[from] io::Error),
}

impl SigningArgs {
    /// Reads the key. One that others can read is used all the same, with a warning: this command
    /// is run by hand with keys that were just made or copied, and it serves nobody.
    pub(super) fn signer(&self) -> Result<Signer, SigningError> {
        let key = SigningKey::from_pem(&read_key(&self.key)?)
            .map_err(|error| SigningError::Key { path: self.key.clone(), error })?;
        Ok(Signer::new(self.key_pair_id.clone(), Arc::new(key), self.hash))
    }

    /// The end of access, counted from `now`. An `--expires` that has passed is signed with a
    /// warning: it is how one sees what the edge answers to an expired signature.
    pub(super) fn expires(&self, now: OffsetDateTime) -> Result<EpochSeconds, SigningError> {
        let now = now.unix_timestamp();
        if let Some(ttl) = self.end.ttl {
            if ttl < Duration::from_secs(1) {
                return Err(SigningError::Ttl);
            }
            let ttl = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
            return Ok(EpochSeconds::new(now.saturating_add(ttl))?);
        }
        let expires = self.end.expires.ok_or(SigningError::Ttl)?;
        if expires.get() <= now {
            warn(&format!("--expires {expires} has passed: the edge will refuse this"));
        }
        Ok(expires)
    }

    /// Whether a flag was given that only a custom policy can express.
    pub(super) fn needs_custom_policy(&self) -> bool {
        self.not_before.is_some() || self.ip.is_some()
    }

    /// The policy for `resource` under these flags.
    pub(super) fn policy(&self, resource: Resource, expires: EpochSeconds) -> Result<Policy, SigningError> {
        let mut policy = Policy::new(resource, expires);
        if let Some(start) = self.not_before {
            policy = policy.starting_after(start)?;
        }
        if let Some(ip) = self.ip {
            policy = policy.from_address(ip);
        }
        Ok(policy)
    }
}

fn read_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, SigningError> {
    // Said before the name of the file is ever shown.
    if path.to_string_lossy().contains("-----BEGIN") {
        return Err(SigningError::KeyItself);
    }
    let (pem, objection) = read_by_hand(path, KEY_FILE_BYTES)?;
    if let Some(objection) = objection {
        warn(&objection.to_string());
    }
    Ok(pem)
}

fn warn(sentence: &str) {
    // A standard error that is closed does not keep anybody from signing.
    let _ = writeln!(io::stderr(), "edgemint: warning: {sentence}");
}
