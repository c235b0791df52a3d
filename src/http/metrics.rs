//! The listener for metrics, apart from the one for requests: what fills that up does not keep anybody from looking.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{App, HttpResponse, HttpServer, web};

use super::server::StartError;
use crate::telemetry::metrics::{self, Metrics};

/// Scrapers come one at a time; more connections than this are not taken at once.
const MAX_CONNECTIONS: usize = 8;

/// To send a request, and between two of them on one connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Binds the listener; `GET /metrics` is answered there once the server is awaited. It minds no signal.
///
/// # Errors
/// [`StartError::BindMetrics`].
pub(super) fn bind(address: SocketAddr, metrics: &Arc<Metrics>) -> Result<Server, StartError> {
    let failed = |reason| StartError::BindMetrics { address, reason };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let metrics = web::Data::from(metrics.clone());
    let server = HttpServer::new(move || {
        App::new().app_data(metrics.clone()).route("/metrics", web::get().to(scrape))
    });
    let server = server
        .workers(1)
        .max_connections(MAX_CONNECTIONS)
        .client_request_timeout(PATIENCE)
        .keep_alive(PATIENCE)
        .disable_signals()
        .listen(listener)
        .map_err(failed)?;
    tracing::info!(address = %bound, "metrics are at http://{bound}/metrics");
    Ok(server.run())
}

async fn scrape(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, metrics::CONTENT_TYPE))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(metrics.text())
}
