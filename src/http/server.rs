//! Binds, prepares and runs the service.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web;
use tokio::signal::unix::{SignalKind, signal};

use super::media_bytes::MediaBytes;
use super::service::{self, Service};
use super::serving::{serve, stop_on_signal};
use crate::cloudfront::Signer;
use crate::config::Config;
use crate::keyring::{ActiveKey, Keyring};
use crate::mint::{ExpiryStep, Minter, MinterError};
use crate::session::ticket::TicketSettingsError;

/// Clocks are stepped now and then; so long at most goes by before signing ahead notices.
const LONGEST_NAP: Duration = Duration::from_secs(5);

/// What keeps the service from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The grants cannot be served with the active key.
    #[error(transparent)]
    Minter(#[from] MinterError),
    /// The ticket settings together.
    #[error(transparent)]
    Settings(#[from] TicketSettingsError),
    /// The signals that stop the service cannot be received.
    #[error("cannot wait for SIGTERM and SIGINT: {0}")]
    Signals(io::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}; choose another with server.listen or --listen")]
    Bind {
        /// As configured.
        address: SocketAddr,
        /// From the operating system.
        reason: io::Error,
    },
}

/// A bound server, about to run.
pub struct Bound {
    /// Where it listens; the port is the real one.
    pub address: SocketAddr,
    /// Runs until it is stopped by SIGTERM (what is under way is answered first) or SIGINT (it is not),
    /// which count from now on, or through its handle.
    pub server: Server,
}

/// Builds the service from its configuration and keys, signs ahead, binds, and returns the server;
/// requests are answered once it is awaited. Call it within an actix system.
///
/// Without an active key the service starts too: it answers, and says that it is not ready.
///
/// # Errors
/// [`StartError`].
pub fn bind(config: Config, keyring: &Keyring) -> Result<Bound, StartError> {
    let address = config.server.listen;
    let listener = TcpListener::bind(address).map_err(|reason| StartError::Bind { address, reason })?;
    serve_on(listener, config, keyring, None)
}

/// The same on a listener that is bound already, whatever address is configured. The media bytes
/// that it sends are counted if `media` is given; edgemint never sends any, and this is how to see it.
///
/// # Errors
/// [`StartError`].
pub fn serve_on(
    listener: TcpListener,
    config: Config,
    keyring: &Keyring,
    media: Option<MediaBytes>,
) -> Result<Bound, StartError> {
    let minter = keyring.active().map(|key| minter(&config, key)).transpose()?;
    if minter.is_none() {
        tracing::error!(
            "the keyring has no active key, so nothing can be minted: see `edgemint keys list`, then start again"
        );
    }
    let settings = config.server.clone();
    let service = web::Data::new(Service::new(config, minter)?);
    let bind_error = |reason| StartError::Bind { address: settings.listen, reason };
    let address = listener.local_addr().map_err(bind_error)?;
    // Before anybody is told the port: actix would listen for signals only once the server runs.
    let terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    let server = serve(listener, &settings, service.clone(), media).map_err(bind_error)?;
    actix_web::rt::spawn(stop_on_signal(server.handle(), terminate, interrupt));
    actix_web::rt::spawn(sign_ahead(service));
    Ok(Bound { address, server })
}

/// The minter of a configuration and its active key, which has signed every grant once.
///
/// # Errors
/// [`MinterError`] naming the grant that cannot be served with this key.
pub fn minter(config: &Config, key: &ActiveKey) -> Result<Minter, MinterError> {
    let profiles = config.grants.clone().into();
    let signer = Signer::new(key.key_pair_id().clone(), key.key().clone(), key.hash());
    let step = ExpiryStep::new(config.mint.expiry_step).expect("checked by the configuration");
    Minter::new(signer, profiles, step, config.mint.max_signatures, service::now())
}

/// Keeps the shared signatures ahead of the clock, off every request's path.
async fn sign_ahead(service: web::Data<Service>) {
    loop {
        let nap = match service.minter.load_full() {
            None => LONGEST_NAP,
            Some(minter) => sign_step_ahead(minter).await,
        };
        tokio::time::sleep(nap.min(LONGEST_NAP)).await;
    }
}

/// Says once that signing fails and why, and once that it works again.
async fn sign_step_ahead(minter: Arc<Minter>) -> Duration {
    let was_healthy = minter.is_healthy();
    let signing = minter.clone();
    let signed = tokio::task::spawn_blocking(move || signing.sign_ahead(service::now())).await;
    match signed {
        Ok(Ok(wait)) if was_healthy => return wait,
        Ok(Ok(wait)) => {
            tracing::info!("signing works again");
            return wait;
        }
        Ok(Err(error)) if was_healthy => {
            tracing::error!(%error, "signing failed; it is tried again every second");
        }
        Ok(Err(_)) => {}
        Err(error) => tracing::error!(%error, "signing ahead broke off"),
    }
    Duration::from_secs(1)
}
