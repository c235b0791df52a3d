use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::error::KeysError;
use super::rotation::How;
use crate::cli::given_id::key_pair_id;
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, KeyPairId};
use crate::config::{KeyringConfig, Override, RotatingConfig, Surroundings};
use crate::keyring::{KeyId, Location, shell_word};

/// What `edgemint keys` was asked to do.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Directory of the keyring. Left out: that of the configuration, and `keys` without one
    #[arg(long, global = true, value_name = "DIRECTORY", env = "EDGEMINT_KEYRING__DIRECTORY")]
    dir: Option<PathBuf>,
    /// The secret that holds the keyring in AWS Secrets Manager, in the place of a directory
    #[arg(
        long,
        global = true,
        value_name = "secretsmanager:NAME",
        env = "EDGEMINT_KEYRING__STORE",
        conflicts_with = "dir"
    )]
    store: Option<Location>,
    /// Configuration file of `edgemint serve`, which says where the keyring is and how it is rotated
    #[arg(long, global = true, value_name = "FILE", env = "EDGEMINT_CONFIG", hide_env_values = true)]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: KeysCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    #[command(flatten)]
    Local(LocalCommand),
    #[command(flatten)]
    Rotation(RotationCommand),
}

/// What is done in the keyring alone.
#[derive(Debug, Subcommand)]
pub(super) enum LocalCommand {
    /// Make a keyring with a first key; its public key goes to standard output
    Init {
        /// Kind of key: rsa-2048 or ecdsa-p256
        #[arg(long, default_value = "rsa-2048")]
        algorithm: KeyAlgorithm,
        /// Hash to sign over: sha1 or sha256
        #[arg(long, default_value = "sha1")]
        hash: HashAlgorithm,
        /// Activate the key at once under an id of your choice, for `edgemint edge`: CloudFront gives its
        /// own id only after this, for `keys activate`
        #[arg(long, value_name = "ID", value_parser = key_pair_id)]
        key_pair_id: Option<KeyPairId>,
    },
    /// Let a key sign that has not yet, under the id that CloudFront gave its public key: while no key is
    /// active, or in place of the active one once that one's file is lost
    Activate {
        /// The key, as `keys list` names it
        id: KeyId,
        /// The id that CloudFront gave (K…)
        #[arg(long, value_name = "K…", value_parser = key_pair_id)]
        key_pair_id: KeyPairId,
    },
    /// Add a private key that CloudFront trusts already: active if no key is, else trusted
    Import {
        /// File of the private key, with mode 0600
        pem: PathBuf,
        /// The id that CloudFront gave its public key (K…)
        #[arg(long, value_name = "K…", value_parser = key_pair_id)]
        key_pair_id: KeyPairId,
        /// Hash to sign over: sha1 or sha256
        #[arg(long, default_value = "sha1")]
        hash: HashAlgorithm,
    },
    /// Show the keys and the state of each
    List {
        /// Write JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Write the public key of one key, as CloudFront takes it
    Public {
        /// The key, as `keys list` names it
        id: KeyId,
    },
}

/// What is done in CloudFront and at the edge too.
#[derive(Debug, Subcommand)]
pub(super) enum RotationCommand {
    /// Put a new key in the place of the active one, while people listen: make it, let CloudFront trust it, see that
    /// the edge accepts it, let it sign, and take the old one out once nothing that it signed is in use
    ///
    /// A rotation that is under way is gone on with. Exit code 0: nothing remains. 3: more remains, and the output says
    /// when. 2: refused or failed; what signed before still signs.
    Rotate {
        /// Kind of key: rsa-2048 or ecdsa-p256. Left out: as the active key
        #[arg(long)]
        algorithm: Option<KeyAlgorithm>,
        /// Hash to sign over: sha1 or sha256. Left out: as the active key
        #[arg(long)]
        hash: Option<HashAlgorithm>,
        /// Stay until the old key is gone
        #[arg(long, conflicts_with = "manual")]
        wait: bool,
        #[command(flatten)]
        how: How,
    },
    /// Do whatever is due and nothing else; for cron, as often as you like
    ///
    /// Exit code 0: nothing remains. 3: more remains, and the output says when. 2: refused or failed.
    Advance {
        /// Stay until nothing remains
        #[arg(long, conflicts_with = "manual")]
        wait: bool,
        /// With --manual: the id that CloudFront gave the public key
        #[arg(long, value_name = "K…", requires = "manual", value_parser = key_pair_id)]
        key_pair_id: Option<KeyPairId>,
        /// With --manual: the step that was shown is done
        #[arg(long, requires = "manual", conflicts_with = "key_pair_id")]
        done: bool,
        #[command(flatten)]
        how: How,
    },
    /// Show the keys, and what happens next to each and when
    Status {
        /// Write JSON, for programs
        #[arg(long)]
        json: bool,
        /// URL of the CloudFront API in the place of AWS's [rotation.endpoint_url]
        #[arg(long, value_name = "URL")]
        endpoint_url: Option<String>,
    },
    /// Show every step that is due and that will be, with the reason, and do none
    Plan {
        /// Write JSON, for programs
        #[arg(long)]
        json: bool,
        /// URL of the CloudFront API in the place of AWS's [rotation.endpoint_url]
        #[arg(long, value_name = "URL")]
        endpoint_url: Option<String>,
    },
    /// Turn back: give the successor up, or let the key before the active one sign again
    ///
    /// Exit codes as of `advance`.
    Rollback {
        #[command(flatten)]
        how: How,
    },
    /// Emergency: take a key out of the key group now, whatever it signed. Refused if nothing else could sign
    ///
    /// Everybody who listens with cookies by this key is cut off, until their player renews. Exit codes as of `advance`.
    Revoke {
        /// The key, as `keys list` names it
        id: KeyId,
        #[command(flatten)]
        how: How,
    },
}

impl KeysArgs {
    /// Where the keyring is: what the flags say, else the configuration, else `keys`.
    pub(super) fn location(&self) -> Result<Location, KeysError> {
        match (&self.store, &self.dir, &self.config) {
            (Some(store), _, _) => Ok(store.clone()),
            (None, Some(directory), _) => Ok(Location::Directory(directory.clone())),
            (None, None, Some(path)) => {
                let surroundings = Surroundings::of_process(Vec::new());
                Ok(KeyringConfig::load(path, surroundings).map_err(KeysError::Config)?.location)
            }
            (None, None, None) => Ok(Location::Directory("keys".into())),
        }
    }

