//! Binds, prepares and runs the service.

use std::future::ready;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Request};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServerHandle, ServiceFactory, ServiceResponse, fn_service};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};
use futures_util::future::{Either, select};
use tokio::net::TcpStream;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::connection::{Connection, Patience};
use super::guard::guard;
use super::routes::routes;
use super::service::{self, Service};
use crate::cloudfront::Signer;
use crate::config::{Config, ServerConfig};
use crate::keyring::{ActiveKey, Keyring};
use crate::mint::{ExpiryStep, Minter, MinterError};

/// Clocks are stepped now and then; so long at most goes by before signing ahead notices.
const LONGEST_NAP: Duration = Duration::from_secs(5);

/// actix-http reads a clock that is up to this much behind, so its times end early.
const CLOCK_LAG: Duration = Duration::from_millis(500);

/// How long the rest of a refused request is read and dropped, so that its sender sees the answer
/// before a reset.
const LINGER: Duration = Duration::from_secs(1);

/// What keeps the service from starting.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The grants cannot be served with the active key.
    #[error(transparent)]
    Minter(#[from] MinterError),
    /// A setting that only a route can judge.
    #[error(transparent)]
    Settings(#[from] service::SettingsError),
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
    let minter = keyring.active().map(|key| minter(&config, key)).transpose()?;
    if minter.is_none() {
        tracing::error!(
            "the keyring has no active key, so nothing can be minted: see `edgemint keys list`, then start again"
        );
    }
    let settings = config.server.clone();
    let service = web::Data::new(Service::new(config, minter)?);
    let bind_error = |reason| StartError::Bind { address: settings.listen, reason };
    let listener = TcpListener::bind(settings.listen).map_err(bind_error)?;
    let address = listener.local_addr().map_err(bind_error)?;
    // Before anybody is told the port: actix would listen for signals only once the server runs.
    let signals = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let [terminate, interrupt] = signals.map(|signal| signal.map_err(StartError::Signals));
    let server = serve(listener, &settings, service.clone()).map_err(bind_error)?;
    actix_web::rt::spawn(stop_on_signal(server.handle(), terminate?, interrupt?));
    actix_web::rt::spawn(sign_ahead(service));
    Ok(Bound { address, server })
}

fn minter(config: &Config, key: &ActiveKey) -> Result<Minter, MinterError> {
    let profiles = config.grants.clone().into();
    let signer = Signer::new(key.key_pair_id().clone(), key.key().clone(), key.hash());
    let step = ExpiryStep::new(config.mint.expiry_step).expect("checked by the configuration");
    Minter::new(signer, profiles, step, config.mint.max_signatures, service::now())
}

fn serve(listener: TcpListener, settings: &ServerConfig, service: web::Data<Service>) -> io::Result<Server> {
    let workers = settings
        .workers
        .map_or_else(std::thread::available_parallelism, |workers| {
            Ok(workers.try_into().unwrap_or(std::num::NonZero::<usize>::MIN))
        })?
        .get();
    let server = Server::build()
        .workers(workers)
        .disable_signals()
        // The cap holds for the whole service, actix counts by worker.
        .max_concurrent_connections(settings.max_connections.div_ceil(workers))
        // Blocking work is one signature now and then.
        .worker_max_blocking_threads(1)
        .shutdown_timeout(settings.shutdown_timeout.as_secs());
    let stopping = server.graceful_shutdown_signal();
    let settings = settings.clone();
    let server = server.listen("edgemint", listener, move || {
        let patience = Patience {
            head: settings.head_timeout,
            request: settings.request_timeout,
            idle: settings.keep_alive + CLOCK_LAG,
        };
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(settings.head_timeout + CLOCK_LAG)
            .client_disconnect_timeout(LINGER + CLOCK_LAG)
            .keep_alive(settings.keep_alive + CLOCK_LAG)
            .on_connect_ext(|connection: &Connection, extensions| {
                extensions.insert(connection.progress());
            })
            .h1(map_config(app(service.clone(), settings.base_path.clone()), |()| AppConfig::default()));
        let accept = move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            ready(Ok((Connection::new(stream, patience), peer)))
        };
        fn_service(accept).and_then(http)
    })?;
    Ok(server.run())
}

fn app(
    service: web::Data<Service>,
    base_path: String,
) -> impl ServiceFactory<
    Request,
    Config = AppConfig,
    Response = ServiceResponse<impl MessageBody>,
    Error = Error,
    InitError = (),
> {
    App::new()
        .wrap(from_fn(guard))
        .app_data(service)
        .configure(move |config| routes(&base_path, config))
        .into_factory()
}

async fn stop_on_signal(server: ServerHandle, mut terminate: Signal, mut interrupt: Signal) {
    let first = select(Box::pin(terminate.recv()), Box::pin(interrupt.recv())).await;
    server.stop(matches!(first, Either::Left(_))).await;
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

async fn sign_step_ahead(minter: Arc<Minter>) -> Duration {
    let was_healthy = minter.is_healthy();
    let signing = minter.clone();
    let wait = tokio::task::spawn_blocking(move || signing.sign_ahead(service::now())).await;
    if was_healthy && !minter.is_healthy() {
        tracing::error!("signing failed; it is tried again every second");
    }
    wait.unwrap_or(Duration::from_secs(1))
}
