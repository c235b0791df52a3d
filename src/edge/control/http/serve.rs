use std::io;
use std::net::TcpListener;

use actix_web::web::{self, Payload};
use actix_web::{App, HttpRequest, HttpServer};

use super::connection;
use super::handler::Handler;
use crate::edge::control::plane::ControlPlane;
use crate::edge::serve::Serving;

/// How long a graceful stop waits for calls that are being answered, in seconds.
const STOP_SECONDS: u64 = 1;

/// Serves a control plane on a listener that is bound already. Call it inside an actix or tokio runtime.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(plane: ControlPlane, listener: TcpListener) -> io::Result<Serving> {
    let address = listener.local_addr()?;
    let handler = Handler::new(plane, format!("http://{address}"));
    let server = HttpServer::new(move || {
        let handler = handler.clone();
        App::new().default_service(web::to(move |request: HttpRequest, payload: Payload| {
            handler.clone().answer(request, payload)
        }))
    })
    .on_connect(connection::remember)
    .workers(1)
    .shutdown_timeout(STOP_SECONDS)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(Serving { address, server })
}
