//! `edgemint edge`: the local double of CloudFront.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::cloudfront::{KeyError, KeyPairId, PublicKey, TrustedKeys};
use crate::edge::{
    AllowedOrigin, Behaviour, Edge, Origin, OriginError, PathPattern, ServedHost, Serving, ViewerScheme,
    serve,
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
    /// Public key that protected paths trust, and its id. Before a colon, one of the patterns: then for that one only
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
}

/// One `--trust`.
#[derive(Clone, Debug)]
struct Trust {
    /// `None`: every protected path.
    pattern: Option<PathPattern>,
    id: KeyPairId,
    file: PathBuf,
}

/// Serves until SIGTERM or SIGINT. Exit code 2 with one sentence on standard error if the flags are wrong, 1 if
/// it cannot serve.
#[must_use]
pub fn run(args: EdgeArgs) -> ExitCode {
    let logging =
        telemetry::start(LogConfig { format: LogFormat::Json, level: LogLevel::Info, audit: false });
    let result = listen(&args.listen).and_then(|listener| Ok((listener, args.into_edge()?)));
    let failure = match result {
        Ok((listener, edge)) => {
            match actix_web::rt::System::new().block_on(serve_until_signal(edge, listener)) {
                Ok(()) => return ExitCode::SUCCESS,
                Err(error) => (format!("the edge stopped: {error}"), 1),
            }
        }
        Err(error) => (error.to_string(), 2),
    };
    drop(logging);
    // Standard error is the last resort: if it is closed too, the exit code still tells.
    let _ = writeln!(io::stderr(), "edgemint: {}", failure.0);
    ExitCode::from(failure.1)
}

#[derive(Debug, thiserror::Error)]
enum EdgeCommandError {
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
}

fn listen(address: &str) -> Result<TcpListener, EdgeCommandError> {
    TcpListener::bind(address)
        .map_err(|reason| EdgeCommandError::Listen { address: address.to_owned(), reason })
}

async fn serve_until_signal(edge: Edge, listener: TcpListener) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let Serving { address, server } = serve(edge, listener)?;
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        futures_util::future::select(Box::pin(terminate.recv()), Box::pin(interrupt.recv())).await;
        handle.stop(true).await;
    });
    // A reader that is gone does not end the service.
    let _ = writeln!(io::stdout(), "edge listening on http://{address}");
    server.await
}

impl EdgeArgs {
    fn into_edge(self) -> Result<Edge, EdgeCommandError> {
        let origin = Origin::parse(&self.origin)?.answering_within(self.origin_timeout);
        let mut edge = Edge::new(origin).with_scheme(self.scheme);
        for behaviour in behaviours(self.protect, &self.trust)? {
            edge = edge.protecting(behaviour);
        }
        if let Some(host) = self.host {
            edge = edge.named(host);
        }
        Ok(self.allow_origin.into_iter().fold(edge, Edge::allowing_origin))
    }
}

fn behaviours(protect: Vec<PathPattern>, trust: &[Trust]) -> Result<Vec<Behaviour>, EdgeCommandError> {
    if protect.is_empty() && !trust.is_empty() {
        return Err(EdgeCommandError::NothingProtected);
    }
    if let Some(pattern) =
        trust.iter().filter_map(|t| t.pattern.as_ref()).find(|pattern| !protect.contains(pattern))
    {
        return Err(EdgeCommandError::UnknownPattern(pattern.clone()));
    }
    protect.into_iter().map(|pattern| behaviour(pattern, trust)).collect()
}

fn behaviour(pattern: PathPattern, trust: &[Trust]) -> Result<Behaviour, EdgeCommandError> {
    let mut keys = BTreeMap::new();
    for trust in trust.iter().filter(|trust| trust.pattern.as_ref().is_none_or(|own| *own == pattern)) {
        if keys.insert(trust.id.clone(), trust.read()?).is_some() {
            return Err(EdgeCommandError::TrustedTwice(trust.id.clone()));
        }
    }
    if keys.is_empty() {
        return Err(EdgeCommandError::NothingTrusted(pattern));
    }
    Ok(Behaviour::new(pattern, keys.into_iter().collect::<TrustedKeys>()))
}

impl Trust {
    fn read(&self) -> Result<PublicKey, EdgeCommandError> {
        let (file, id) = (self.file.clone(), self.id.clone());
        match std::fs::read(&file) {
            Ok(pem) => PublicKey::from_pem(&pem).map_err(|reason| EdgeCommandError::Key { file, id, reason }),
            Err(reason) => Err(EdgeCommandError::ReadKey { file, id, reason }),
        }
    }
}

impl FromStr for Trust {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Neither a pattern nor an id has a `=`; a file name may.
        let Some((name, file)) = text.split_once('=').filter(|(_, file)| !file.is_empty()) else {
            return Err(
                "write the id and the file of a public key, as in K2JCJMDEHXQW5F=public.pem".to_owned()
            );
        };
        let (pattern, id) = match name.rsplit_once(':') {
            Some((pattern, id)) => {
                (Some(pattern.parse::<PathPattern>().map_err(|error| error.to_string())?), id)
            }
            None => (None, name),
        };
        let id = id.parse::<KeyPairId>().map_err(|error| error.to_string())?;
        Ok(Self { pattern, id, file: file.into() })
    }
}
