//! What the button does: the rotation of `edgemint keys rotate --wait`, with the demo's configuration, in this process.

use std::fmt;

use time::OffsetDateTime;
use tokio::sync::mpsc;

use super::app::{Happenings, Rotating};
use crate::cloudfront::Signer;
use crate::config::{Config, RotationConfig};
use crate::http::minter_for;
use crate::keyring::{KeyringError, Store};
use crate::rotation::{
    Canary, CanaryError, CloudFront, Event, Hands, RotationError, Rotator, Standing, Stop, Wish,
};

/// Rotates the demo's key each time somebody wishes for it.
pub(super) struct Rotations {
    config: Config,
    rotation: RotationConfig,
    store: Store,
    happenings: Happenings,
}

/// Why a rotation did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Rotation(#[from] RotationError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Canary(#[from] CanaryError),
    #[error("it cannot go on by itself: {0}")]
    Stands(String),
}

impl Rotations {
    /// `config` has to have a `[rotation]`.
    pub(super) fn new(config: Config, store: Store, happenings: Happenings) -> Self {
        let rotation = config.rotation.clone().expect("the demo's configuration has the section");
        Self { config, rotation, store, happenings }
    }

    /// One after the other, until nobody can wish any more.
    pub(super) async fn run(self, mut wishes: mpsc::Receiver<()>) {
        while wishes.recv().await.is_some() {
            let outcome = self.rotate().await;
            if let Err(trouble) = &outcome {
                tracing::warn!(%trouble, "the rotation did not come to its end");
            }
            self.happenings
                .rotating(|rotating| rotating.end(outcome.err().map(|trouble| trouble.to_string())));
        }
    }

    async fn rotate(&self) -> Result<(), Trouble> {
        let document = self.store.view().await?.document()?;
        self.happenings.rotating(|rotating| *rotating = Rotating::of(&document).under_way());
        let servable = |signer: &Signer| {
            minter_for(self.config.offer(), signer.clone()).map(drop).map_err(|error| error.to_string())
        };
        let (_asks, stop) = Stop::channel();
        let endpoint_url = self.rotation.endpoint_url.as_deref().unwrap_or_default();
        let rotator = Rotator {
            store: &self.store,
            place: self.rotation.place(),
            hands: Hands::Api(CloudFront::connect_to_double(endpoint_url)),
            canary: Canary::new(self.rotation.proof.clone(), OffsetDateTime::now_utc)?,
            settings: self.rotation.settings(&self.config.offer(), &self.config.keyring),
            servable: &servable,
            now: OffsetDateTime::now_utc,
            stop,
        };
        let mut tell = |event: Event| self.happenings.rotating(|rotating| rotating.hear(&event));
        let wish = Wish::Successor { algorithm: None, hash: None };
        match rotator.run(wish, true, &mut tell).await? {
            Standing::Finished => Ok(()),
            standing => Err(Trouble::Stands(format!("{standing:?}"))),
        }
    }
}

impl fmt::Debug for Rotations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rotations").field("rotation", &self.rotation).finish_non_exhaustive()
    }
}
