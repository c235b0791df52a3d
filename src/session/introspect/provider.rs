//! Asks the app, and remembers a yes for a moment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info_span};

use super::credential::{Credential, CredentialPlace};
use super::settings::{IntrospectMethod, IntrospectSettings};
use crate::session::outbound::{Answer, Client, ClientError, Outage, send};
use crate::session::record::{Pointer, RecordFields};
use crate::session::strict_json::parse_object;
use crate::session::{Failures, Presented, ProviderRefusal, Session, SessionId};

/// Bytes of answers that are remembered at one time: those of 16,000 listeners if they are short.
const CACHED: u64 = 16 * 1024 * 1024;

/// What an answer takes besides its text.
const OVERHEAD: usize = 512;

/// What says that nobody is logged in.
const NOS: [StatusCode; 3] = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];

/// Asks the web app who is asking.
#[derive(Debug)]
pub struct IntrospectProvider {
    credential: CredentialPlace,
    app: Arc<App>,
    cache: Cache<[u8; 32], Known>,
    /// Where requests are made, so that none ends with the worker that began it.
    runtime: Handle,
}

/// The app, as far as it can be asked.
#[derive(Debug)]
struct App {
    client: Client,
    method: Method,
    answer: RecordFields,
    session: Option<Pointer>,
    cache: Duration,
    places: Arc<Semaphore>,
    failures: Failures,
}

/// A yes.
#[derive(Clone, Debug)]
struct Known {
    session: Session,
    /// For how long it is remembered.
    lives: Duration,
    /// The size of the answer, in bytes.
    size: u32,
}

struct Lives;

impl Expiry<[u8; 32], Known> for Lives {
    fn expire_after_create(&self, _: &[u8; 32], known: &Known, _: Instant) -> Option<Duration> {
        Some(known.lives)
    }
}

impl IntrospectProvider {
    /// A provider with `settings`. Call it within the runtime that lives as long as the service: requests are made
    /// there.
    ///
    /// # Errors
    /// [`ClientError`] if no requests can be made over TLS.
    pub fn new(settings: IntrospectSettings) -> Result<Self, ClientError> {
        let method = match settings.method {
            IntrospectMethod::Get => Method::GET,
            IntrospectMethod::Post => Method::POST,
        };
        let app = App {
            client: Client::new(settings.url, settings.authorities)?,
            method,
            answer: settings.answer,
            session: settings.session,
            cache: settings.cache,
            places: Arc::new(Semaphore::new(settings.max_requests)),
            failures: Failures::default(),
        };
        Ok(Self {
            credential: settings.credential,
            app: Arc::new(app),
            cache: Cache::builder()
                .max_capacity(CACHED)
                .weigher(|_, known: &Known| known.size)
                .expire_after(Lives)
                .build(),
            runtime: Handle::current(),
        })
    }

    /// Requests to the app that failed.
    pub(in crate::session) fn failures(&self) -> Failures {
        self.app.failures.clone()
    }

    /// The session that the app says the credential of a request is of. Requests that present the same credential
    /// wait for one answer.
    pub(in crate::session) async fn identify(
        &self,
        presented: &dyn Presented,
        now: i64,
    ) -> Result<Session, ProviderRefusal> {
        let credential = self.credential.of(presented)?;
        let known = self.cache.try_get_with(credential.hash, async {
            let place = self.app.places.clone().try_acquire_owned();
            let place =
                place.map_err(|_| unavailable("as many requests to the app are under way as may be"))?;
            let app = self.app.clone();
            let span = app.span();
            let onward = span.in_scope(|| presented.onward());
            let asking = async move {
                let _place = place;
                // Here, where it is seen also if nobody waits any longer.
                let answer = app.ask(credential, onward).await;
                if answer.is_err() {
                    app.failures.note();
                }
                answer
            };
            let asked = self.runtime.spawn(asking.instrument(span));
            let answer = asked.await.unwrap_or_else(|_| Err(unavailable("asking the app broke off")))?;
            // Here and not there: a fault that an answer meets with breaks off one request, and ends no other thread.
            let known = self.app.understand(&answer, now);
            if let Err(ProviderRefusal::Unavailable(_)) = known {
                self.app.failures.note();
            }
            known
        });
        let Known { session, .. } = known.await.map_err(|refusal| ProviderRefusal::clone(&refusal))?;
        match session.until.is_some_and(|until| until <= now) {
            true => Err(ProviderRefusal::Refused("expired")),
            false => Ok(session),
        }
    }
}

impl App {
    fn span(&self) -> Span {
        info_span!(
            "introspect",
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = self.method.as_str(),
            http.response.status_code = Empty,
            error.type = Empty,
        )
    }

    async fn ask(
        &self,
        credential: Credential,
        onward: Vec<(&'static str, String)>,
    ) -> Result<Answer, ProviderRefusal> {
        let mut request = self.client.request(self.method.clone()).header(credential.name, credential.value);
        for (name, value) in onward {
            request = request.header(name, value);
        }
        let answer = send(request).await;
        match &answer {
            Ok(answer) => note_status(answer.status),
            Err(outage) => note_error(outage.code()),
        }
        answer.map_err(|outage| outage_of(&outage))
    }

    fn understand(&self, answer: &Answer, now: i64) -> Result<Known, ProviderRefusal> {
        let session = match answer.status {
            StatusCode::OK => self.session_in(&answer.body, now)?,
            no if NOS.contains(&no) => return Err(ProviderRefusal::Refused("not_active")),
            other => return Err(outage_of(&Outage::status(other))),
        };
        // What has ended is not remembered.
        let left = session.until.map(|until| Duration::from_secs(u64::try_from(until - now).unwrap_or(0)));
        let lives = left.map_or(self.cache, |left| left.min(self.cache));
        let size = u32::try_from(answer.body.len() + OVERHEAD).unwrap_or(u32::MAX);
        Ok(Known { session, lives, size })
    }

    fn session_in(&self, body: &[u8], now: i64) -> Result<Session, ProviderRefusal> {
        // How some frameworks say that nobody is logged in.
        if body.trim_ascii() == b"null" {
            return Err(ProviderRefusal::Refused("no_subject"));
        }
        let answer = parse_object(body)
            .map_err(|_| outage_of(&Outage::Malformed("one JSON object without duplicate members")))?;
        let answer = Value::Object(answer);
        let session = self.answer.find_in(&answer, now).map_err(ProviderRefusal::Refused)?;
        let name = self.session.as_ref().and_then(|pointer| pointer.find(&answer));
        let id = match name {
            None => None,
            Some(Value::String(name)) => Some(SessionId::of(name)),
            Some(Value::Number(number)) => Some(SessionId::of(&number.to_string())),
            Some(_) => return Err(ProviderRefusal::Refused("malformed_session")),
        };
        Ok(Session { id, ..session })
    }
}

/// In the span of the request to the app. A no is an answer.
fn note_status(status: StatusCode) {
    Span::current().record("http.response.status_code", i64::from(status.as_u16()));
    if !status.is_success() && !NOS.contains(&status) {
        note_error(status.as_str());
    }
}

fn note_error(code: &str) {
    Span::current().record("error.type", code);
    Span::current().record("otel.status_code", "ERROR");
}

fn outage_of(outage: &Outage) -> ProviderRefusal {
    unavailable(&format!("introspection: {outage}"))
}

fn unavailable(why: &str) -> ProviderRefusal {
    ProviderRefusal::Unavailable(why.to_owned())
}
