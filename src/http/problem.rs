//! The one mapping from what went wrong to an HTTP answer (RFC 9457). The client gets a constant
//! for each kind; what exactly went wrong is for the log.
//!
//! What never becomes a request is not answered here but by actix-http: bytes that cannot be parsed (400),
//! a first head that is late (408), more than 96 headers or 128 KiB of head (431). Those answers are empty, and
//! the connection ends. A later head that is late gets no answer.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::cloudfront::SignError;
use crate::mint::{Busy, PrepareError};
use crate::session::ProviderRefusal;
use crate::session::own::SessionTooLarge;
use crate::session::replay::{ReplayError, ReplayOutage};
use crate::session::return_url::{QueryRefusal, ReturnUrlRefusal};
use crate::session::revocation::StoreOutage;
use crate::session::ticket::TicketRefusal;

/// Everything that a route can answer with besides success.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No such route.
    #[error("no such route")]
    NotFound,
    /// The route exists for another method.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: &'static str,
    },
    /// The query is not of the form that the route takes.
    #[error("query refused: {}", .0.code())]
    Query(QueryRefusal),
    /// The return URL leads elsewhere than to a configured origin.
    #[error("return URL refused: {}", .0.code())]
    ReturnUrl(ReturnUrlRefusal),
    /// The ticket proves nothing.
    #[error("ticket refused: {}", .0.code())]
    Ticket(TicketRefusal),
    /// The ticket was used before.
    #[error("ticket refused: used before")]
    TicketUsed,
    /// The ticket is so old that the process before this one may have taken it.
    #[error("ticket refused: issued before this process began, so it may have been used")]
    TicketFromEarlier,
    /// No ticket came.
    #[error("ticket refused: missing")]
    TicketMissing,
    /// The service takes no tickets.
    #[error("no ticket key is configured")]
    TicketsOff,
    /// The listener, or the session that the ticket names, was shut out after the ticket was made.
    #[error("ticket refused: revoked")]
    TicketRevoked,
    /// The cookie of the session would be too large.
    #[error(transparent)]
    SessionTooLarge(#[from] SessionTooLarge),
    /// Nothing that a session could be read from is configured.
    #[error("no session provider is configured")]
    SessionsOff,
    /// The session provider names nobody.
    #[error("session refused: {0}")]
    Session(ProviderRefusal),
    /// The session was ended, or its listener shut out.
    #[error("session refused: revoked")]
    SessionRevoked,
    /// The session provider took too long.
    #[error("the session provider took too long")]
    SessionSlow,
    /// The request was made by a page that may not, or by none.
    #[error("origin refused: {0}")]
    Origin(&'static str),
    /// The store of revocations cannot tell.
    #[error("the store of revocations cannot tell: {0}")]
    RevocationStore(#[from] StoreOutage),
    /// A store took too long.
    #[error("the store took too long")]
    StoreSlow,
    /// The replay store cannot tell whether a ticket was used.
    #[error("the replay store cannot tell whether the ticket was used: {0}")]
    ReplayStore(ReplayOutage),
    /// The API key is missing or wrong.
    #[error("API key refused")]
    ApiKey,
    /// The body is too large.
    #[error("body larger than {limit} bytes")]
    BodyTooLarge {
        /// Bytes.
        limit: usize,
    },
    /// The body did not come whole.
    #[error("body broken off")]
    BodyIncomplete,
    /// The body is not the JSON that the route takes.
    #[error("body refused")]
    Body,
    /// The body is not declared as JSON.
    #[error("content type refused")]
    ContentType,
    /// The head is larger than allowed.
    #[error("request head larger than {limit} bytes")]
    HeadTooLarge {
        /// Bytes.
        limit: usize,
    },
    /// The body took too long to arrive.
    #[error("the body took too long to arrive")]
    BodyLate,
    /// The request took the service too long.
    #[error("signing took too long")]
    Slow,
    /// A grant of that name is not configured.
    #[error("unknown grant")]
    UnknownGrant,
    /// No grant can be given to this listener.
    #[error("no grant: {}", .0.as_ref().map_or("none is configured".to_owned(), ToString::to_string))]
    NoGrant(Option<PrepareError>),
    /// There is no active key to sign with.
    #[error("no active key")]
    NoActiveKey,
    /// Too many signatures at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The library failed.
    #[error("not signed: {0}")]
    Sign(#[from] SignError),
}

impl Problem {
    /// Every code that there is.
    pub const CODES: [&str; 23] = [
        "not_found",
        "method_not_allowed",
        "query_refused",
        "return_url_refused",
        "ticket_refused",
        "session_too_large",
        "session_provider_unavailable",
        "session_refused",
        "origin_refused",
        "store_unavailable",
        "api_key_refused",
        "body_too_large",
        "body_incomplete",
        "body_refused",
        "content_type_refused",
        "headers_too_large",
        "request_timeout",
        "too_slow",
        "unknown_grant",
        "no_grant",
        "no_active_key",
        "busy",
        "signing_failed",
    ];

    /// Stable; also the label in metrics. All failures of authentication are one code, so that an
    /// answer tells nobody what was nearly right.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.describe().1
    }

    /// Status, code and the sentence for the client.
    fn describe(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is nothing at this address."),
            Self::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This address takes another method.")
            }
            Self::Query(_) => (
                StatusCode::BAD_REQUEST,
                "query_refused",
                "The query is not of the form that this address takes.",
            ),
            Self::ReturnUrl(_) => (
                StatusCode::BAD_REQUEST,
                "return_url_refused",
                "The return URL must lead to one of the configured application origins.",
            ),
            Self::Ticket(_)
            | Self::TicketUsed
            | Self::TicketRevoked
            | Self::TicketFromEarlier
            | Self::TicketMissing
            | Self::TicketsOff => (
                StatusCode::UNAUTHORIZED,
                "ticket_refused",
                "The ticket was not accepted. Go back to the application and sign in again.",
            ),
            Self::SessionTooLarge(_) => (
                StatusCode::BAD_REQUEST,
                "session_too_large",
                "The ticket says more than a session can keep. The application must send fewer claims.",
            ),
            Self::Session(ProviderRefusal::Unavailable(_)) | Self::SessionSlow => (
                StatusCode::SERVICE_UNAVAILABLE,
                "session_provider_unavailable",
                "Whether you are signed in cannot be told at the moment. Try again shortly.",
            ),
            Self::Session(ProviderRefusal::Missing | ProviderRefusal::Refused(_))
            | Self::SessionRevoked
            | Self::SessionsOff => (
                StatusCode::UNAUTHORIZED,
                "session_refused",
                "There is no session. Go back to the application and sign in again.",
            ),
            Self::Origin(_) => (
                StatusCode::FORBIDDEN,
                "origin_refused",
                "Only the pages of the configured application may ask this.",
            ),
            Self::ReplayStore(_) | Self::RevocationStore(_) | Self::StoreSlow => (
                StatusCode::SERVICE_UNAVAILABLE,
                "store_unavailable",
                "This cannot be decided at the moment. Try again shortly.",
            ),
            Self::ApiKey => (StatusCode::UNAUTHORIZED, "api_key_refused", "A valid API key is needed."),
            Self::BodyTooLarge { .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "The body is larger than this address takes.",
            ),
            Self::BodyIncomplete => {
                (StatusCode::BAD_REQUEST, "body_incomplete", "The body did not come whole.")
            }
            Self::Body => (
                StatusCode::BAD_REQUEST,
                "body_refused",
                "The body is not the JSON object that this address takes.",
            ),
            Self::ContentType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content_type_refused",
                "Send the body as application/json.",
            ),
            Self::HeadTooLarge { .. } => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "headers_too_large",
                "The request line and headers are larger than this service takes.",
            ),
            Self::BodyLate => {
                (StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body took too long to arrive.")
            }
            Self::Slow => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too_slow",
                "The service could not answer in time. Try again shortly.",
            ),
            Self::UnknownGrant => {
                (StatusCode::UNPROCESSABLE_ENTITY, "unknown_grant", "A grant of that name is not configured.")
            }
            Self::NoGrant(_) => (StatusCode::FORBIDDEN, "no_grant", "There is no grant for this listener."),
            Self::NoActiveKey => {
                (StatusCode::SERVICE_UNAVAILABLE, "no_active_key", "The service has no key to sign with yet.")
            }
            Self::Busy(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "busy", "The service is busy. Try again shortly.")
            }
            Self::Sign(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "signing_failed", "The service could not sign.")
            }
        }
    }

    /// Headers that belong to some problems only.
    fn header(&self) -> Option<(header::HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed { allow } => Some((header::ALLOW, HeaderValue::from_static(allow))),
            Self::ApiKey => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::ReplayStore(_)
            | Self::RevocationStore(_)
            | Self::StoreSlow
            | Self::Session(ProviderRefusal::Unavailable(_))
            | Self::SessionSlow
            | Self::NoActiveKey
            | Self::Busy(_)
            | Self::Slow => Some((header::RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        }
    }

    /// Whether the connection is of no more use: what is still to come of the request is not waited for.
    fn ends_connection(&self) -> bool {
        matches!(
            self,
            Self::BodyTooLarge { .. } | Self::BodyIncomplete | Self::BodyLate | Self::HeadTooLarge { .. }
        )
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.describe().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, title) = self.describe();
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(header) = self.header() {
            response.insert_header(header);
        }
        if self.ends_connection() {
            response.force_close();
        }
        response.body(json!({"status": status.as_u16(), "code": code, "title": title}).to_string())
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::AlreadyUsed => Self::TicketUsed,
            ReplayError::Unavailable(outage) => Self::ReplayStore(outage),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_codes_are_those_that_answers_have() {
        let source = include_str!("problem.rs");
        let described = source.split("fn describe").nth(1).and_then(|rest| rest.split("fn header").next());
        let is_code = |text: &&str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        // Every other piece between quotation marks is a text.
        let found: BTreeSet<_> = described.unwrap().split('"').skip(1).step_by(2).filter(is_code).collect();
        assert_eq!(found, BTreeSet::from(Problem::CODES));
    }
}
