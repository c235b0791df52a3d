//! Binds, prepares and runs the service.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::{self, ServiceConfig};
use tokio::signal::unix::{SignalKind, signal};

use super::follow::{Follower, KeyringStatus, Nudge};
use super::recipe::{Recipe, Unservable};
use super::routes::routes;
use super::service::{self, Service};
use super::serving::{serve, stop_on_signal};
use super::{meter, metrics};
use crate::config::{Config, KeyringConfig};
use crate::keyring::Keyring;
use crate::mint::Minter;
use crate::session::ProviderError;
use crate::session::revocation::RevocationFileError;
use crate::session::ticket::TicketSettingsError;
use crate::telemetry::metrics::Metrics;

/// Clocks are stepped now and then; so long at most goes by before signing ahead notices.
const LONGEST_NAP: Duration = Duration::from_secs(5);

/// What keeps the service from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The grants cannot be served with the active key.
    #[error(transparent)]
    Key(#[from] Unservable),
    /// The ticket settings together.
    #[error(transparent)]
    Settings(#[from] TicketSettingsError),
    /// The session provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The connection to the store has no thread.
    #[error("cannot start the thread that keeps the connection to Redis: {0}")]
    Store(io::Error),
    /// The file of revocations.
    #[error(transparent)]
    Revocations(#[from] RevocationFileError),
    /// The signals that stop the service cannot be received.
    #[error("cannot wait for SIGTERM, SIGINT and SIGHUP: {0}")]
    Signals(io::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}; choose another with server.listen or --listen")]
    Bind {
        /// As configured.
        address: SocketAddr,
        /// From the operating system.
        reason: io::Error,
    },
    /// The address of the metrics cannot be listened on.
    #[error("cannot listen on {address} for metrics: {reason}; choose another with metrics.listen")]
    BindMetrics {
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
/// Without an active key the service starts too: it answers, and says that it is not ready. SIGHUP has the keyring
/// looked at.
///
/// # Errors
/// [`StartError`].
pub fn bind(config: Config, keyring: &Keyring) -> Result<Bound, StartError> {
    let address = config.server.listen;
    let bind_error = |reason| StartError::Bind { address, reason };
    let listener = TcpListener::bind(address).map_err(bind_error)?;
    let address = listener.local_addr().map_err(bind_error)?;
    let (settings, metrics) = (config.server.clone(), config.metrics);
    let assembled = Assembled::new(config, keyring)?;
    // Before anybody is told the port: actix would listen for signals only once the server runs.
    let terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(StartError::Signals)?;
    let server = serve(listener, &settings, &assembled).map_err(bind_error)?;
    if let Some(address) = metrics {
        actix_web::rt::spawn(metrics::bind(address, &assembled.service.metrics)?);
    }
    actix_web::rt::spawn(stop_on_signal(server.handle(), terminate, interrupt));
    actix_web::rt::spawn(async move {
        while hang_up.recv().await.is_some() {
            tracing::info!("SIGHUP: the keyring is looked at; the configuration is read at the start only");
            assembled.keyring.look();
        }
    });
    Ok(Bound { address, server })
}

/// The service, built and signed ahead, to be put into an app: into [`bind`]'s own, or into another that wraps
/// [`guard`](super::guard()) around it.
#[derive(Clone)]
pub struct Assembled {
    service: web::Data<Service>,
    keyring: Nudge,
    base_path: String,
}

impl Assembled {
    /// Builds the service; from now on keeps its shared signatures ahead, and follows the keyring, which was read
    /// from where the configuration says. Call it within an actix system.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(config: Config, keyring: &Keyring) -> Result<Self, StartError> {
        let (metrics, words) = meter::instruments(&config);
        let metrics = Arc::new(metrics);
        let recipe = Recipe::of(config.offer(), meter::observer(metrics.signing()));
        let minter = keyring.active().map(|key| recipe.minter(key)).transpose()?;
        if minter.is_none() {
            tracing::error!(
                "the keyring has no active key, so nothing can be minted until there is one: see `edgemint keys list`"
            );
        }
        if config.forgets_revocations() {
            tracing::warn!(
                "revocations are in memory: who is shut out is let in again after the next start, where a session lasts; configure store.file, or store.redis"
            );
        }
        let base_path = config.server.base_path.clone();
        let KeyringConfig { location, poll } = config.keyring.clone();
        let retirement = config.retirement();
        let status = KeyringStatus::new(keyring, retirement, metrics.clone(), service::now());
        let service = web::Data::new(Service::new(config, minter, status, metrics, words)?);
        actix_web::rt::spawn(sign_ahead(service.clone()));
        let follower = Follower::new(service.clone(), recipe, location, poll);
        let keyring = follower.nudge();
        actix_web::rt::spawn(follower.run());
        Ok(Self { service, keyring, base_path })
    }

    /// Adds the routes, and what answers every path that has none.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config.app_data(self.service.clone());
        routes(&self.base_path, config);
    }
}

/// Keeps the shared signatures ahead of the clock, off every request's path.
async fn sign_ahead(service: web::Data<Service>) {
    loop {
        let nap = match service.minter.load_full() {
            None => LONGEST_NAP,
            Some(minter) => sign_step_ahead(minter, &service.metrics).await,
        };
        tokio::time::sleep(nap.min(LONGEST_NAP)).await;
    }
}

/// Says once that signing fails and why, and once that it works again.
async fn sign_step_ahead(minter: Arc<Minter>, metrics: &Metrics) -> Duration {
    let was_healthy = minter.is_healthy();
    let signing = minter.clone();
    let signed = tokio::task::spawn_blocking(move || signing.sign_ahead(service::now())).await;
    let (expiry, until) = minter.signed_ahead().unzip();
    metrics.signing().soonest_expiry.set(expiry);
    metrics.signing().ready_until.set(until);
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
        // What it panicked with may hold anything: `telemetry::panics` has said where.
        Err(_) => {
            minter.note_broken_off();
            if was_healthy {
                tracing::error!("signing ahead broke off; it is tried again every second");
            }
        }
    }
    Duration::from_secs(1)
}
