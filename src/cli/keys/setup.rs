//! From the configuration to what rotates.

use std::io;

use time::OffsetDateTime;

use super::args::KeysArgs;
use crate::cloudfront::Signer;
use crate::config::{Config, Problems, RotationConfig};
use crate::http::minter_for;
use crate::keyring::{KeyringError, Obstacle, Settings, Store, shell_word};
use crate::rotation::{
    Canary, CanaryError, CloudFront, Confirmation, Hands, NoCredentials, Place, RotationError, Rotator, Servable, Stop,
};

/// Why a command of rotation was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum SetupError {
    #[error("{0}")]
    Config(Problems),
    #[error("which configuration? Give the file of `edgemint serve` with --config or EDGEMINT_CONFIG")]
    NoConfig,
    #[error(
        "{0} has no [rotation] section: add one with `key_group`, the id of the key group that your distribution \
         trusts, and `canary`, the URL of a small protected file"
    )]
    NoRotation(String),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Canary(#[from] CanaryError),
    #[error(transparent)]
    Credentials(#[from] NoCredentials),
    #[error(transparent)]
    Rotation(#[from] RotationError),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; and "))]
    Blocked(Vec<Obstacle>),
    #[error("cannot hear signals ({0}): run this again")]
    Signals(#[from] io::Error),
}

/// The configuration of a rotation.
pub(super) struct Setup {
    pub(super) config: Config,
    pub(super) rotation: RotationConfig,
}

impl Setup {
    /// Reads the configuration that the servers run with.
    pub(super) fn load(args: &KeysArgs, endpoint_url: Option<&str>) -> Result<Self, SetupError> {
        let config = args.load_config(endpoint_url)?;
        match config.rotation.clone() {
            Some(rotation) => Ok(Self { config, rotation }),
            None => Err(SetupError::NoRotation(args.config_name())),
        }
    }

    /// The flags by which the next command is given the same configuration.
    pub(super) fn flags(&self, args: &KeysArgs) -> String {
        args.config.as_ref().map(|path| format!("--config {}", shell_word(path))).unwrap_or_default()
    }

    pub(super) async fn open(&self) -> Result<Store, KeyringError> {
        Store::open(self.config.keyring.location.clone()).await
    }

    /// What the plan goes by.
    pub(super) fn settings(&self) -> Settings {
        let config = &self.config;
        Settings {
            longest_lifetime: config.grants.iter().map(|grant| grant.ttl()).max().unwrap_or_default(),
            expiry_step: config.mint.expiry_step,
            reload_interval: config.keyring.poll,
            margin: self.rotation.margin,
            group_limit: self.rotation.group_limit,
            account_limit: self.rotation.account_limit,
        }
    }

    /// The check that `serve` makes at its start.
    pub(super) fn servable(&self) -> impl Fn(&Signer) -> Result<(), String> {
        |signer| minter_for(&self.config, signer.clone()).map(|_| ()).map_err(|error| error.to_string())
    }

    /// `manual`: without the API, and with what a person said.
    pub(super) async fn rotator<'a>(
        &self,
        store: &'a Store,
        servable: Servable<'a>,
        stop: Stop,
        manual: Option<Option<Confirmation>>,
    ) -> Result<Rotator<'a>, SetupError> {
        let hands = match manual {
            Some(confirmation) => Hands::Person(confirmation),
            None => Hands::Api(CloudFront::connect(self.rotation.endpoint_url.as_deref()).await?),
        };
        Ok(Rotator {
            store,
            place: Place {
                key_group: self.rotation.key_group.clone(),
                distribution: self.rotation.distribution.clone(),
            },
            hands,
            canary: Canary::new(self.rotation.proof.clone(), OffsetDateTime::now_utc)?,
            settings: self.settings(),
            servable,
            now: OffsetDateTime::now_utc,
            stop,
        })
    }
}
