//! `edgemint serve`.

use std::io::{self, Write as _};

use super::settings::SettingsArgs;
use crate::config::Problems;
use crate::http::{self, StartError};
use crate::keyring::{KeyringError, Store};
use crate::telemetry;
use crate::telemetry::traces::TracesError;

/// Serve: hand-over after login, minting, health
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Why the service did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServeError {
    #[error("{0}")]
    Config(Problems),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Traces(#[from] TracesError),
    #[error("the server stopped: {0}")]
    Server(#[from] io::Error),
}

/// Runs until SIGTERM or SIGINT; the first finishes the requests that are under way.
pub(super) fn run(args: ServeArgs) -> Result<(), ServeError> {
    let config = args.settings.load().map_err(ServeError::Config)?;
    let _logging = telemetry::start_traced(config.log, config.traces.as_ref())?;
    for doubt in &config.doubts {
        tracing::warn!("{doubt}");
    }
    actix_web::rt::System::new().block_on(async {
        let keyring = Store::open(config.keyring.location.clone()).await?.load().await?;
        let bound = http::bind(config, &keyring)?;
        // The keys that the minter does not use are wiped here.
        drop(keyring);
        // Whoever started us with port 0 reads the port from this line; without a reader we serve on.
        let _ = writeln!(io::stdout(), "edgemint listening on http://{}", bound.address);
        Ok(bound.server.await?)
    })
}