    /// The flags by which the next command goes on with the same keyring in the same place, for a shell.
    pub(super) fn flags(&self, how: &How) -> String {
        let word = |text: &str| shell_word(Path::new(text));
        let directory = self.dir.clone().map(Location::Directory);
        let flags = [
            self.config.as_ref().map(|path| format!("--config {}", shell_word(path))),
            self.store.as_ref().or(directory.as_ref()).map(Location::flags),
            how.endpoint_url.as_ref().map(|url| format!("--endpoint-url {}", word(url))),
            how.manual.then(|| "--manual".to_owned()),
        ];
        flags.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// What keys are rotated by, with what the flags say.
    pub(super) fn rotating(&self, endpoint_url: Option<&str>) -> Result<RotatingConfig, KeysError> {
        let Some(path) = &self.config else { return Err(KeysError::NoConfig) };
        let flags = [
            ("--dir", "keyring.directory", self.dir.as_ref().map(|path| path.display().to_string())),
            ("--store", "keyring.store", self.store.as_ref().map(Location::to_string)),
            ("--endpoint-url", "rotation.endpoint_url", endpoint_url.map(str::to_owned)),
        ];
        let flags =
            flags.into_iter().filter_map(|(flag, setting, text)| Some(Override::flag(flag, setting, text?)));
        RotatingConfig::load(path, Surroundings::of_process(flags.collect())).map_err(KeysError::Config)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        keys: KeysArgs,
    }

    #[test]
    fn whoever_goes_on_does_so_with_the_same_keyring_and_the_same_cloudfront() {
        let flags_of = |flags: &[&str]| {
            let Cli { keys } = Cli::parse_from(["keys", "advance"].iter().chain(flags));
            let KeysCommand::Rotation(RotationCommand::Advance { how, .. }) = &keys.command else {
                unreachable!()
            };
            keys.flags(how)
        };
        for (given, expected) in [
            (&["--config", "a b.toml"][..], "--config 'a b.toml'"),
            (&["--manual", "--config", "a", "--dir", "other keys"], "--config a --dir 'other keys' --manual"),
            (&["--config", "a", "--store", "secretsmanager:b"], "--config a --store secretsmanager:b"),
            (
                &["--config", "a", "--endpoint-url", "http://[::1]:8080"],
                "--config a --endpoint-url 'http://[::1]:8080'",
            ),
        ] {
            assert_eq!(flags_of(given), expected);
        }
    }
}
