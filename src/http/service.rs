use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use arc_swap::ArcSwapOption;
use time::OffsetDateTime;

use super::client_address::TrustedProxies;
use super::problem::Problem;
use crate::config::{Config, ServerConfig, TicketConfig};
use crate::mint::{Asker, Minted, Minter, Prepared};
use crate::session::api_key::ApiKeys;
use crate::session::replay::ReplayStore;
use crate::session::return_url::{AppOrigin, AppOriginError, ReturnUrls, ReturnUrlsError};
use crate::session::ticket::{
    TicketKey, TicketKeyError, TicketSettings, TicketSettingsError, TicketVerifier,
};

/// What all workers share.
pub struct Service {
    /// `None` until there is an active key.
    pub(super) minter: ArcSwapOption<Minter>,
    /// `None` if no web app hands listeners over by ticket.
    pub(super) hand_over: Option<HandOver>,
    pub(super) api_keys: ApiKeys,
    /// Bytes of a request body.
    pub(super) max_body: usize,
    trusted_proxies: TrustedProxies,
    /// From a request's head to its answer.
    deadline: Duration,
}

/// What `/enter` needs.
pub(super) struct HandOver {
    pub(super) tickets: TicketVerifier,
    pub(super) replay: ReplayStore,
    pub(super) return_urls: ReturnUrls,
}

/// A setting that only the provider itself can judge.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A ticket key.
    #[error("ticket key {index}: {reason}")]
    TicketKey {
        /// Its place in the configuration, from 1.
        index: usize,
        /// What is wrong with it.
        reason: TicketKeyError,
    },
    /// The keys together.
    #[error(transparent)]
    Tickets(#[from] TicketSettingsError),
    /// An application origin.
    #[error(transparent)]
    Origin(#[from] AppOriginError),
    /// The default return URL.
    #[error(transparent)]
    ReturnUrls(#[from] ReturnUrlsError),
}

impl Service {
    /// Puts the parts together that the configuration names.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub(super) fn new(config: Config, minter: Option<Minter>) -> Result<Self, SettingsError> {
        let Config { server, ticket, api_keys, .. } = config;
        let hand_over = ticket.map(|ticket| HandOver::new(ticket, &server)).transpose()?;
        Ok(Self {
            minter: ArcSwapOption::new(minter.map(Arc::new)),
            hand_over,
            api_keys: api_keys.into(),
            trusted_proxies: server.trusted_proxies.into(),
            max_body: server.max_body,
            deadline: server.request_timeout,
        })
    }

    /// The minter of this moment; a request uses one from beginning to end.
    pub(super) fn minter(&self) -> Result<Arc<Minter>, Problem> {
        self.minter.load_full().ok_or(Problem::NoActiveKey)
    }

    /// The listener's address, for grants that are bound to it.
    pub(super) fn client(&self, request: &HttpRequest) -> Option<std::net::IpAddr> {
        self.trusted_proxies.client(request.peer_addr()?.ip(), request.headers())
    }

    /// Bounds the time that a route takes, its body's arrival included.
    pub(super) async fn in_time<T>(
        &self,
        route: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        tokio::time::timeout(self.deadline, route).await.unwrap_or(Err(Problem::Timeout))
    }
}

impl HandOver {
    fn new(tickets: TicketConfig, server: &ServerConfig) -> Result<Self, SettingsError> {
        let origins = server.app_origins.iter().map(|origin| AppOrigin::parse(&origin.to_string()));
        Ok(Self {
            tickets: verifier(tickets)?,
            replay: ReplayStore::in_memory(ReplayStore::DEFAULT_CAPACITY),
            return_urls: ReturnUrls::new(origins.collect::<Result<_, _>>()?, &server.default_return)?,
        })
    }
}

fn verifier(config: TicketConfig) -> Result<TicketVerifier, SettingsError> {
    let mut keys = Vec::new();
    for (index, key) in config.keys.into_iter().enumerate() {
        let algorithm = key.algorithm.as_str().parse().expect("the same four names");
        let key = TicketKey::new(key.id, algorithm, key.material.expose().as_bytes());
        keys.push(key.map_err(|reason| SettingsError::TicketKey { index: index + 1, reason })?);
    }
    let mut settings = TicketSettings::new(config.issuer, config.audience, keys);
    settings.max_lifetime = config.max_lifetime;
    settings.leeway = config.leeway;
    Ok(TicketVerifier::new(settings)?)
}

/// Epoch seconds. The only place where serving reads the clock for expiries.
pub(super) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// Every grant that this listener can be given. A grant that cannot be (bound to an address that
/// CloudFront has no condition for, a claim that is missing) is left out.
pub(super) fn prepare_all(minter: &Minter, asker: &Asker<'_>, now: i64) -> Result<Vec<Prepared>, Problem> {
    let (mut prepared, mut refused) = (Vec::new(), None);
    for index in 0..minter.profiles().len() {
        match minter.prepare(index, asker, now) {
            Ok(grant) => prepared.push(grant),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    match (prepared.is_empty(), refused) {
        (false, _) => Ok(prepared),
        (true, reason) => Err(Problem::NoGrant(reason)),
    }
}

/// Signs what was prepared, in its order.
pub(super) async fn issue_all(minter: &Minter, prepared: Vec<Prepared>) -> Result<Vec<Arc<Minted>>, Problem> {
    let mut minted = Vec::with_capacity(prepared.len());
    for grant in prepared {
        minted.push(minter.issue(grant).await?);
    }
    Ok(minted)
}
