//! `[server]`: where edgemint listens, where browsers find it, and what a request may cost.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use ipnet::IpNet;
use serde_spanned::Spanned;

use crate::mint::Profile;
use crate::session::return_url::ReturnUrls;
use crate::session::{Origin, Peers};

use super::fields::{Reader, duration_in, number_in, whole_seconds_in};
use super::raw::{Field, RawServer};

/// Connections at once, unless told otherwise or the descriptor limit is lower.
const DEFAULT_MAX_CONNECTIONS: usize = 1024;

/// Threads that serve, as many as actix takes.
const MAX_WORKERS: usize = 512;

/// Descriptors that are not connections of listeners, whatever the number of workers: standard streams, listeners,
/// signals, connections to other services, those for metrics, and the keyring as it is watched and looked at. An idle
/// service holds 26 with metrics, and some ten more for a moment.
const RESERVED_DESCRIPTORS: usize = 48;

const RAISE: &str = "raise the limit (ulimit -n, or LimitNOFILE= in a systemd unit)";

/// What a worker holds besides connections: its event queue and what wakes it.
const DESCRIPTORS_OF_WORKER: usize = 4;

/// `[server]`.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where browsers reach edgemint.
    pub public_url: Origin,
    /// Comes before every path; empty, or begins with a slash and ends without.
    pub base_path: String,
    /// The web app's origins. Never empty if browsers are let in.
    pub app_origins: Vec<Origin>,
    /// Where browsers may be sent back to: at one of `app_origins`. `None` if there are none.
    pub return_urls: Option<ReturnUrls>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Threads that serve; one per core if not configured.
    pub workers: usize,
    /// Connections at once, of all workers together: at least one for each, and below the descriptor
    /// limit. Each worker takes the same number of them, rounded down.
    pub max_connections: usize,
    /// Longest request body, bytes.
    pub max_body: usize,
    /// To receive a request's head.
    pub head_timeout: Duration,
    /// To answer a whole request.
    pub request_timeout: Duration,
    /// An idle connection is closed after it.
    pub keep_alive: Duration,
    /// To finish running requests after SIGTERM; whole seconds.
    pub shutdown_timeout: Duration,
}

/// What `[server]` is read with.
pub(super) struct Needs {
    /// Whether browsers are let in, by whatever provider.
    pub(super) app_origins: bool,
    /// How many files the process may open.
    pub(super) descriptor_limit: Option<u64>,
    /// How many threads serve unless told otherwise.
    pub(super) cores: usize,
}

pub(super) fn read(raw: Field<RawServer>, needs: &Needs, reader: &mut Reader<'_>) -> Option<ServerConfig> {
    let section = raw.as_ref().map(Spanned::span);
    let raw = raw.map(Spanned::into_inner).unwrap_or_default();
    let seconds = Duration::from_secs;
    let mut timeout = |field, default, most| {
        let read = reader.optional(field, duration_in(Duration::from_millis(100), seconds(most)));
        read.unwrap_or(seconds(default))
    };
    let head_timeout = timeout(raw.head_timeout, 5, 60);
    let request_timeout = timeout(raw.request_timeout, 10, 300);
    let keep_alive = timeout(raw.keep_alive, 15, 3600);
    let shutdown_timeout = whole_seconds_in(seconds(1), seconds(3600), "a server that stops");
    let shutdown_timeout = reader.optional(raw.shutdown_timeout, shutdown_timeout).unwrap_or(seconds(30));
    let public_url = (
        section.as_ref(),
        "server.public_url",
        "say where browsers reach edgemint, such as \"https://listen.example.com\"",
    );
    let public_url = reader.required(public_url, raw.public_url, |text: String| Origin::parse(&text));
    let listen = reader.optional(raw.listen, |text| listen_address(&text));
    let base_path = reader.optional(raw.base_path, base_path).unwrap_or_default();
    let app_origins = app_origins(raw.app_origins, section.as_ref(), needs, reader);
    let return_urls = return_urls(raw.default_return, app_origins.as_deref(), reader);
    let trusted_proxies = reader.items(raw.trusted_proxies, |text| proxy(&text));
    let capacity = capacity(raw.workers, raw.max_connections, section.as_ref(), needs, reader);
    let max_body = reader.optional(raw.max_body, number_in(1024..=1_048_576));
    // Only here, where all of it has been read, may what is missing end the reading.
    let (workers, max_connections) = capacity?;
    Some(ServerConfig {
        listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
        public_url: public_url?,
        base_path,
        app_origins: app_origins?,
        return_urls,
        trusted_proxies,
        workers,
        max_connections,
        max_body: max_body.unwrap_or(8192),
        head_timeout,
        request_timeout,
        keep_alive,
        shutdown_timeout,
    })
}

pub(super) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is not an address with a port; write one such as \"127.0.0.1:8080\", \"0.0.0.0:8080\" or \"[::]:8080\"")
    })
}

fn base_path(text: String) -> Result<String, String> {
    let segment = |segment: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(plain)
    };
    match text.strip_prefix('/') {
        Some(rest) if rest.split('/').all(segment) => Ok(text),
        None if text.is_empty() => Ok(text),
        _ => Err(format!(
            "{text:?} is not a base path; write one such as \"/edgemint\", without a slash at the end, or \"\""
        )),
    }
}

