//! `edgemint keys rotate`, `advance`, `rollback`, `revoke`: what changes keys while people listen.

use std::process::ExitCode;

use clap::Args;

use super::args::KeysArgs;
use super::error::KeysError;
use super::progress::{Progress, ProgressFormat};
use super::setup::Setup;
use super::signals::stop_on_signals;
use crate::cloudfront::KeyPairId;
use crate::rotation::{Confirmation, Standing, Stop, Wish};

/// What is left to do has its time, or waits for somebody.
const MORE_REMAINS: u8 = 3;

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

/// The confirmation that two flags make.
pub(super) fn confirmation(key_pair_id: Option<&KeyPairId>, done: bool) -> Option<Confirmation> {
    key_pair_id.cloned().map(Confirmation::Created).or(done.then_some(Confirmation::Done))
}

/// Does what was wished and all that is due then; with `wait` until nothing remains. Exit code 0 if nothing remains,
/// 3 if more does, 2 if something was refused or failed.
///
/// `confirmation`: what a person says of the step that `--manual` has shown them.
pub(super) async fn run(
    args: &KeysArgs,
    how: &How,
    wish: Wish,
    wait: bool,
    confirmation: Option<Confirmation>,
) -> Result<ExitCode, KeysError> {
    let setup = Setup::load(args, how.endpoint_url.as_deref())?;
    let progress = Progress::new(how.progress, &args.flags(how));
    let (sender, stop) = Stop::channel();
    stop_on_signals(sender).map_err(KeysError::Signals)?;
    let store = setup.open().await?;
    let servable = setup.servable();
    let rotator = setup.rotator(&store, &servable, stop, how.manual.then_some(confirmation)).await?;
    let outcome = rotator.run(wish, wait, &mut |event| progress.tell(&event)).await;
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
