use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use arc_swap::ArcSwapOption;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::client_address::TrustedProxies;
use super::problem::Problem;
use super::request_id::RequestId;
use crate::config::Config;
use crate::mint::{Asker, Minter, Prepared};
use crate::session::api_key::ApiKeys;
use crate::session::replay::ReplayStore;
use crate::session::return_url::ReturnUrls;
use crate::session::ticket::{EarlierTickets, TicketSettings, TicketSettingsError, TicketVerifier};

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
    request_timeout: Duration,
    started: Instant,
}

/// What `/enter` needs.
pub(super) struct HandOver {
    pub(super) tickets: TicketVerifier,
    /// What the process before this one may have used up.
    pub(super) earlier: EarlierTickets,
    pub(super) replay: ReplayStore,
    pub(super) return_urls: ReturnUrls,
}

impl Service {
    /// Puts the parts together that the configuration names.
    ///
    /// # Errors
    /// [`TicketSettingsError`], of which the configuration has none.
    pub(super) fn new(config: Config, minter: Option<Minter>) -> Result<Self, TicketSettingsError> {
        let Config { server, ticket, api_keys, .. } = config;
        let hand_over = ticket.zip(server.return_urls);
        let hand_over =
            hand_over.map(|(tickets, return_urls)| HandOver::new(tickets, return_urls)).transpose()?;
        Ok(Self {
            minter: ArcSwapOption::new(minter.map(Arc::new)),
            hand_over,
            api_keys: api_keys.into(),
            trusted_proxies: server.trusted_proxies.into(),
            max_body: server.max_body,
            request_timeout: server.request_timeout,
            started: Instant::now(),
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

    /// Until when a request that begins now is to be answered, its body's arrival included.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.request_timeout
    }

    /// How long the service has run, by a clock that is never set.
    pub(super) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}

impl HandOver {
    fn new(tickets: TicketSettings, return_urls: ReturnUrls) -> Result<Self, TicketSettingsError> {
        Ok(Self {
            earlier: EarlierTickets::before(now(), &tickets),
            tickets: TicketVerifier::new(tickets)?,
            replay: ReplayStore::in_memory(ReplayStore::DEFAULT_CAPACITY),
            return_urls,
        })
    }
}

/// Epoch seconds. The only place where serving reads the clock for expiries.
pub(super) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// Every grant that this listener can be given. A grant that cannot be (bound to an address that
/// CloudFront has no condition for, a claim that is missing) is left out.
pub(super) fn prepare_all<'m>(
    minter: &'m Minter,
    asker: &Asker<'_>,
    now: i64,
    id: Option<&RequestId>,
) -> Result<Vec<Prepared<'m>>, Problem> {
    let (mut prepared, mut refused) = (Vec::new(), None);
    for (index, profile) in minter.profiles().iter().enumerate() {
        match minter.prepare(index, asker, now) {
            Ok(grant) => prepared.push(grant),
            Err(error) => {
                tracing::debug!(request_id = id.map(RequestId::as_str), grant = profile.name(), reason = %error, "grant left out");
                refused = refused.or(Some(error));
            }
        }
    }
    match (prepared.is_empty(), refused) {
        (false, _) => Ok(prepared),
        (true, reason) => Err(Problem::NoGrant(reason)),
    }
}
