//! The edge as an HTTP service: from a request through the decision and the origin to an answer.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Instant;

use actix_web::body::{BodySize, MessageBody as _};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::answers::{self, Fault};
use super::behaviour::{Behaviour, behaviour_for};
use super::body::{Counted, Promised};
use super::cors;
use super::nodes::Pop;
use super::observe::{Answered, Outcome};
use super::request_id::RequestId;
use super::settings::Edge;
use super::viewer;
use crate::cloudfront::{Check, Decision, TrustedKeys, ViewerRequest, decide};

/// How long a graceful stop waits for bodies that are being sent, in seconds.
const STOP_SECONDS: u64 = 3;

/// An edge that listens.
pub struct Serving {
    /// Where it listens: the real port when port 0 was asked for.
    pub address: SocketAddr,
    /// Serves while it is awaited or spawned; its `handle()` stops it. It takes no signals.
    pub server: actix_web::dev::Server,
}

/// Serves an edge on a listener that is bound already, so that the address can be told before the first request.
/// Call it inside an actix or tokio runtime.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(edge: Edge, listener: TcpListener) -> io::Result<Serving> {
    let address = listener.local_addr()?;
    let server = HttpServer::new(move || {
        let edge = edge.clone();
        App::new().configure(|config| configure(config, edge))
    })
    // A viewer that hangs up also stops the reading of the origin, not only once the next byte cannot be sent.
    .h1_allow_half_closed(false)
    .shutdown_timeout(STOP_SECONDS)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(Serving { address, server })
}

/// Adds the edge to an application, as what answers every path that has no other route.
pub fn configure(config: &mut web::ServiceConfig, edge: Edge) {
    config.default_service(web::to(move |request: HttpRequest| {
        let edge = edge.clone();
        async move { edge.answer(&request).await }
    }));
}

/// What the edge made of a request before the origin was asked.
struct Verdict {
    gate: Result<(), Stop>,
    outcome: Outcome,
    trace: Vec<Check>,
    expires: Option<i64>,
}

/// Why the origin is not asked.
enum Stop {
    Fault(Fault),
    Refusal(crate::cloudfront::Refusal),
}

impl Edge {
    async fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let id = RequestId::random();
        let now = (self.clock)();
        let cookies = viewer::cookies(request);
        let judging = self.judging(Instant::now());
        let mut verdict = self.judge(request, judging.behaviours(), &cookies, now);
        let response = match &verdict.gate {
            Err(Stop::Fault(fault)) => fault.answer(&id),
            Err(Stop::Refusal(refusal)) => answers::refusal(*refusal),
            Ok(()) => match self.origin.answer(request, &id).await {
                Ok(mut response) => {
                    cors::decorate(&self.allowed_origins, request, response.headers_mut());
                    response
                }
                Err(fault) => {
                    verdict.outcome = Outcome::Failed(fault.code());
                    fault.answer(&id)
                }
            },
        };
        let response = finish(request, response, &id, judging.pop());
        let had_cookies = cookies.iter().any(|(name, _)| name.starts_with("CloudFront-"));
        self.report(event(request, &response, verdict, now, id, judging.pop(), had_cookies), response)
    }

    fn judge(
        &self,
        request: &HttpRequest,
        behaviours: &[Behaviour],
        cookies: &[(&str, &str)],
        now: i64,
    ) -> Verdict {
        if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return Verdict::fault(Fault::Method);
        }
        let path = request.uri().path();
        if !path.starts_with('/') || request.headers().get_all(header::HOST).count() > 1 {
            return Verdict::fault(Fault::BadRequest);
        }
        let host = match viewer::host(request, self.host.as_ref()) {
            Ok(host) => host,
            Err(fault) => return Verdict::fault(fault),
        };
        match behaviour_for(behaviours, path) {
            Some(behaviour) => self.check(request, host, cookies, behaviour.trusted(), now).into(),
            None => Verdict { gate: Ok(()), outcome: Outcome::Open, trace: Vec::new(), expires: None },
        }
    }

    /// Decides for each scheme that may be meant, until one is good. Of two refusals the one of which more holds counts:
    /// the scheme that was not meant would only add a reason of its own.
    fn check(
        &self,
        request: &HttpRequest,
        host: &str,
        cookies: &[(&str, &str)],
        trusted: &TrustedKeys,
        now: i64,
    ) -> Decision {
        let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let address = request.peer_addr().map(|peer| peer.ip());
        let decide_for =
            |scheme| decide(&ViewerRequest { scheme, host, path_and_query, cookies, address }, trusted, now);
        let held = |decision: &Decision| decision.trace.iter().filter(|check| check.passed).count();
        let (first, other) = self.scheme.candidates();
        let decision = decide_for(first);
        match other {
            Some(other) if !decision.is_allowed() => {
                let second = decide_for(other);
                if second.is_allowed() || held(&second) > held(&decision) { second } else { decision }
            }
            _ => decision,
        }
    }

    /// Logs the answer and hands it to the observer, which also learns when the body is done.
    fn report(&self, event: Answered, response: HttpResponse) -> HttpResponse {
        // The path alone: a query may hold a signature. No cookie is ever logged.
        tracing::info!(
            request_id = %event.id,
            pop = event.pop.map(String::from),
            method = %event.method,
            path = %event.path,
            range = event.range.as_deref(),
            decision = event.outcome.code(),
            status = event.status,
            failed = failed(&event.trace),
            trace = %serde_json::to_string(&event.trace).unwrap_or_default(),
            "edge answered"
        );
        let Some(observer) = self.observer.clone() else { return response };
        observer.answered(&event);
        response.map_body(|_, body| Counted::new(body, event.id, observer)).map_into_boxed_body()
    }
}

