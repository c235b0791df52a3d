//! `edgemint edge`: the local double of CloudFront.

use std::io::{self, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use futures_util::future::{join_all, select, try_join_all};
use time::OffsetDateTime;
use tokio::signal::unix::{SignalKind, signal};

use super::control::{Control, ControlArgs};
use super::trust::{Trust, behaviours};
use crate::cloudfront::{KeyError, KeyPairId};
use crate::edge::control::{self, Refusal, Setup};
use crate::edge::{
    AllowedOrigin, Edge, Origin, OriginError, PathPattern, ServedHost, Serving, ViewerScheme, serve,
};
use crate::telemetry::{self, LogConfig, LogFormat, LogLevel};

/// Serve an origin as CloudFront would: protected paths only to signed cookies and signed URLs.
///
/// It holds public keys only. Viewer addresses are those of the connection: X-Forwarded-For is not believed.
#[derive(Debug, Args)]
pub struct EdgeArgs {
    /// Address to listen on; with port 0 the first line of output says which port it became
    #[arg(long, value_name = "ADDR")]
    listen: String,
    /// Where the objects are: a directory, or http://host[:port][/prefix]
    #[arg(long, value_name = "DIR|URL")]
    origin: String,
    /// Path pattern to protect, as CloudFront's: * is any run of characters, ? is one; the first that matches wins.
    /// All other paths are served freely
    #[arg(long, value_name = "PATTERN")]
    protect: Vec<PathPattern>,
    /// Public key that protected paths trust, and its id. Before a colon, one of the patterns: then for that one only.
    /// With --control-plane, what the key groups begin with
    #[arg(long, value_name = "[PATTERN:]ID=PUBLIC.pem")]
    trust: Vec<Trust>,
    /// Host name that policies are written for, and the only one answered (besides localhost and bare addresses).
    /// Without it, the Host header of each request counts, with its port
    #[arg(long, value_name = "NAME")]
    host: Option<ServedHost>,
    /// Scheme that policies are held against: https, http, or any, which is good for both
    #[arg(long, value_name = "SCHEME", default_value = "any")]
    scheme: ViewerScheme,
    /// Origin whose pages may read answers, with credentials
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<AllowedOrigin>,
    /// How long an HTTP origin has to begin an answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    origin_timeout: Duration,
    #[command(flatten)]
    control: ControlArgs,
}

/// Serves until SIGTERM or SIGINT. Exit code 2 with one sentence on standard error if the flags are wrong, 1 if
/// it cannot serve.
#[must_use]
pub fn run(args: EdgeArgs) -> ExitCode {
    let logging =
        telemetry::start(LogConfig { format: LogFormat::Json, level: LogLevel::Info, audit: false });
    let failure = match args.into_parts() {
        Ok(parts) => match actix_web::rt::System::new().block_on(serve_until_signal(parts)) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => (format!("the edge stopped: {error}"), 1),
        },
        Err(error) => (error.to_string(), 2),
    };
    drop(logging);
    // Standard error is the last resort: if it is closed too, the exit code still tells.
    let _ = writeln!(io::stderr(), "edgemint: {}", failure.0);
    ExitCode::from(failure.1)
}

#[derive(Debug, thiserror::Error)]
pub(super) enum EdgeCommandError {
    #[error(
        "cannot listen on {address:?}: {reason}; write an address and a port that is free, as in 127.0.0.1:8080"
    )]
    Listen { address: String, reason: io::Error },
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error(
        "cannot read the public key {file:?} of {id}: {reason}; give the file that was uploaded to CloudFront"
    )]
    ReadKey { file: PathBuf, id: KeyPairId, reason: io::Error },
    #[error("cannot trust {file:?} as {id}: {reason}")]
    Key { file: PathBuf, id: KeyPairId, reason: KeyError },
    #[error("--trust names {0} twice for the same path; give each key one id of its own")]
    TrustedTwice(KeyPairId),
    #[error("--trust is for the path pattern {0}, but no --protect has it; repeat that pattern exactly")]
    UnknownPattern(PathPattern),
    #[error(
        "nothing trusts --trust, because nothing is protected; add --protect, as in --protect '/podcasts/*'"
    )]
    NothingProtected,
    #[error("no key is trusted for {0}, so nobody could ever be let in; add --trust ID=PUBLIC.pem")]
    NothingTrusted(PathPattern),
    #[error(
        "the control plane has nothing to control, because nothing is protected; add --protect, as in --protect '/podcasts/*'"
    )]
    NothingToControl,
    #[error("cannot set the control plane up from --trust: {0}")]
    SetUp(#[from] Refusal),
}

/// What the flags come to.
struct Parts {
    edge: Edge,
    listener: TcpListener,
    control: Option<Control>,
}

pub(super) fn listen(address: &str) -> Result<TcpListener, EdgeCommandError> {
    TcpListener::bind(address)
        .map_err(|reason| EdgeCommandError::Listen { address: address.to_owned(), reason })
}

async fn serve_until_signal(parts: Parts) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let Serving { address, server } = serve(parts.edge, parts.listener)?;
    let mut greeting = format!("edge listening on http://{address}\n");
    let mut servers = vec![server];
    if let Some(control) = parts.control {
        let distribution = control.plane.distribution_id().to_owned();
        let control_plane = control::serve(control.plane, control.listener)?;
        greeting += &control.groups.greeting(control_plane.address, &distribution);
        servers.push(control_plane.server);
    }
    let handles: Vec<_> = servers.iter().map(actix_web::dev::Server::handle).collect();
    actix_web::rt::spawn(async move {
        select(Box::pin(terminate.recv()), Box::pin(interrupt.recv())).await;
        join_all(handles.iter().map(|handle| handle.stop(true))).await;
    });
    // A reader that is gone does not end the service.
    let _ = io::stdout().write_all(greeting.as_bytes());
    try_join_all(servers).await.map(drop)
}

impl EdgeArgs {
    fn into_parts(self) -> Result<Parts, EdgeCommandError> {
        let listener = listen(&self.listen)?;
        let origin = Origin::parse(&self.origin)?.answering_within(self.origin_timeout);
        let mut edge = Edge::new(origin).with_scheme(self.scheme);
        let setup =
            Setup::new(&self.origin, self.host.as_ref().map(ServedHost::as_str), OffsetDateTime::now_utc());
        let control = self.control.into_control(setup, &self.protect, &self.trust)?;
        match &control {
            Some(control) => edge = edge.controlled_by(&control.plane),
            None => {
                for behaviour in behaviours(self.protect, &self.trust)? {
                    edge = edge.protecting(behaviour);
                }
            }
        }
        if let Some(host) = self.host {
            edge = edge.named(host);
        }
        let edge = self.allow_origin.into_iter().fold(edge, Edge::allowing_origin);
        Ok(Parts { edge, listener, control })
    }
}
