//! Requests that scripts of the web app's pages make: who may (threats.md, *Cross-site requests*), and who may
//! read the answer (the Fetch standard, *CORS protocol*).

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::openapi;
use super::problem::Problem;
use crate::session::Origin;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a page may read besides the body.
const EXPOSED: &str = "retry-after, x-request-id";
/// What a page may send: `Authorization` for providers that take a bearer.
const SENT: &str = "content-type, authorization";
/// How long a browser may remember a preflight, in seconds.
const REMEMBERED: &str = "600";

const STRANGER: &str = "not one of server.app_origins";

/// The origins whose pages may ask.
#[derive(Debug)]
pub(super) struct Pages(Vec<HeaderValue>);

impl Pages {
    pub(super) fn new(origins: &[Origin]) -> Self {
        let value =
            |origin: &Origin| HeaderValue::from_str(origin.as_str()).expect("an origin is visible ASCII");
        Self(origins.iter().map(value).collect())
    }

    /// The origin that a request comes from, if it is one of these, byte for byte.
    fn origin(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        let origin = single(headers, &header::ORIGIN)?;
        self.0.iter().find(|own| *own == origin)
    }

    /// Whether a page that may ask made this request: by its `Origin`, or, where browsers send none, by their
    /// word that it was of our own origin. No other site can make a browser send either falsely.
    fn judge(&self, headers: &HeaderMap, origin: Option<&HeaderValue>) -> Result<(), Problem> {
        let site = match headers.contains_key(SEC_FETCH_SITE) {
            true => Some(single(headers, &SEC_FETCH_SITE).map_or(&b""[..], HeaderValue::as_bytes)),
            false => None,
        };
        match (headers.contains_key(header::ORIGIN), origin, site) {
            (_, _, Some(b"cross-site")) => Err(Problem::Origin("cross-site")),
            (_, Some(_), None | Some(b"same-site" | b"same-origin")) => Ok(()),
            (_, Some(_), Some(_)) => Err(Problem::Origin("not made by a page's script")),
            (true, None, _) => Err(Problem::Origin(STRANGER)),
            (false, None, Some(b"same-origin")) => Ok(()),
            (false, None, Some(_)) => Err(Problem::Origin("no Origin, and not of the same origin")),
            (false, None, None) => Err(Problem::Origin("neither Origin nor Sec-Fetch-Site")),
        }
    }
}

/// The value of a header that is there once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name);
    let value = values.next();
    value.filter(|_| values.next().is_none())
}

/// Answers with what `work` comes to, if a page that may ask made the request; a refusal otherwise. Either way
/// pages of the configured origins may read it.
pub(super) async fn answer(
    request: &HttpRequest,
    pages: &Pages,
    work: impl Future<Output = Result<HttpResponse, Problem>>,
) -> HttpResponse {
    let origin = pages.origin(request.headers());
    let outcome = match pages.judge(request.headers(), origin) {
        Ok(()) => work.await,
        Err(refusal) => Err(refusal),
    };
    share(outcome.unwrap_or_else(HttpResponse::from_error), origin)
}

/// Answers the question that a browser asks before a request which no form could make: which `methods` may be
/// used. The page itself is told nothing.
#[utoipa::path(
    options,
    path = "",
    tag = "pages",
    summary = "Whether a page may ask",
    description = "Browsers ask this by themselves.",
    params(openapi::Page),
    responses(
        (status = 204, description = "It may.", headers(
            ("Access-Control-Allow-Methods" = String, description = "By these methods."),
            ("Access-Control-Allow-Headers" = String, description = "With these headers."),
            ("Access-Control-Allow-Origin" = String, description = "The origin of the page."),
            ("Access-Control-Max-Age" = i64, description = "Seconds, for which it need not ask again."),
        )),
        openapi::Preflight,
    )
)]
pub(super) fn preflight(request: &HttpRequest, pages: &Pages, methods: &'static str) -> HttpResponse {
    let origin = pages.origin(request.headers());
    let judged = match origin {
        Some(_) => pages.judge(request.headers(), origin),
        // A browser that asks this way says for whom.
        None => Err(Problem::Origin(STRANGER)),
    };
    let allow = |()| {
        let mut response = HttpResponse::NoContent();
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, methods),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
        ] {
            response.insert_header((name, HeaderValue::from_static(value)));
        }
        response.finish()
    };
    share(judged.map_or_else(HttpResponse::from_error, allow), origin)
}

/// Refuses whoever asks, which pages of the configured origins may read.
pub(super) fn refuse(request: &HttpRequest, pages: &Pages, problem: Problem) -> HttpResponse {
    public(request, pages, HttpResponse::from_error(problem))
}

/// An answer that anybody may have, and that pages of the configured origins may read.
pub(super) fn public(request: &HttpRequest, pages: &Pages, response: HttpResponse) -> HttpResponse {
    share(response, pages.origin(request.headers()))
}

/// Lets pages of `origin` read the answer, and tells caches that it depends on who asks.
fn share(mut response: HttpResponse, origin: Option<&HeaderValue>) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    response
}
