//! The HTTP origin: asked as CloudFront asks an origin, and streamed.

use std::io;
use std::ops::Range;
use std::time::Duration;

use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};

use super::answers::Fault;
use super::body::Promised;
use super::conditions::if_range_holds;
use super::origin::OriginError;
use super::path::climbs;
use super::range::{Ranges, Selection, content_range, unsatisfied_range};
use super::request_id::RequestId;
use crate::cloudfront::SIGNED_URL_PARAMETERS;

/// How long an origin has to take a connection; CloudFront's default is ten seconds, three times.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// CloudFront's default for the origin response timeout.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// What CloudFront hands to an origin of a viewer's headers here. No cookie and no `Authorization`: it forwards
/// them only where a cache policy names them.
const CONDITIONS: [HeaderName; 4] =
    [header::IF_MATCH, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE];
const PREFLIGHT: [HeaderName; 3] =
    [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_REQUEST_HEADERS];

/// Headers of the connection to the origin (RFC 9110 §7.6.1), the length, which is the body's own, and `Set-Cookie`,
/// which CloudFront removes where it forwards no cookies.
const NOT_FOR_VIEWERS: [&str; 11] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "set-cookie",
];

/// An HTTP server that has the objects.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    /// Without a final slash.
    base: String,
    client: reqwest::Client,
    /// Until the head of an answer. There is none between chunks: a paused player takes no chunk for minutes, and
    /// a viewer that leaves ends the reading anyway.
    response_timeout: Duration,
}

impl Upstream {
    pub(super) fn new(url: &str) -> Result<Self, OriginError> {
        let refused = |reason| OriginError::Url { url: url.to_owned(), reason };
        let parsed = reqwest::Url::parse(url).map_err(|_| refused("it is no URL"))?;
        if parsed.scheme() != "http" {
            return Err(refused("the double speaks plain HTTP to its origin"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(OriginError::Url {
                url: "http://…@…".to_owned(),
                reason: "it holds a user name or a password",
            });
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(refused("it holds a query or a fragment"));
        }
        // A proxy from the environment would answer in the origin's place.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent("Amazon CloudFront")
            .build()
            .map_err(OriginError::Client)?;
        let base = parsed.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, client, response_timeout: RESPONSE_TIMEOUT })
    }

    pub(super) fn answering_within(&self, response_timeout: Duration) -> Self {
        Self { response_timeout, ..self.clone() }
    }

    pub(super) async fn answer(&self, request: &HttpRequest, id: &RequestId) -> Result<HttpResponse, Fault> {
        if climbs(request.uri().path()) {
            return Err(Fault::Traversal);
        }
        let ranges = requested(request);
        let asked = self.ask(request, ranges.is_some(), id)?;
        let answer = match tokio::time::timeout(self.response_timeout, asked.send()).await {
            Err(_) => return Err(Fault::OriginTimeout),
            Ok(Err(error)) => {
                let timed_out = error.is_timeout();
                tracing::warn!(request_id = %id, error = %chain(&error.without_url()), "the origin cannot be asked");
                return Err(if timed_out { Fault::OriginTimeout } else { Fault::Unreachable });
            }
            Ok(Ok(answer)) => answer,
        };
        Ok(relay(request, ranges.filter(Ranges::is_single), answer))
    }

    fn ask(
        &self,
        request: &HttpRequest,
        with_range: bool,
        id: &RequestId,
    ) -> Result<reqwest::RequestBuilder, Fault> {
        let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|_| Fault::BadRequest)?;
        let url = format!("{}{}", self.base, without_signature(request.uri()));
        let mut asked = self.client.request(method, url).header("x-amz-cf-id", id.as_str());
        let names: &[HeaderName] = if request.method() == Method::OPTIONS { &PREFLIGHT } else { &CONDITIONS };
        let ranged = if with_range { &[header::RANGE, header::IF_RANGE][..] } else { &[] };
        for name in names.iter().chain(ranged) {
            for value in request.headers().get_all(name) {
                asked = asked.header(name.as_str(), value.as_bytes());
            }
        }
        Ok(asked)
    }
}

/// The ranges worth sending on: CloudFront asks for the whole object when they are malformed or out of order (rules §5).
fn requested(request: &HttpRequest) -> Option<Ranges> {
    let header = request.headers().get(header::RANGE).filter(|_| request.method() == Method::GET)?;
    Ranges::parse(header.to_str().ok()?).filter(|ranges| !ranges.is_disordered())
}

/// Path and query as requested, without the parameters of a signed URL: they are for the edge alone. The rest keeps
/// its bytes, empty parameters included: an origin may tell them apart.
fn without_signature(uri: &actix_web::http::Uri) -> String {
    let is_kept =
        |parameter: &&str| !SIGNED_URL_PARAMETERS.contains(&parameter.split('=').next().unwrap_or_default());
    let kept: Option<Vec<&str>> = uri.query().map(|query| query.split('&').filter(is_kept).collect());
    match kept {
        Some(kept) if !kept.is_empty() => format!("{}?{}", uri.path(), kept.join("&")),
        _ => uri.path().to_owned(),
    }
}

