use std::io::{self, Write as _};
use std::process::ExitCode;

use time::OffsetDateTime;

use super::args::{KeysArgs, KeysCommand, RotationCommand};
use super::error::KeysError;
use super::rotation::confirmation;
use super::{local, rotation, status};
use crate::rotation::Wish;

/// Does what was asked. Exit code 0; 3 if a rotation has more to do later; or 2 with one sentence on standard error.
/// A private key is never written anywhere but into the keyring.
#[must_use]
pub fn run(args: &KeysArgs) -> ExitCode {
    match actix_web::rt::System::new().block_on(execute(args)) {
        Ok(code) => code,
        Err(error) => {
            // Standard error is the last resort: if it is closed too, the exit code still tells.
            let _ = writeln!(io::stderr(), "edgemint: {error}");
            ExitCode::from(2)
        }
    }
}

async fn execute(args: &KeysArgs) -> Result<ExitCode, KeysError> {
    match &args.command {
        KeysCommand::Rotation(command) => rotate(args, command).await,
        KeysCommand::Local(command) => {
            let (mut out, mut notes) = (io::stdout().lock(), io::stderr().lock());
            let (location, now) = (args.location()?, OffsetDateTime::now_utc());
            local::execute(command, location, now, &mut out, &mut notes).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn rotate(args: &KeysArgs, command: &RotationCommand) -> Result<ExitCode, KeysError> {
    match command {
        RotationCommand::Rotate { algorithm, hash, wait, how } => {
            let wish = Wish::Successor { algorithm: *algorithm, hash: *hash };
            rotation::run(args, how, wish, *wait, None).await
        }
        RotationCommand::Advance { wait, key_pair_id, done, how } => {
            let confirmation = confirmation(key_pair_id.as_ref(), *done);
            rotation::run(args, how, Wish::Advance, *wait, confirmation).await
        }
        RotationCommand::Rollback { how } => rotation::run(args, how, Wish::RollBack, false, None).await,
        RotationCommand::Revoke { id, how } => {
            rotation::run(args, how, Wish::Revoke(id.clone()), false, None).await
        }
        RotationCommand::Status { json, endpoint_url } => {
            status::show(args, endpoint_url.as_deref(), *json).await
        }
        RotationCommand::Plan { json, endpoint_url } => {
            status::plan(args, endpoint_url.as_deref(), *json).await
        }
    }
}
