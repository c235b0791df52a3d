//! From the configuration to what rotates.

use time::OffsetDateTime;

use super::args::KeysArgs;
use super::error::KeysError;
use crate::cloudfront::Signer;
use crate::config::{KeyringConfig, Offer, RotatingConfig, RotationConfig};
use crate::http::minter_for;
use crate::keyring::{KeyringError, Settings, Store};
use crate::rotation::{Canary, CloudFront, Confirmation, Hands, Rotator, Servable, Stop};

/// The configuration of a rotation. There is no secret in it.
pub(super) struct Setup {
    keyring: KeyringConfig,
    offer: Offer,
    pub(super) rotation: RotationConfig,
}

impl Setup {
    /// Reads what keys are rotated by from the configuration that the servers run with.
    pub(super) fn load(args: &KeysArgs, endpoint_url: Option<&str>) -> Result<Self, KeysError> {
        let RotatingConfig { keyring, offer, rotation } = args.rotating(endpoint_url)?;
        match rotation {
            Some(rotation) => Ok(Self { keyring, offer, rotation }),
            None => Err(KeysError::NoRotation(args.config.clone().unwrap_or_default())),
        }
    }

    pub(super) async fn open(&self) -> Result<Store, KeyringError> {
        Store::open(self.keyring.location.clone()).await
    }

    /// What the plan goes by.
    pub(super) fn settings(&self) -> Settings {
        self.rotation.settings(&self.offer, &self.keyring)
    }

    /// The check that `serve` makes at its start.
    pub(super) fn servable(&self) -> impl Fn(&Signer) -> Result<(), String> {
        |signer| minter_for(self.offer.clone(), signer.clone()).map(|_| ()).map_err(|error| error.to_string())
    }

    /// `manual`: without the API, and with what a person said.
    pub(super) async fn rotator<'a>(
        &self,
        store: &'a Store,
        servable: Servable<'a>,
        stop: Stop,
        manual: Option<Option<Confirmation>>,
    ) -> Result<Rotator<'a>, KeysError> {
        let hands = match manual {
            Some(confirmation) => Hands::Person(confirmation),
            None => Hands::Api(CloudFront::connect(self.rotation.endpoint_url.as_deref()).await?),
        };
        Ok(Rotator {
            store,
            place: self.rotation.place(),
            hands,
            canary: Canary::new(self.rotation.proof.clone(), OffsetDateTime::now_utc)?,
            settings: self.settings(),
            servable,
            now: OffsetDateTime::now_utc,
            stop,
        })
    }
}
