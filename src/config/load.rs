use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use serde_spanned::Spanned;

use crate::keyring::{FileError, read_public};
use crate::mint::{Profile, Site};
use crate::session::ProviderSettings;
use crate::session::api_key::ApiKey;
use crate::session::own::OwnSettings;
use crate::session::ticket::TicketSettings;
use crate::telemetry::traces::TracesConfig;
use crate::telemetry::{LogConfig, LogFormat, LogLevel};

use super::access::{read_api_keys, read_ticket};
use super::audit::{AuditConfig, read_audit};
use super::fields::{Reader, one_of};
use super::grants::{self, MintConfig, read_mint};
use super::keyring::{KeyringConfig, read_keyring};
use super::metrics::read_metrics;
use super::misspelt;
use super::overlay::Override;
use super::problem::{Place, Problem, Problems};
use super::providers;
use super::raw::{Field, RawConfig, RawLog};
use super::rotation::{RotationConfig, read_rotation};
use super::secret::Vault;
use super::server::{self, Needs, ServerConfig};
use super::session::read_session;
use super::shape;
use super::sources::Sources;
use super::store::{StoreConfig, StorePlace, read_store};
use super::traces::read_traces;

/// No configuration comes near it.
const MAX_BYTES: u64 = 1 << 20;

/// What the configuration is made of besides the file; taken from the process by the caller.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The environment: settings (`EDGEMINT_SERVER__LISTEN`) and secrets that the file refers to.
    pub environment: Vec<(OsString, OsString)>,
    /// Settings given as flags; they win over the environment, and that over the file.
    pub flags: Vec<Override>,
    /// How many files the process may open at once (`RLIMIT_NOFILE`), if that is limited.
    pub descriptor_limit: Option<u64>,
    /// How many threads can run at once: so many serve unless told otherwise.
    pub cores: usize,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn of_process(flags: Vec<Override>) -> Self {
        let descriptor_limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        // Where the system does not tell, one serves.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { environment: std::env::vars_os().collect(), flags, descriptor_limit, cores }
    }
}

/// The configuration, checked: everything in it can be used as it is.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`.
    pub server: ServerConfig,
    /// `[log]`.
    pub log: LogConfig,
    /// `metrics.listen`, where metrics are asked for; without it, nowhere.
    pub metrics: Option<SocketAddr>,
    /// `[traces]`; without it, no spans are sent.
    pub traces: Option<TracesConfig>,
    /// `[keyring]`.
    pub keyring: KeyringConfig,
    /// `[mint]`.
    pub mint: MintConfig,
    /// `[[grants]]`: at least one, with different names and cookies that never meet.
    pub grants: Vec<Profile>,
    /// `[ticket]`, of which a verifier can be made. With it `provider` is absent.
    pub ticket: Option<TicketSettings>,
    /// `[store]`: where used tickets and revocations are remembered.
    pub store: StoreConfig,
    /// The section that says who is asking where `[ticket]` does not. Without either no browser is let in.
    pub provider: Option<ProviderSettings>,
    /// `[session]`: what a ticket starts; without it, tickets mint once and nothing can be renewed.
    pub session: Option<OwnSettings>,
    /// `[[api_keys]]`; without any the back-end API is closed. Browsers or back ends are let in, or both.
    pub api_keys: Vec<ApiKey>,
    /// `[audit]`.
    pub audit: AuditConfig,
    /// `[rotation]`, if keys are rotated with this configuration.
    pub rotation: Option<RotationConfig>,
    /// What is taken as it is, and most likely is a mistake: to be said at the start.
    pub doubts: Vec<Problem>,
}

impl Config {
    /// Reads a configuration file together with its surroundings.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong, each with its place and what to do. The parts that
    /// the syntax or an unknown name hides are judged once those are right.
    pub fn load(path: &Path, surroundings: Surroundings) -> Result<Self, Problems> {
        Self::parse(path, &text_at(path)?, surroundings)
    }

    /// The same for a text. `path` names it in problems, and file names in it that are relative
    /// start in the folder of `path`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(path: &Path, text: &str, surroundings: Surroundings) -> Result<Self, Problems> {
        let (config, doubts) =
            parse(path, text, surroundings, |raw, vault, needs, reader| read(raw, vault, &needs, reader))?;
        Ok(Self { doubts, ..config })
    }
}

impl Config {
    /// Whether somebody who was shut out could be let in again because the process was started again.
    #[must_use]
    pub fn forgets_revocations(&self) -> bool {
        let is_renewed = self.session.is_some() || self.provider.is_some();
        is_renewed && matches!(self.store.place, StorePlace::Memory)
    }
}

