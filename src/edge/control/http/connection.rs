//! Ends a connection without an answer, for faults.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream as AsyncTcpStream;

/// A second handle on the socket of a request.
struct Socket(TcpStream);

/// Keeps a handle on each new connection.
pub(super) fn remember(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<AsyncTcpStream>();
    if let Some(handle) = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok()) {
        data.insert(Socket(TcpStream::from(handle)));
    }
}

/// Ends the connection of this request: what is written to it from now on reaches nobody.
pub(super) fn sever(request: &HttpRequest) {
    if let Some(Socket(stream)) = request.conn_data::<Socket>() {
        // It may be over already.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
