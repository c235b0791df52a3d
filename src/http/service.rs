use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;
use arc_swap::ArcSwapOption;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::audit;
use super::browser::Pages;
use super::client_address::TrustedProxies;
use super::follow::KeyringStatus;
use super::hand_over::HandOver;
use super::in_time::in_time;
use super::meter::Words;
use super::problem::Problem;
use super::server::StartError;
use super::stores::Stores;
use crate::config::{Config, SubjectRule};
use crate::mint::{Minter, Profile};
use crate::session::api_key::ApiKeys;
use crate::session::own::{OwnSessions, OwnSettings};
use crate::session::return_url::ReturnUrls;
use crate::session::revocation::{Revocations, Revoked, StoreOutage};
use crate::session::ticket::TicketSettings;
use crate::session::{Provider, Session, SessionId};
use crate::telemetry::metrics::Metrics;

/// What all workers share.
pub struct Service {
    /// `None` until there is an active key.
    pub(super) minter: ArcSwapOption<Minter>,
    pub(super) keyring: KeyringStatus,
    pub(super) metrics: Arc<Metrics>,
    pub(super) words: Words,
    /// `None` if no web app hands listeners over by ticket.
    pub(super) hand_over: Option<HandOver>,
    /// Who says who a browser's listener is. `None` if nobody does: then nothing is renewed.
    pub(super) provider: Option<Provider>,
    pub(super) revocations: Revocations,
    /// Within so long whatever a session that has been left could be copied to has ended by itself.
    sessions_end_within: Duration,
    return_urls: Option<ReturnUrls>,
    pub(super) pages: Pages,
    /// `Set-Cookie` values that delete every cookie that is ever set.
    pub(super) removals: Vec<HeaderValue>,
    /// Within so many seconds all cookies end that have been minted.
    pub(super) longest_cookies: i64,
    pub(super) api_keys: ApiKeys,
    /// How the audit names subjects.
    pub(super) subjects: SubjectRule,
    /// Bytes of a request body.
    pub(super) max_body: usize,
    trusted_proxies: TrustedProxies,
    /// From a request's head to its answer.
    request_timeout: Duration,
    started: Instant,
}