/// What `read` makes of a text that is a configuration as far as its syntax and its names go, and what is doubtful. It
/// returns `None` only if it noted a problem.
pub(super) fn parse<T>(
    path: &Path,
    text: &str,
    surroundings: Surroundings,
    read: impl FnOnce(RawConfig, Vault<'_>, Needs, &mut Reader<'_>) -> Option<T>,
) -> Result<(T, Vec<Problem>), Problems> {
    let (mut overrides, mut problems) = Override::from_environment(&surroundings.environment);
    let misspelt = misspelt::settings(&surroundings.environment, text);
    overrides.extend(surroundings.flags);
    Sources::number(text, &mut overrides);
    let mut sources = Sources::new(path.display().to_string(), text, &overrides);
    let raw = shape::read(text, &mut sources).map_err(|mut shape| {
        shape.append(&mut problems);
        Problems::new(shape)
    })?;
    let vault =
        Vault { folder: path.parent().unwrap_or(Path::new("")), environment: &surroundings.environment };
    let mut reader = Reader::new(sources);
    let Surroundings { descriptor_limit, cores, .. } = surroundings;
    let needs = Needs { app_origins: providers::is_any_configured(&raw), descriptor_limit, cores };
    let config = read(raw, vault, needs, &mut reader);
    let (mut wrong, mut doubts) = reader.into_problems();
    problems.append(&mut wrong);
    doubts.extend(misspelt);
    doubts.sort();
    match config {
        Some(config) if problems.is_empty() => Ok((config, doubts)),
        _ => Err(Problems::new(problems)),
    }
}

/// The text of the configuration file; or the problem that there is none.
pub(super) fn text_at(path: &Path) -> Result<String, Problems> {
    text_of(path).map_err(|reason| {
        let message = format!(
            "the configuration cannot be read: {reason}; name the file with --config or EDGEMINT_CONFIG"
        );
        let place = Place::File { name: path.display().to_string(), at: None };
        Problems::new(vec![Problem { place, setting: String::new(), message }])
    })
}

/// The text of the configuration file; or why there is none.
fn text_of(path: &Path) -> Result<String, String> {
    let bytes = read_public(path, MAX_BYTES).map_err(|error| match error {
        FileError::Missing { .. } => "there is no such file".to_owned(),
        FileError::NotRegular { found, .. } => format!("it is a {found}, and a regular file is wanted"),
        FileError::TooLarge { limit, .. } => format!("it is larger than {limit} bytes"),
        FileError::Read { source, .. } => source.to_string(),
        other => other.to_string(),
    })?;
    std::str::from_utf8(&bytes).map(str::to_owned).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// `None` only if a problem was noted.
fn read(raw: RawConfig, vault: Vault<'_>, needs: &Needs, reader: &mut Reader<'_>) -> Option<Config> {
    if !providers::is_any_configured(&raw)
        && raw.api_keys.as_ref().is_none_or(|keys| keys.get_ref().is_empty())
    {
        reader.missing(None, "ticket", "nobody could ask for cookies; add a [ticket] section (or another provider's) for browsers, [[api_keys]] for back ends, or both");
    }
    providers::refuse_second(&raw, reader);
    let public_url = raw.server.as_ref().and_then(|server| server.get_ref().public_url.as_ref());
    let public_url = public_url.map(Spanned::span);
    let server = server::read(raw.server, needs, reader);
    let mint = read_mint(raw.mint, reader);
    let site = server.as_ref().map(|server| site(server, &mint));
    let (audit, trace_secret) = read_audit(raw.audit, vault, reader);
    let bound = grants::first_bound(raw.grants.as_ref());
    let grants = grants::read(raw.grants, site, &trace_secret, reader);
    if let (Some(span), Some(server)) = (bound, &server) {
        server::doubt_bound(&span, server, reader);
    }
    if let (Some(span), Some(server)) = (public_url, &server) {
        server::doubt_public_url(&span, server, &grants, reader);
    }
    let session = read_session(raw.session, raw.ticket.is_some(), vault, reader);
    let store = read_store(raw.store, session.as_ref().map(|session| session.max_age), vault, reader);
    let ticket = read_ticket(raw.ticket, vault, reader);
    let header = providers::read_header(raw.header, reader);
    let jwt = providers::read_jwt(raw.jwt, vault, reader);
    let introspect = providers::read_introspect(raw.introspect, vault, reader);
    let redis = providers::read_redis(raw.redis, vault, reader);
    let provider = header
        .map(ProviderSettings::Header)
        .or(jwt.map(ProviderSettings::Jwt))
        .or(introspect.map(ProviderSettings::Introspect))
        .or(redis.map(|redis| ProviderSettings::Redis(Box::new(redis))));
    let api_keys = read_api_keys(raw.api_keys, vault, reader);
    let rotation = read_rotation(raw.rotation, &grants, reader);
    let log = read_log(raw.log, reader);
    let keyring = read_keyring(raw.keyring, vault.folder, reader);
    let metrics = read_metrics(raw.metrics, reader);
    let traces = read_traces(raw.traces, reader);
    Some(Config {
        server: server?,
        log,
        metrics,
        traces,
        keyring,
        mint,
        grants,
        ticket,
        store,
        provider,
        session,
        api_keys,
        audit,
        rotation,
        doubts: Vec::new(),
    })
}

/// Where grants are given out.
pub(super) fn site<'s>(server: &'s ServerConfig, mint: &MintConfig) -> Site<'s> {
    Site {
        public_host: server.public_url.host(),
        is_plain_http: server.public_url.is_plain_http(),
        expiry_step: mint.expiry_step,
    }
}

fn read_log(raw: Field<RawLog>, reader: &mut Reader<'_>) -> LogConfig {
    let raw = raw.map(Spanned::into_inner).unwrap_or_default();
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    let format = reader.optional(raw.format, one_of(&[("json", LogFormat::Json), ("text", LogFormat::Text)]));
    let level = reader.optional(raw.level, one_of(&levels));
    LogConfig { format: format.unwrap_or_default(), level: level.unwrap_or_default(), audit: true }
}
