//! The HTTP server on its listener, with every wait for a peer bounded.
//!
//! Put together from the parts of actix-web's own `HttpServer`, which takes no connection but TCP's.

use std::future::ready;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::{HttpService, Request};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServerHandle, ServiceFactory, ServiceResponse, fn_service};
use actix_web::middleware::from_fn;
use actix_web::{App, Error};
use futures_util::future::{Either, select};
use tokio::net::TcpStream;
use tokio::signal::unix::Signal;
use tokio::time::sleep;

use super::connection::{Connection, Patience};
use super::guard::guard;
use super::server::Assembled;
use crate::config::ServerConfig;

/// actix-http reads a clock that is up to this much behind, so its times end early.
const CLOCK_LAG: Duration = Duration::from_millis(500);

/// What was sent before a stop has this long to be read: actix drops what has arrived and is not yet read.
const LAST_ARRIVALS: Duration = Duration::from_millis(500);

/// How long the rest of a refused request is read and dropped, so that its sender sees the answer
/// before a reset.
const LINGER: Duration = Duration::from_secs(1);

/// The server, which runs once it is awaited. It minds no signal by itself.
pub(super) fn serve(
    listener: TcpListener,
    settings: &ServerConfig,
    assembled: &Assembled,
) -> io::Result<Server> {
    let server = Server::build()
        .disable_signals()
        .workers(settings.workers)
        // The cap holds for the whole service, actix counts by worker. Rounded down, or there would be more
        // than there are descriptors for; the configuration has one for each worker at least.
        .max_concurrent_connections(settings.max_connections / settings.workers)
        // Blocking work is one signature now and then.
        .worker_max_blocking_threads(1)
        // Whole seconds by the configuration, and never none, which would mean no patience at all.
        .shutdown_timeout(settings.shutdown_timeout.as_secs());
    let stopping = server.graceful_shutdown_signal();
    let (settings, assembled) = (settings.clone(), assembled.clone());
    let server = server.listen("edgemint", listener, move || {
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move {
                    stopping.notified().await;
                    sleep(LAST_ARRIVALS).await;
                }
            })
            .client_request_timeout(settings.head_timeout + CLOCK_LAG)
            .client_disconnect_timeout(LINGER + CLOCK_LAG)
            .keep_alive(settings.keep_alive + CLOCK_LAG)
            .on_connect_ext(|connection: &Connection, extensions| {
                extensions.insert(connection.progress());
            })
            .h1(map_config(app(assembled.clone()), |()| AppConfig::default()));
        let patience = Patience {
            head: settings.head_timeout,
            request: settings.request_timeout,
            idle: settings.keep_alive + CLOCK_LAG,
            // Later than actix-http, which ends most such connections by itself.
            linger: LINGER + CLOCK_LAG * 2,
        };
        let accept = move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            ready(Ok((Connection::new(stream, patience), peer)))
        };
        fn_service(accept).and_then(http)
    })?;
    Ok(server.run())
}

fn app(
    assembled: Assembled,
) -> impl ServiceFactory<
    Request,
    Config = AppConfig,
    Response = ServiceResponse<impl MessageBody + use<>>,
    Error = Error,
    InitError = (),
> + use<> {
    App::new().wrap(from_fn(guard)).configure(|config| assembled.configure(config)).into_factory()
}

/// SIGTERM lets what is under way be answered; SIGINT does not.
pub(super) async fn stop_on_signal(server: ServerHandle, mut terminate: Signal, mut interrupt: Signal) {
    let first = select(Box::pin(terminate.recv()), Box::pin(interrupt.recv())).await;
    let is_kind = matches!(first, Either::Left(_));
    if is_kind {
        // A stop drops the connections that are accepted and have not reached their worker.
        server.pause().await;
        sleep(LAST_ARRIVALS).await;
    }
    server.stop(is_kind).await;
}
