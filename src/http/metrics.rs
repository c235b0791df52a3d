//! The listener for metrics, apart from the one for requests: what fills that up does not keep anybody from looking.

use std::future::ready;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, map_config};
use actix_web::dev::{AppConfig, Server, fn_service};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{App, HttpResponse, web};
use tokio::net::TcpStream;

use super::connection::{Connection, Patience};
use super::server::StartError;
use crate::telemetry::metrics::{self, Metrics};

/// Scrapers come one at a time; more connections than this are not taken at once.
const MAX_CONNECTIONS: usize = 8;

/// To send a request, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Binds the listener; `GET /metrics` is answered there, on a thread of its own, once the server is awaited. It minds no
/// signal.
///
/// # Errors
/// [`StartError::BindMetrics`].
pub(super) fn bind(address: SocketAddr, metrics: &Arc<Metrics>) -> Result<Server, StartError> {
    let failed = |reason| StartError::BindMetrics { address, reason };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let metrics = web::Data::from(metrics.clone());
    let patience = Patience { head: PATIENCE, request: PATIENCE, idle: PATIENCE, linger: PATIENCE };
    let server = Server::build().disable_signals().workers(1).max_concurrent_connections(MAX_CONNECTIONS);
    let server = server.listen("metrics", listener, move || {
        let app = App::new().app_data(metrics.clone()).route("/metrics", web::get().to(scrape));
        let http = HttpService::build()
            .client_request_timeout(PATIENCE)
            // A place is free again with the answer: no scraper comes back so soon that it were worth keeping.
            .keep_alive(KeepAlive::Disabled)
            .h1(map_config(app.into_factory(), |()| AppConfig::default()));
        // actix-http waits for ever for its answer to be read.
        let accept = move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            ready(Ok((Connection::new(stream, patience), peer)))
        };
        fn_service(accept).and_then(http)
    });
    let server = server.map_err(failed)?;
    tracing::info!(address = %bound, "metrics are at http://{bound}/metrics");
    Ok(server.run())
}

async fn scrape(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, metrics::CONTENT_TYPE))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(metrics.text())
}
