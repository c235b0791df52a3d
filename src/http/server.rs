//! Binds, prepares and runs the service.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::{self, ServiceConfig};
use tokio::signal::unix::{SignalKind, signal};

use super::routes::routes;
use super::service::{self, Service};
use super::serving::{serve, stop_on_signal};
use crate::cloudfront::Signer;
use crate::config::Config;
use crate::keyring::{ActiveKey, Keyring};
use crate::mint::{ExpiryStep, Minter, MinterError};
use crate::session::ProviderError;
use crate::session::ticket::TicketSettingsError;

/// Clocks are stepped now and then; so long at most goes by before signing ahead notices.
const LONGEST_NAP: Duration = Duration::from_secs(5);

/// Bytes of all `Set-Cookie` values of one answer of `/enter`. Proxies take heads of 8 KiB and sometimes of 4
/// by default; nginx has to be told (`proxy_buffer_size`) above that.
pub(super) const MAX_COOKIES: usize = 6 * 1024;

/// Bytes that are left for the cookie of a session, where there are sessions: the longest subject, and some claims.
/// What takes more is refused at `/enter`.
const ROOM_FOR_SESSION: usize = 1024;

/// What keeps the service from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The grants cannot be served with the active key.
    #[error(transparent)]
    Minter(#[from] MinterError),
    /// The ticket settings together.
    #[error(transparent)]
    Settings(#[from] TicketSettingsError),
    /// The session provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// An answer of `/enter` would be larger than what proxies pass on.
    #[error(
        "the cookies of all grants together take {bytes} bytes, and an answer of /enter carries at most {limit} bytes of them, because proxies pass no more on: configure fewer grants, or shorten their resources, cookie paths and domains"
    )]
    TooManyCookies {
        /// Of all `Set-Cookie` values together.
        bytes: usize,
        /// What is left for them beside the cookie of a session.
        limit: usize,
    },
    /// The connection to the store has no thread.
    #[error("cannot start the thread that keeps the connection to Redis: {0}")]
    Store(io::Error),
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
    let bind_error = |reason| StartError::Bind { address, reason };
    let listener = TcpListener::bind(address).map_err(bind_error)?;
    let address = listener.local_addr().map_err(bind_error)?;
    let settings = config.server.clone();
    let assembled = Assembled::new(config, keyring)?;
    // Before anybody is told the port: actix would listen for signals only once the server runs.
    let terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(StartError::Signals)?;
    let server = serve(listener, &settings, &assembled).map_err(bind_error)?;
    actix_web::rt::spawn(stop_on_signal(server.handle(), terminate, interrupt));
    actix_web::rt::spawn(async move {
        while hang_up.recv().await.is_some() {
            tracing::warn!(
                "SIGHUP changes nothing: configuration and keyring are read at the start, so start edgemint again"
            );
        }
    });
    Ok(Bound { address, server })
}

/// The service, built and signed ahead, to be put into an app: into [`bind`]'s own, or into another that wraps
/// [`guard`](super::guard()) around it.
#[derive(Clone)]
pub struct Assembled {
    service: web::Data<Service>,
    base_path: String,
}

impl Assembled {
    /// Builds the service, and keeps its shared signatures ahead from now on. Call it within an actix system.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(config: Config, keyring: &Keyring) -> Result<Self, StartError> {
        let minter = keyring.active().map(|key| minter(&config, key)).transpose()?;
        if minter.is_none() {
            tracing::error!(
                "the keyring has no active key, so nothing can be minted: see `edgemint keys list`, then start again"
            );
        }
        let base_path = config.server.base_path.clone();
        let service = web::Data::new(Service::new(config, minter)?);
        actix_web::rt::spawn(sign_ahead(service.clone()));
        Ok(Self { service, base_path })
    }

    /// Adds the routes, and what answers every path that has none.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config.app_data(self.service.clone());
        routes(&self.base_path, config);
    }
}

/// The minter of a configuration and its active key, which has signed every grant once.
///
/// # Errors
/// [`StartError`] naming the grant that cannot be served with this key.
pub fn minter(config: &Config, key: &ActiveKey) -> Result<Minter, StartError> {
    minter_for(config, Signer::new(key.key_pair_id().clone(), key.key().clone(), key.hash()))
}

/// The same for any key, which need not be active.
///
/// # Errors
/// As [`minter`].
pub fn minter_for(config: &Config, signer: Signer) -> Result<Minter, StartError> {
    let profiles = config.grants.clone().into();
    let step = ExpiryStep::new(config.mint.expiry_step).expect("checked by the configuration");
    let minter = Minter::new(signer, profiles, step, config.mint.max_signatures, service::now())?;
    // A back end asks for the grants that it wants; a browser gets them all.
    let bytes = minter.largest_sets();
    let limit = MAX_COOKIES - if config.session.is_some() { ROOM_FOR_SESSION } else { 0 };
    let browsers = config.ticket.is_some() || config.provider.is_some();
    match browsers && bytes > limit {
        true => Err(StartError::TooManyCookies { bytes, limit }),
        false => Ok(minter),
    }
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
