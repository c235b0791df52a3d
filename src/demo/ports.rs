//! The three listeners, bound before anything else: a port that is taken is the likeliest reason why
//! the demo cannot start, and the reader should learn which and what to do.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Which port each server is to listen on; 0 takes any that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// The web app's.
    pub app: u16,
    /// edgemint's.
    pub edgemint: u16,
    /// The edge's.
    pub edge: u16,
}

/// Three listeners on the loopback address.
#[derive(Debug)]
pub struct Listeners {
    /// The web app's.
    pub app: TcpListener,
    /// edgemint's.
    pub edgemint: TcpListener,
    /// The edge's.
    pub edge: TcpListener,
}

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on 127.0.0.1:{port} for {server}: {source}; choose another port with {flag}, or move all three with --port-base"
)]
pub struct PortError {
    server: Server,
    port: u16,
    flag: &'static str,
    source: io::Error,
}

#[derive(Debug, Clone, Copy)]
enum Server {
    App,
    Edgemint,
    Edge,
}

impl Ports {
    /// Binds all three, on IPv4's loopback address alone: nobody else on the network can reach them.
    ///
    /// # Errors
    /// For the first port that cannot be bound, with the flag that chooses another.
    pub fn bind(self) -> Result<Listeners, PortError> {
        Ok(Listeners {
            app: bind(Server::App, self.app, "--app-port")?,
            edgemint: bind(Server::Edgemint, self.edgemint, "--edgemint-port")?,
            edge: bind(Server::Edge, self.edge, "--edge-port")?,
        })
    }
}

fn bind(server: Server, port: u16, flag: &'static str) -> Result<TcpListener, PortError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| PortError { server, port, flag, source })
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::App => "the web app",
            Self::Edgemint => "edgemint",
            Self::Edge => "the edge",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_0_takes_three_different_free_ports_on_loopback() {
        let listeners = Ports { app: 0, edgemint: 0, edge: 0 }.bind().unwrap();
        let addresses =
            [&listeners.app, &listeners.edgemint, &listeners.edge].map(|one| one.local_addr().unwrap());
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() != 0));
        assert!(addresses[0] != addresses[1] && addresses[1] != addresses[2] && addresses[0] != addresses[2]);
    }

    #[test]
    fn a_port_that_is_taken_is_named_with_its_server_and_its_flag() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        for (ports, server, flag) in [
            (Ports { app: port, edgemint: 0, edge: 0 }, "the web app", "--app-port"),
            (Ports { app: 0, edgemint: port, edge: 0 }, "edgemint", "--edgemint-port"),
            (Ports { app: 0, edgemint: 0, edge: port }, "the edge", "--edge-port"),
        ] {
            let message = ports.bind().unwrap_err().to_string();
            for part in [server, flag, &port.to_string(), "--port-base"] {
                assert!(message.contains(part), "{message} lacks {part}");
            }
        }
    }
}
