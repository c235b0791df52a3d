//! `edgemint keys rotate`, `advance`, `rollback`, `revoke`: what changes keys while people listen.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use time::OffsetDateTime;

use super::args::KeysArgs;
use super::error::KeysError;
use super::progress::{Progress, ProgressFormat};
use super::setup::Setup;
use super::signals::stop_on_signals;
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, KeyPairId};
use crate::keyring::KeyId;
use crate::rotation::{Confirmation, Event, RotationError, Rotator, Standing, Stop};

/// What is left to do has its time, or waits for somebody.
const MORE_REMAINS: u8 = 3;

/// The longest nap while waiting: the wall clock may be set meanwhile.
const NAP: Duration = Duration::from_secs(15);

/// How often a wait goes on after a failure that may pass.
const MOST_TROUBLES: u32 = 10;

/// How CloudFront is reached, and how progress is shown.
#[derive(Debug, Clone, Args)]
pub(super) struct How {
    /// URL of the CloudFront API in the place of AWS's [rotation.endpoint_url]
    #[arg(long, value_name = "URL")]
    pub(super) endpoint_url: Option<String>,
    /// Call no API: print the AWS CLI commands and the Terraform blocks of the step that is due
    #[arg(long)]
    pub(super) manual: bool,
    /// How to tell what goes on: text, or one JSON object a line. Left out: text in a terminal, else json
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) progress: Option<ProgressFormat>,
}

/// What begins a round, before all that is due is done.
pub(super) enum Wish {
    /// A successor, unless one is under way.
    Successor { algorithm: Option<KeyAlgorithm>, hash: Option<HashAlgorithm> },
    /// Nothing but what is due.
    Advance(Option<Confirmation>),
    /// The way back.
    RollBack,
    /// Out with a key.
    Revoke(KeyId),
}

/// The confirmation that two flags make.
pub(super) fn confirmation(key_pair_id: Option<&KeyPairId>, done: bool) -> Option<Confirmation> {
    key_pair_id.cloned().map(Confirmation::Created).or(done.then_some(Confirmation::Done))
}

/// Does what was wished and all that is due then; with `wait` until nothing remains. Exit code 0 if nothing remains,
/// 3 if more does, 2 if something was refused or failed.
pub(super) async fn run(args: &KeysArgs, how: &How, wish: Wish, wait: bool) -> Result<ExitCode, KeysError> {
    let setup = Setup::load(args, how.endpoint_url.as_deref())?;
    let progress = Progress::new(how.progress, &args.flags(how));
    let (sender, stop) = Stop::channel();
    stop_on_signals(sender).map_err(KeysError::Signals)?;
    let confirmation = match &wish {
        Wish::Advance(confirmation) => confirmation.clone(),
        _ => None,
    };
    let store = setup.open().await?;
    let servable = setup.servable();
    let rotator = setup.rotator(&store, &servable, stop, how.manual.then_some(confirmation)).await?;
    let outcome = turn(&rotator, wish, wait, &progress).await;
    let document = store.view().await.and_then(|view| view.document()).ok();
    match outcome {
        Ok(standing) => {
            progress.stands(&standing, document.as_ref());
            Ok(match standing {
                Standing::Finished => ExitCode::SUCCESS,
                Standing::Blocked(obstacles) => return Err(KeysError::Blocked(obstacles)),
                Standing::Waiting { .. } | Standing::ByHand | Standing::Stopped => {
                    ExitCode::from(MORE_REMAINS)
                }
            })
        }
        Err(error) => {
            progress.failed(&error, document.as_ref());
            Err(error.into())
        }
    }
}

/// One round for the wish; with `wait`, further ones until nothing remains.
async fn turn(
    rotator: &Rotator<'_>,
    wish: Wish,
    wait: bool,
    progress: &Progress,
) -> Result<Standing, RotationError> {
    let mut tell = |event: Event| progress.tell(&event);
    let (mut outcome, mut troubles) = (first_round(rotator, wish, &mut tell).await, 0);
    loop {
        let until = match &outcome {
            Ok(Standing::Waiting { until, reason }) if wait => {
                troubles = 0;
                progress.waits(*until, reason);
                *until
            }
            Err(error) if wait && error.is_passing() && troubles < MOST_TROUBLES => {
                troubles += 1;
                progress.tries_again(error);
                (rotator.now)() + Duration::from_secs(1 << troubles.min(6))
            }
            _ => return outcome,
        };
        // The lock is not held while nothing is due: somebody may have to roll back, or to revoke.
        if !sleep_until(until, rotator).await {
            return Ok(Standing::Stopped);
        }
        outcome = next_round(rotator, &mut tell).await;
    }
}

async fn first_round(
    rotator: &Rotator<'_>,
    wish: Wish,
    tell: &mut dyn FnMut(Event),
) -> Result<Standing, RotationError> {
    let mut round = rotator.begin().await?;
    match wish {
        Wish::Successor { algorithm, hash } => round.make_successor(algorithm, hash, tell).await?,
        Wish::Advance(_) => {}
        Wish::RollBack => round.roll_back(tell).await?,
        Wish::Revoke(id) => round.revoke(&id, tell).await?,
    }
    round.carry_on(tell).await
}

async fn next_round(rotator: &Rotator<'_>, tell: &mut dyn FnMut(Event)) -> Result<Standing, RotationError> {
    rotator.begin().await?.carry_on(tell).await
}

/// `false`: asked to stop.
async fn sleep_until(moment: OffsetDateTime, rotator: &Rotator<'_>) -> bool {
    loop {
        let Ok(left) = Duration::try_from(moment - (rotator.now)()) else { return !rotator.stop.is_asked() };
        if left.is_zero() {
            return !rotator.stop.is_asked();
        }
        let nap = Box::pin(tokio::time::sleep(left.min(NAP)));
        let asked = Box::pin(rotator.stop.asked());
        if let futures_util::future::Either::Right(_) = futures_util::future::select(nap, asked).await {
            return false;
        }
    }
}