impl Service {
    /// Puts the parts together that the configuration names.
    ///
    /// # Errors
    /// [`StartError`] of a provider; of the rest the configuration has none.
    pub(super) fn new(
        config: Config,
        minter: Option<Minter>,
        keyring: KeyringStatus,
        metrics: Arc<Metrics>,
        words: Words,
    ) -> Result<Self, StartError> {
        let Config { server, ticket, session, provider, store, api_keys, grants, mint, audit, .. } = config;
        let Stores { replay, revocations } = Stores::open(&store, now())?;
        // Without sessions of our own there is only another ticket of the same name, which nobody has used yet.
        let sessions_end_within =
            session.as_ref().map_or(TicketSettings::ALL_END_WITHIN, OwnSettings::all_end_within);
        let claims = || grants.iter().flat_map(Profile::claims).map(str::to_owned).collect();
        // Tickets are one provider's, which only with sessions can be asked again, and `provider` is another's.
        let own = session.map(|session| Provider::Own(OwnSessions::new(session, claims())));
        let provider = own.map_or_else(|| provider.map(Provider::new).transpose(), |own| Ok(Some(own)))?;
        let lifetimes = grants.iter().map(Profile::ttl).max().unwrap_or_default() + mint.expiry_step;
        let stores = metrics.stores().clone();
        let hand_over = ticket.map(|tickets| HandOver::new(tickets, replay, stores)).transpose()?;
        let keys = hand_over.as_ref().and_then(HandOver::failures).map(|failures| ("jwks", failures));
        for (upstream, failures) in keys.into_iter().chain(provider.as_ref().and_then(Provider::upstream)) {
            metrics.upstreams().watch(upstream, move || failures.count());
        }
        Ok(Self {
            minter: ArcSwapOption::new(minter.map(Arc::new)),
            keyring,
            hand_over,
            metrics,
            words,
            provider,
            revocations,
            sessions_end_within,
            return_urls: server.return_urls,
            pages: Pages::new(&server.app_origins),
            removals: removals(&grants),
            longest_cookies: i64::try_from(lifetimes.as_secs()).unwrap_or(i64::MAX),
            api_keys: api_keys.into(),
            subjects: audit.subject,
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

    /// Where a browser may go on.
    pub(super) fn return_url(&self, asked: Option<&str>) -> Result<String, Problem> {
        // A browser's provider and the app's origins are configured together.
        let return_urls = self.return_urls.as_ref().ok_or(Problem::SessionsOff)?;
        return_urls.accept(asked).map_err(Problem::ReturnUrl)
    }

    /// The session that a request presents, unless it was revoked.
    ///
    /// # Errors
    /// [`Problem`]: one code for everything that proves nothing, another where it cannot be told in time.
    pub(super) async fn identify(
        &self,
        request: &HttpRequest,
        now: i64,
        deadline: Instant,
    ) -> Result<Session, Problem> {
        let provider = self.provider.as_ref().ok_or(Problem::SessionsOff)?;
        let identified = in_time(deadline, pin!(provider.identify(request, now))).await;
        let session = identified.ok_or(Problem::SessionSlow)?.map_err(Problem::Session)?;
        audit::identified(request, &self.subjects, provider.name(), &session);
        match self.refuses(&session, now, deadline).await? {
            true => Err(Problem::SessionRevoked),
            false => Ok(session),
        }
    }

    /// Whether a session, or who it belongs to, was shut out after it began.
    pub(super) async fn refuses(
        &self,
        session: &Session,
        now: i64,
        deadline: Instant,
    ) -> Result<bool, Problem> {
        let refuses = in_time(deadline, pin!(self.revocations.refuses(session, now))).await;
        self.answered_by_store(refuses)
    }

    /// Shuts out what began at the second `reached` or before.
    pub(super) async fn revoke(
        &self,
        revoked: &Revoked,
        reached: i64,
        deadline: Instant,
    ) -> Result<(), Problem> {
        let written = in_time(deadline, pin!(self.revocations.revoke(revoked, reached))).await;
        self.answered_by_store(written)
    }

    /// Ends a session, and every copy of it.
    pub(super) async fn end(&self, id: &SessionId, started: i64, deadline: Instant) -> Result<(), Problem> {
        let ended = self.revocations.end(id, started, self.sessions_end_within);
        self.answered_by_store(in_time(deadline, pin!(ended)).await)
    }

    /// What the store of revocations has answered, if it has.
    fn answered_by_store<T>(&self, answer: Option<Result<T, StoreOutage>>) -> Result<T, Problem> {
        let answer = answer.map_or(Err(Problem::StoreSlow), |answer| answer.map_err(Problem::from));
        answer.inspect_err(|_| _ = self.metrics.stores().revocation_errors.inc())
    }

    /// The sessions that tickets start.
    pub(super) fn own(&self) -> Option<&OwnSessions> {
        self.provider.as_ref().and_then(Provider::own)
    }

    /// The first second at which a session has ended that is renewed now, and never again.
    pub(super) fn session_end(&self, session: &Session, now: i64) -> Option<i64> {
        self.own().and_then(|own| own.renewed_end(session, now)).or(session.until)
    }

    /// The listener's address, for grants that are bound to it.
    pub(super) fn client(&self, request: &HttpRequest) -> Option<std::net::IpAddr> {
        self.trusted_proxies.client(request.peer_addr()?.ip(), request.headers())
    }

    /// Whether a request comes from a proxy that is believed.
    pub(super) fn is_by_proxy(&self, request: &HttpRequest) -> bool {
        request.peer_addr().is_some_and(|peer| self.trusted_proxies.contain(peer.ip()))
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

fn removals(grants: &[Profile]) -> Vec<HeaderValue> {
    let minted = grants.iter().flat_map(|grant| grant.cookies().removal_headers());
    let all = minted.chain([OwnSessions::REMOVAL.to_owned()]);
    all.map(|value| HeaderValue::try_from(value).expect("a cookie is made of visible ASCII")).collect()
}

/// Epoch seconds. The only place where serving reads the clock for expiries.
pub(super) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}