/// The checks that did not hold, to be read at a glance.
fn failed(trace: &[Check]) -> Option<String> {
    let failed = trace.iter().filter(|check| !check.passed);
    let failed: Vec<_> = failed.map(|check| format!("{}: {}", check.name, check.detail)).collect();
    (!failed.is_empty()).then(|| failed.join("; "))
}

impl Verdict {
    fn fault(fault: Fault) -> Self {
        let outcome = Outcome::Failed(fault.code());
        Self { gate: Err(Stop::Fault(fault)), outcome, trace: Vec::new(), expires: None }
    }
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        let (gate, outcome) = match decision.refusal {
            Some(refusal) => (Err(Stop::Refusal(refusal)), Outcome::Refused(refusal.code())),
            None => (Ok(()), Outcome::Allowed),
        };
        Self { gate, outcome, trace: decision.trace, expires: decision.expires }
    }
}

/// The headers that CloudFront puts on every answer, and no body for HEAD.
fn finish(
    request: &HttpRequest,
    mut response: HttpResponse,
    id: &RequestId,
    pop: Option<Pop>,
) -> HttpResponse {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    let x_cache = if failed { "Error from cloudfront" } else { "Miss from cloudfront" };
    headers.insert(HeaderName::from_static("x-cache"), HeaderValue::from_static(x_cache));
    headers.append(header::VIA, HeaderValue::from_static("1.1 edgemint (CloudFront)"));
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HeaderName::from_static("x-amz-cf-id"), id);
    }
    if let Some(pop) = pop.and_then(|pop| HeaderValue::from_str(&pop.to_string()).ok()) {
        headers.insert(HeaderName::from_static("x-amz-cf-pop"), pop);
    }
    if request.method() != Method::HEAD {
        return response;
    }
    match response.body().size() {
        BodySize::Sized(length) => response.set_body(Promised(length)).map_into_boxed_body(),
        BodySize::None | BodySize::Stream => response.drop_body().map_into_boxed_body(),
    }
}

fn event(
    request: &HttpRequest,
    response: &HttpResponse,
    verdict: Verdict,
    time: i64,
    id: RequestId,
    pop: Option<Pop>,
    had_cookies: bool,
) -> Answered {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let bytes_promised = match response.body().size() {
        _ if request.method() == Method::HEAD => Some(0),
        BodySize::Sized(length) => Some(length),
        BodySize::None => Some(0),
        BodySize::Stream => None,
    };
    Answered {
        time,
        id,
        pop,
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        range: request.headers().get(header::RANGE).map(text),
        had_cookies,
        outcome: verdict.outcome,
        trace: verdict.trace,
        expires: verdict.expires,
        status: response.status().as_u16(),
        content_range: response.headers().get(header::CONTENT_RANGE).map(text),
        bytes_promised,
    }
}