/// `None` if something is wrong with them.
fn app_origins(
    field: Field<Vec<Spanned<String>>>,
    section: Option<&Range<usize>>,
    needs: &Needs,
    reader: &mut Reader<'_>,
) -> Option<Vec<Origin>> {
    let remedy = "browsers are let in, so list the web app's origins, such as [\"https://www.example.com\"]";
    let Some(field) = field else {
        if needs.app_origins {
            reader.missing(section, "server.app_origins", remedy);
        }
        return (!needs.app_origins).then(Vec::new);
    };
    let (span, wanted) = (field.span(), field.get_ref().len());
    if wanted == 0 && needs.app_origins {
        reader.wrong(&span, format!("it is empty; {remedy}"));
        return None;
    }
    let origins = reader.items(Some(field), |text| Origin::parse(&text));
    (origins.len() == wanted).then_some(origins)
}

/// `app_origins` is absent if one of them is wrong; then what is at one of them cannot be told.
fn return_urls(
    default: Field<String>,
    app_origins: Option<&[Origin]>,
    reader: &mut Reader<'_>,
) -> Option<ReturnUrls> {
    let origins = app_origins?;
    match default {
        Some(default) => reader.optional(Some(default), |text| ReturnUrls::new(origins.to_vec(), &text)),
        // Without origins there is nowhere to go, which was noted if somewhere is needed.
        None => ReturnUrls::new(origins.to_vec(), "/").ok(),
    }
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| address())
        .map_err(|_| format!("{text:?} is not an address or a network; write one such as \"10.0.0.0/8\""))
}

/// Each trusted proxy vouches for who is left of it in `X-Forwarded-For`, and who is one is no listener.
fn proxy(text: &str) -> Result<IpNet, String> {
    match network(text)? {
        everybody if Peers::is_everybody(everybody) => Err(format!(
            "{text:?} is everybody: then each listener is taken for a proxy, and no request has a listener's address; \
             write the addresses of the proxies alone"
        )),
        network => Ok(network),
    }
}

/// Notes that addresses which cookies are bound to will be a proxy's: edgemint speaks no TLS, so behind an https URL
/// somebody else connects to it.
pub(super) fn doubt_bound(bound: &Range<usize>, server: &ServerConfig, reader: &mut Reader<'_>) {
    if server.trusted_proxies.is_empty() && !server.public_url.is_plain_http() {
        reader.doubtful(
            bound,
            "cookies will be bound to the address that connects, which is that of what terminates TLS and no listener's; \
             name it in server.trusted_proxies, and have it set X-Forwarded-For",
        );
    }
}

/// Notes that edgemint and a CDN would answer for the same paths of one host.
pub(super) fn doubt_public_url(
    public_url: &Range<usize>,
    server: &ServerConfig,
    grants: &[Profile],
    reader: &mut Reader<'_>,
) {
    let host = server.public_url.host();
    let is_shared = grants.iter().any(|grant| grant.resource().host() == host);
    if is_shared && server.base_path.is_empty() && !server.public_url.is_plain_http() {
        reader.doubtful(
            public_url,
            "this is the CDN's host, which would have to send /enter, /renew and every other path of edgemint's here; \
             give edgemint a host of its own, or a server.base_path that one behaviour sends here",
        );
    }
}

/// The number of workers, and of connections; `None` if something is wrong with them. What is wrong
/// with the workers comes first: how many connections there can be depends on it.
fn capacity(
    workers: Field<i64>,
    connections: Field<i64>,
    section: Option<&Range<usize>>,
    needs: &Needs,
    reader: &mut Reader<'_>,
) -> Option<(usize, usize)> {
    let place = workers.as_ref().map(Spanned::span).or_else(|| section.cloned())?;
    let workers = match workers {
        Some(workers) => reader.optional(Some(workers), number_in(1..=MAX_WORKERS))?,
        None => needs.cores.clamp(1, MAX_WORKERS),
    };
    let limit =
        needs.descriptor_limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let reserved = RESERVED_DESCRIPTORS + DESCRIPTORS_OF_WORKER * workers;
    let room = limit.saturating_sub(reserved);
    if room < workers {
        let message = format!(
            "{workers} workers need a limit of at least {} open files, and it is {limit}; set workers lower, or {RAISE}",
            reserved + workers
        );
        reader.wrong(&place, message);
        return None;
    }
    let fits = |wanted: i64| match number_in(1..=1_000_000)(wanted)? {
        wanted if wanted < workers => {
            Err(format!("{wanted} is less than one for each of {workers} workers; write at least {workers}"))
        }
        wanted if wanted > room => Err(format!(
            "{wanted} does not fit below the limit of {limit} open files ({reserved} are kept for {workers} workers and \
             other things); write at most {room}, or {RAISE}"
        )),
        wanted => Ok(wanted),
    };
    let default = DEFAULT_MAX_CONNECTIONS.min(room);
    Some((workers, reader.optional(connections, fits).unwrap_or(default)))
}