/// The origin's answer as the viewer gets it. `range` is the one range that was asked for.
fn relay(request: &HttpRequest, range: Option<Ranges>, answer: reqwest::Response) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = for_viewers(answer.headers());
    let length =
        answer.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let mut response = HttpResponse::new(status);
    *response.headers_mut() = headers;
    if request.method() == Method::HEAD || status == StatusCode::NOT_MODIFIED {
        // Nothing but a length comes with either.
        return match length {
            Some(length) if request.method() == Method::HEAD => {
                response.set_body(Promised(length)).map_into_boxed_body()
            }
            _ => response,
        };
    }
    let chunks =
        answer.bytes_stream().map(|chunk| chunk.map_err(|error| io::Error::other(error.without_url())));
    match (length, range) {
        (Some(length), Some(range))
            if status == StatusCode::OK && is_current(request, response.headers()) =>
        {
            cut(response, &range, length, chunks)
        }
        (Some(length), _) => response.set_body(SizedStream::new(length, chunks)).map_into_boxed_body(),
        (None, _) => response.set_body(BodyStream::new(chunks)).map_into_boxed_body(),
    }
}

/// An origin that knows no ranges answers 200 to one; CloudFront cuts it out. `range` is a single one.
fn cut(
    mut response: HttpResponse,
    range: &Ranges,
    length: u64,
    chunks: impl Stream<Item = io::Result<Bytes>> + 'static,
) -> HttpResponse {
    match range.select(length) {
        Selection::Parts(parts) => {
            let Some(part) = parts.into_iter().next() else { return response };
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            if let Ok(value) = HeaderValue::try_from(content_range(&part, length)) {
                response.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            response
                .set_body(SizedStream::new(part.end - part.start, within(part, chunks)))
                .map_into_boxed_body()
        }
        Selection::Unsatisfiable => {
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            response.headers_mut().insert(header::CONTENT_RANGE, unsatisfied_range(length));
            response
        }
        Selection::Whole => response.set_body(SizedStream::new(length, chunks)).map_into_boxed_body(),
    }
}

/// The bytes of `part`, and an end after the last of them, which drops the connection to the origin.
fn within(
    part: Range<u64>,
    chunks: impl Stream<Item = io::Result<Bytes>> + 'static,
) -> impl Stream<Item = io::Result<Bytes>> {
    let (skip, wanted) = (part.start, part.end - part.start);
    stream::try_unfold((Box::pin(chunks), skip, wanted), |(mut chunks, mut skip, wanted)| async move {
        if wanted == 0 {
            return Ok(None);
        }
        while let Some(chunk) = chunks.next().await {
            let mut chunk = chunk?;
            let skipped = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
            skip -= skipped as u64;
            chunk = chunk.split_off(skipped);
            chunk.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
            if !chunk.is_empty() {
                let wanted = wanted - chunk.len() as u64;
                return Ok(Some((chunk, (chunks, skip, wanted))));
            }
        }
        Ok(None)
    })
}

/// Whether the answer is of the version that `If-Range`, if there is one, asks for.
fn is_current(request: &HttpRequest, answer: &HeaderMap) -> bool {
    let text = |name| answer.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    request
        .headers()
        .get(header::IF_RANGE)
        .is_none_or(|held| if_range_holds(held, text(header::ETAG), text(header::LAST_MODIFIED)))
}

fn for_viewers(origin: &reqwest::header::HeaderMap) -> HeaderMap {
    // RFC 9110 §7.6.1: `Connection` names more headers that end here.
    let named: Vec<String> = origin
        .get_all("connection")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut kept = HeaderMap::new();
    for (name, value) in origin {
        if NOT_FOR_VIEWERS.contains(&name.as_str()) || named.iter().any(|named| named == name.as_str()) {
            continue;
        }
        // Both sides hold the same bytes; the two HTTP stacks only name the types differently.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_str().as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        {
            kept.append(name, value);
        }
    }
    kept
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_leaves_a_query_and_nothing_else_changes() {
        for (asked, expected) in [
            ("/a", "/a"),
            ("/a?", "/a?"),
            ("/a?x=1&&y=2", "/a?x=1&&y=2"),
            ("/a?&x=1&", "/a?&x=1&"),
            ("/a?x=%2F&x==&X", "/a?x=%2F&x==&X"),
            ("/a?Policies=1&policy=2", "/a?Policies=1&policy=2"),
            ("/a?Policy=1&Signature=2&Key-Pair-Id=3", "/a"),
            ("/a?x=1&Expires=1&&y=2&Hash-Algorithm=SHA256", "/a?x=1&&y=2"),
            ("/a?Policy=1&", "/a?"),
        ] {
            assert_eq!(without_signature(&asked.parse().unwrap()), expected, "{asked}");
        }
    }
}
