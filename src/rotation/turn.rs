//! From a wish to the end of it: one round, and, if asked to wait, every further one until nothing remains.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use time::OffsetDateTime;

use super::error::RotationError;
use super::event::{Event, Standing};
use super::rotator::Rotator;
use super::round::Tell;
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm};
use crate::keyring::KeyId;

/// The longest nap while waiting: the wall clock may be set meanwhile.
const NAP: Duration = Duration::from_secs(15);

/// How often a wait goes on after a failure that may pass.
const MOST_TROUBLES: u32 = 10;

/// What begins a rotation, before all that is due is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A successor, unless one is under way. What is not asked for is as with the active key.
    Successor {
        /// The algorithm.
        algorithm: Option<KeyAlgorithm>,
        /// The hash that it signs over.
        hash: Option<HashAlgorithm>,
    },
    /// Nothing but what is due.
    Advance,
    /// The way back.
    RollBack,
    /// Out with a key.
    Revoke(KeyId),
}

impl Rotator<'_> {
    /// Does what was wished and all that is due then; with `wait` until nothing remains. The keyring is not locked
    /// while nothing is due: somebody may have to roll back, or to revoke.
    ///
    /// # Errors
    /// [`RotationError`]; what was done until then is recorded.
    pub async fn run(&self, wish: Wish, wait: bool, tell: Tell<'_>) -> Result<Standing, RotationError> {
        let (mut outcome, mut troubles) = (self.first_round(wish, tell).await, 0);
        loop {
            let until = match &outcome {
                Ok(Standing::Waiting { until, reason }) if wait => {
                    troubles = 0;
                    tell(Event::Waiting { until: *until, reason: reason.clone() });
                    *until
                }
                Err(error) if wait && error.is_passing() && troubles < MOST_TROUBLES => {
                    troubles += 1;
                    tell(Event::TriesAgain { error: error.to_string() });
                    (self.now)() + Duration::from_secs(1 << troubles.min(6))
                }
                _ => return outcome,
            };
            if !self.sleep_until(until).await {
                return Ok(Standing::Stopped);
            }
            outcome = self.next_round(tell).await;
        }
    }

    async fn first_round(&self, wish: Wish, tell: Tell<'_>) -> Result<Standing, RotationError> {
        let mut round = self.begin().await?;
        match wish {
            Wish::Successor { algorithm, hash } => round.make_successor(algorithm, hash, tell).await?,
            Wish::Advance => {}
            Wish::RollBack => round.roll_back(tell).await?,
            Wish::Revoke(id) => round.revoke(&id, tell).await?,
        }
        round.carry_on(tell).await
    }

    async fn next_round(&self, tell: Tell<'_>) -> Result<Standing, RotationError> {
        self.begin().await?.carry_on(tell).await
    }

    /// `false`: asked to stop.
    async fn sleep_until(&self, moment: OffsetDateTime) -> bool {
        loop {
            let left = Duration::try_from(moment - (self.now)()).unwrap_or_default();
            if left.is_zero() {
                return !self.stop.is_asked();
            }
            let nap = pin!(tokio::time::sleep(left.min(NAP)));
            if let Either::Right(_) = select(nap, pin!(self.stop.asked())).await {
                return false;
            }
        }
    }
}
