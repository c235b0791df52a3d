//! What a request is called in the log, in the audit, in its answer and in traces.

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{HttpMessage as _, HttpRequest, ResponseError as _, web};
use tracing::field::Empty;
use tracing::{Span, info_span};

use super::problem::Problem;
use super::request_id::{REQUEST_ID, RequestId};
use super::service::Service;
use crate::telemetry::Fields;
use crate::telemetry::traces::{self, TraceContext};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The names of a request, and the span that it is in a trace.
///
/// Who comes through a proxy of `server.trusted_proxies` bears the id that the proxy gave, and goes on in its trace. Of
/// everybody else both are ignored: a stranger could give a request the name of another, have all of his requests
/// recorded, or hang his into somebody's trace. W3C Trace Context §4.4 has a trace begin anew at such a boundary.
pub(super) struct Traced {
    pub(super) id: RequestId,
    place: Option<TraceContext>,
    /// None if nobody wants spans.
    span: Option<Span>,
}

impl Traced {
    /// Begins the request's span, and leaves its place in the trace for the requests that it causes.
    pub(super) fn begin(request: &ServiceRequest) -> Self {
        let headers = request.headers();
        let is_told = headers.contains_key(REQUEST_ID) || headers.contains_key(TRACEPARENT);
        let is_believed = is_told && is_by_proxy(request.request());
        let id = is_believed.then(|| RequestId::given(headers)).flatten();
        let caller = is_believed.then(|| place_in(headers)).flatten();
        // For a request that ends without its caller, see `left`.
        if let Some(id) = &id {
            request.extensions_mut().insert(id.clone());
        }
        let span = span(request.method());
        if let (Some(span), Some(caller)) = (&span, &caller) {
            traces::adopt(span, caller);
        }
        let place = span.as_ref().and_then(traces::place_of).or(caller);
        if let Some(place) = &place {
            request.extensions_mut().insert(place.clone());
        }
        Self { id: id.unwrap_or_else(RequestId::next), place, span }
    }

    /// Of a request whose caller has gone: an id that was not kept is another's now, which nobody was told.
    pub(super) fn left(request: &HttpRequest) -> Self {
        let id = RequestId::of(request).unwrap_or_else(RequestId::next);
        Self { id, place: request.extensions().get::<TraceContext>().cloned(), span: None }
    }

    /// What the work for the request belongs into, if anybody wants to know.
    pub(super) fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }

    /// The trace and the span, where there is a trace.
    pub(super) fn ids(&self) -> (Option<&str>, Option<&str>) {
        let place = self.place.as_ref();
        (place.map(TraceContext::trace_id), place.map(TraceContext::span_id))
    }

    /// Adds the names to a line.
    pub(super) fn add_to(&self, fields: &mut Fields<'_>) {
        fields.add_text("request_id", self.id.as_str());
        let (trace_id, span_id) = self.ids();
        for (name, id) in [("trace_id", trace_id), ("span_id", span_id)] {
            if let Some(id) = id {
                fields.add_text(name, id);
            }
        }
    }

    /// Says in the span what came of the request (OpenTelemetry's conventions for HTTP servers, of which all that is
    /// about the URL and the client is left out).
    pub(super) fn end(&self, response: &ServiceResponse, problem: Option<&Problem>) {
        let Some(span) = &self.span else { return };
        let method = known(response.request().method()).unwrap_or("HTTP");
        // The pattern is looked up by routing the path again.
        match response.request().match_pattern() {
            Some(route) => {
                traces::rename(span, format!("{method} {route}"));
                span.record("http.route", route);
            }
            None => traces::rename(span, method.to_owned()),
        }
        span.record("http.response.status_code", i64::from(response.status().as_u16()));
        if let Some(problem) = problem {
            self.failed(problem);
        }
    }

    /// Says in the span why there is no other answer.
    pub(super) fn failed(&self, problem: &Problem) {
        let Some(span) = &self.span else { return };
        span.record("edgemint.code", problem.code());
        // What the client did wrong is no error of the server's.
        if problem.status_code().is_server_error() {
            span.record("error.type", problem.code());
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// The headers that a request carries which is made while `request` is served, so that both are in one trace: from the
/// span that is open at this moment, or as they came.
pub(super) fn onward(request: &HttpRequest) -> Vec<(&'static str, String)> {
    let place =
        traces::place_of(&Span::current()).or_else(|| request.extensions().get::<TraceContext>().cloned());
    let Some(place) = place else { return Vec::new() };
    let state = place.tracestate().map(|state| ("tracestate", state.to_owned()));
    [("traceparent", place.traceparent().to_owned())].into_iter().chain(state).collect()
}

fn is_by_proxy(request: &HttpRequest) -> bool {
    request.app_data::<web::Data<Service>>().is_some_and(|service| service.is_by_proxy(request))
}

fn place_in(headers: &HeaderMap) -> Option<TraceContext> {
    let values = |name| headers.get_all(name).map(|value| value.as_bytes());
    TraceContext::parse(values(TRACEPARENT), values(TRACESTATE))
}

fn span(method: &Method) -> Option<Span> {
    let span = info_span!(
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = known(method).unwrap_or("_OTHER"),
        http.route = Empty,
        http.response.status_code = Empty,
        error.type = Empty,
        edgemint.code = Empty,
    );
    (!span.is_disabled()).then_some(span)
}

/// Anybody can send a method of his own making.
fn known(method: &Method) -> Option<&'static str> {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
        .into_iter()
        .find(|known| *known == method.as_str())
}
