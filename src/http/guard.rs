//! What holds for every route: a bound on the head, the headers of every answer, and one line in
//! the log for what was refused or failed.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web};
use futures_util::FutureExt as _;
use tracing::{Instrument as _, Level};

use super::audit;
use super::browser;
use super::connection::Progress;
use super::meter::UnderWay;
use super::problem::Problem;
use super::request_id::{REQUEST_ID, RequestId};
use super::service::Service;
use super::traced::Traced;

/// Bytes of the request line and the headers together. Browsers send some 8 KiB of cookies at most.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Middleware around every route, the fallback included: `App::wrap(from_fn(guard))`.
///
/// # Errors
/// The answer 500 (`broken_off`), if the handler panics. Those of the routes' machinery, of which there are
/// none: a handler's problem is an answer already.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let progress = request.conn_data::<Rc<Progress>>().cloned();
    if let Some(progress) = &progress {
        progress.head_is_whole();
    }
    let under_way = UnderWay::begin(&request);
    let traced = Traced::begin(&request);
    if tracing::enabled!(Level::DEBUG) {
        request.extensions_mut().insert(traced.id.clone());
    }
    let mut response = if head_size(&request) > MAX_HEAD_BYTES {
        refuse_head(request.into_parts().0)
    } else {
        // Nothing of the request is used any more after a panic, and what all requests share is kept behind locks.
        let answer = AssertUnwindSafe(async { next.call(request).await }).catch_unwind();
        let answered = match traced.span() {
            Some(span) => answer.instrument(span.clone()).await,
            None => answer.await,
        };
        match answered {
            Ok(answered) => answered?.map_into_boxed_body(),
            Err(_) => return Err(broken_off(traced, under_way, started, progress.as_deref())),
        }
    };
    if let Some(under_way) = &under_way {
        under_way.answered(&response, started.elapsed());
    }
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    traced.end(&response, problem);
    let is_audited = audit::write(&traced, &response, problem, started.elapsed());
    log(&traced, &response, problem, started, is_audited);
    add_headers(response.headers_mut(), traced.id);
    if let Some(progress) = &progress {
        progress.answer_is_ready(response.response().head().connection_type() == ConnectionType::Close);
    }
    Ok(response)
}

/// The place of the panic is in the log already, see [`crate::telemetry::panics`]; which route it was, nobody knows
/// any more.
fn broken_off(
    traced: Traced,
    under_way: Option<UnderWay>,
    started: Instant,
    progress: Option<&Progress>,
) -> Error {
    let problem = Problem::BrokenOff;
    if let Some(under_way) = under_way {
        under_way.broken_off(started.elapsed());
    }
    let status = problem.status_code().as_u16();
    traced.failed(&problem);
    if let Some(span) = traced.span() {
        span.record("http.response.status_code", i64::from(status));
    }
    let (id, (trace_id, span_id)) = (traced.id.as_str(), traced.ids());
    tracing::error!(request_id = id, trace_id, span_id, status, code = problem.code(), reason = %problem, "failed");
    let mut response = problem.error_response();
    add_headers(response.headers_mut(), traced.id);
    if let Some(progress) = progress {
        progress.answer_is_ready(false);
    }
    InternalError::from_response(problem, response).into()
}

/// Before any route is known: of a route for pages, a page may read why.
fn refuse_head(request: HttpRequest) -> ServiceResponse<BoxBody> {
    let problem = Problem::HeadTooLarge { limit: MAX_HEAD_BYTES };
    let response = match request.app_data::<web::Data<Service>>() {
        Some(service) => browser::refuse(&request, &service.pages, problem),
        None => HttpResponse::from_error(problem),
    };
    ServiceResponse::new(request, response)
}

fn head_size(request: &ServiceRequest) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    // `: ` and the line break of each header.
    target
        + request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
}

/// What is in the audit is not said again. Logs the route's pattern, never the path or the query as they came: they may
/// hold a ticket.
fn log(
    traced: &Traced,
    response: &ServiceResponse,
    problem: Option<&Problem>,
    started: Instant,
    is_audited: bool,
) {
    let is_said = if problem.is_some() { is_audited } else { !tracing::enabled!(Level::DEBUG) };
    // The pattern is looked up by routing the path again.
    if is_said {
        return;
    }
    let route = response.request().match_pattern();
    let route = route.as_deref().unwrap_or("none");
    let status = response.status().as_u16();
    let microseconds = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (id, (trace_id, span_id)) = (traced.id.as_str(), traced.ids());
    match problem {
        Some(problem) if problem.status_code().is_server_error() => {
            tracing::error!(request_id = id, trace_id, span_id, route, status, microseconds, code = problem.code(), reason = %problem, "failed");
        }
        Some(problem) => {
            tracing::info!(request_id = id, trace_id, span_id, route, status, microseconds, code = problem.code(), reason = %problem, "refused");
        }
        None => tracing::debug!(request_id = id, trace_id, span_id, route, status, microseconds, "answered"),
    }
}

fn add_headers(headers: &mut HeaderMap, id: RequestId) {
    headers.insert(REQUEST_ID, id.into_header());
    // Only what says by itself how long it is good for may be kept: nothing but the player's script does.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    for (name, value) in [
        // A ticket stands in the address of the page that is left.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
