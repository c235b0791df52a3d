use time::OffsetDateTime;

use super::api::CloudFront;
use super::canary::Canary;
use super::error::RotationError;
use super::manual::Confirmation;
use super::observe::{Place, believed, check_distribution, observe};
use super::round::Round;
use super::stop::Stop;
use crate::cloudfront::Signer;
use crate::keyring::{Document, Remote, Settings, Store};

/// Says why the configured grants cannot be served with a key, if they cannot.
pub type Servable<'a> = &'a dyn Fn(&Signer) -> Result<(), String>;

/// Who takes the steps in CloudFront.
#[derive(Debug)]
pub enum Hands {
    /// This program, by the API.
    Api(CloudFront),
    /// A person, who is told what to do and says what came of it.
    Person(Option<Confirmation>),
}

/// All that a rotation works with. It holds no lock; a [`Round`] does.
pub struct Rotator<'a> {
    /// The keyring.
    pub store: &'a Store,
    /// What is rotated in CloudFront.
    pub place: Place,
    /// Who rotates it.
    pub hands: Hands,
    /// The edge.
    pub canary: Canary,
    /// What the plan must know of the configuration.
    pub settings: Settings,
    /// Whether the grants can be served with a key.
    pub servable: Servable<'a>,
    /// The wall clock.
    pub now: fn() -> OffsetDateTime,
    /// Whether it was asked to stop.
    pub stop: Stop,
}

impl Rotator<'_> {
    /// Begins a round: nobody else changes the keyring while it lasts.
    ///
    /// # Errors
    /// Another process changes the keyring, or it cannot be written.
    pub async fn begin(&self) -> Result<Round<'_>, RotationError> {
        Ok(Round::new(self, self.store.lock().await?))
    }

    /// What the plan goes by: what CloudFront has, or what it should have where a person is its hands.
    ///
    /// # Errors
    /// CloudFront cannot be asked.
    pub async fn observe(&self, document: &Document) -> Result<Remote, RotationError> {
        match &self.hands {
            Hands::Api(cloudfront) => Ok(observe(cloudfront, &self.place).await?),
            Hands::Person(_) => Ok(believed(document)),
        }
    }

    /// What can be seen to be wrong before anything is changed.
    pub(super) async fn check(&self) -> Result<(), RotationError> {
        match &self.hands {
            Hands::Api(cloudfront) => check_distribution(cloudfront, &self.place).await,
            Hands::Person(_) => Ok(()),
        }
    }
}
