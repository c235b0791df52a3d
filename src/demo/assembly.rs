//! The three servers, put together as an operator would: edgemint from a configuration file and a
//! keyring, the edge with public keys and a control plane, the web app with the ticket's secret.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Condition, from_fn};
use actix_web::{HttpServer, web};
use futures_util::future::{Either, join_all, select, try_join_all};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::app::{App, Counters, Happenings, Places, Rotating, TicketIssuer, routes};
use super::cloud::{Cloud, CloudError};
use super::edgemint::{AUDIENCE, Edgemint, Keys, SetUpError};
use super::library;
use super::media_bytes::MediaBytes;
use super::ports::{PortError, Ports};
use super::rotation::Rotations;
use crate::edge::{self, Edge, Origin, OriginError, ViewerScheme};
use crate::http::{self, Assembled, StartError};

/// What the three hosts have in common: browsers resolve names under `localhost` by themselves.
const DOMAIN: &str = "edgemint.localhost";

/// How long a stop waits for pages that follow the events and players that are half-way, in seconds.
const STOP_SECONDS: u64 = 1;

/// The running demo. Its key, audio and configuration are in a temporary directory that goes with it.
pub struct Demo {
    places: Places,
    /// The web app, the edge, edgemint, and the control plane of the edge.
    servers: [Server; 4],
    stop_signals: [Signal; 2],
    _directory: TempDir,
}

/// Why the demo did not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A port is taken.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A directory or a file could not be made, or a listener not be used.
    #[error("cannot set the demo up: {0}")]
    Io(#[from] io::Error),
    /// edgemint could not be set up.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    /// Nor its control plane.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The edge could not be set up.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// edgemint did not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Demo {
    /// Binds the ports, makes key, audio and configuration, and starts all three servers. Cookies
    /// live for `lifetime`, in whole seconds. Call it within an actix system.
    ///
    /// # Errors
    /// [`DemoError`].
    pub async fn start(ports: Ports, lifetime: Duration) -> Result<Self, DemoError> {
        // Before there is anything to remove: a signal from here on is not lost, and does not kill.
        let stop_signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        let listeners = ports.bind()?;
        let places = Places {
            app: origin("app", &listeners.app)?,
            edgemint: origin("id", &listeners.edgemint)?,
            cdn: origin("cdn", &listeners.edge)?,
        };
        let directory = tempfile::Builder::new().prefix("edgemint-demo-").tempdir()?;
        let media = directory.path().join("media");
        std::fs::create_dir(&media)?;
        let episodes = library::write(&media)?;
        let address = listeners.edgemint.local_addr()?;
        let now = OffsetDateTime::now_utc();
        let keys = Keys::make(directory.path(), now).await?;
        let cloud = Cloud::start(&keys.key_pair_id, keys.public_key, now)?;
        let edgemint = Edgemint::set_up(directory.path(), address, &places, DOMAIN, lifetime, &cloud)?;

        let (happenings, counters) = (Happenings::new(), Counters::default());
        happenings.rotating(|rotating| *rotating = Rotating::of(keys.keyring.document()));
        let (wishes, wished) = mpsc::channel(1);
        let rotations = Rotations::new(edgemint.config.clone(), keys.store, happenings.clone());
        actix_web::rt::spawn(rotations.run(wished));
        let edge = edge(&media, &places, &cloud, happenings.clone())?;
        let edge = serve(listeners.edge, counters.edge.clone(), false, move |config| {
            edge::configure(config, edge.clone())
        })?;
        let tickets = TicketIssuer::new(edgemint.ticket_secret.as_bytes(), &places.app, AUDIENCE);
        let minting = Assembled::new(edgemint.config, &keys.keyring)?;
        let minting = serve(listeners.edgemint, counters.edgemint.clone(), true, move |config| {
            minting.configure(config)
        })?;
        let sent_by_app = counters.app.clone();
        let seconds = lifetime.as_secs();
        let app = App::new(places.clone(), tickets, episodes, seconds, happenings, counters, wishes);
        let app = web::Data::new(app);
        let app = serve(listeners.app, sent_by_app, false, move |config| routes(app.clone())(config))?;
        Ok(Self { places, servers: [app, edge, minting, cloud.server], stop_signals, _directory: directory })
    }

    /// Where the three servers are.
    #[must_use]
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Serves until SIGTERM or SIGINT, then removes everything that was made.
    ///
    /// # Errors
    /// When a server fails.
    pub async fn run(self) -> io::Result<()> {
        let handles = self.servers.each_ref().map(Server::handle);
        let [mut terminate, mut interrupt] = self.stop_signals;
        let servers = actix_web::rt::spawn(try_join_all(self.servers));
        let stopped = select(Box::pin(terminate.recv()), Box::pin(interrupt.recv()));
        let servers = match select(stopped, servers).await {
            Either::Left((_, servers)) => servers,
            Either::Right((ended, _)) => return ended.map_err(io::Error::other)?.map(drop),
        };
        join_all(handles.iter().map(|server| server.stop(true))).await;
        servers.await.map_err(io::Error::other)?.map(drop)
    }
}

fn origin(name: &str, listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{name}.{DOMAIN}:{}", listener.local_addr()?.port()))
}

/// The edge: public keys only, and pages of the app may read what it serves, so that a refusal differs.
fn edge(media: &Path, places: &Places, cloud: &Cloud, happenings: Happenings) -> Result<Edge, DemoError> {
    let host = places.cdn.trim_start_matches("http://");
    Ok(Edge::new(Origin::directory(media)?)
        .controlled_by(&cloud.plane)
        .named(host.parse().expect("a host name and a port"))
        .with_scheme(ViewerScheme::Http)
        .allowing_origin(places.app.parse().expect("an origin"))
        .observed_by(Arc::new(happenings)))
}

/// `is_guarded`: with what edgemint has around its routes.
fn serve(
    listener: TcpListener,
    sent: MediaBytes,
    is_guarded: bool,
    configure: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        let sent = sent.clone();
        actix_web::App::new()
            .wrap(from_fn(move |request, next| sent.clone().count(request, next)))
            .wrap(Condition::new(is_guarded, from_fn(http::guard)))
            .configure(configure.clone())
    });
    // A viewer that hangs up stops the reading of its file at once.
    let server =
        server.workers(1).h1_allow_half_closed(false).shutdown_timeout(STOP_SECONDS).disable_signals();
    Ok(server.listen(listener)?.run())
}
