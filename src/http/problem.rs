//! The one mapping from what went wrong to an HTTP answer (RFC 9457). The client gets a constant
//! for each kind; what exactly went wrong is for the log.
//!
//! What never becomes a request is not answered here but by actix-http: bytes that cannot be parsed (400),
//! a first head that is late (408), more than 96 headers or 128 KiB of head (431). Those answers are empty, and
//! the connection ends. A later head that is late gets no answer.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

use super::code::Code;
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
    #[error("no such route; each begins with server.base_path")]
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
    #[error("return URL refused: {}: {}", .0.code(), .0)]
    ReturnUrl(ReturnUrlRefusal),
    /// The ticket proves nothing.
    #[error("ticket refused: {}: {}", .0.code(), .0)]
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
    /// A fault of this program: what answers the request panicked.
    #[error("a panic broke it off")]
    BrokenOff,
}

impl Problem {
    /// What the client is told of it. All failures of authentication are one code, so that an answer tells nobody
    /// what was nearly right.
    #[must_use]
    pub fn kind(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::MethodNotAllowed { .. } => Code::MethodNotAllowed,
            Self::Query(_) => Code::Query,
            Self::ReturnUrl(_) => Code::ReturnUrl,
            Self::Ticket(_)
            | Self::TicketUsed
            | Self::TicketRevoked
            | Self::TicketFromEarlier
            | Self::TicketMissing
            | Self::TicketsOff => Code::Ticket,
            Self::SessionTooLarge(_) => Code::SessionTooLarge,
            Self::Session(ProviderRefusal::Unavailable(_)) | Self::SessionSlow => Code::SessionProvider,
            Self::Session(ProviderRefusal::Missing | ProviderRefusal::Refused(_))
            | Self::SessionRevoked
            | Self::SessionsOff => Code::Session,
            Self::Origin(_) => Code::Origin,
            Self::ReplayStore(_) | Self::RevocationStore(_) | Self::StoreSlow => Code::Store,
            Self::ApiKey => Code::ApiKey,
            Self::BodyTooLarge { .. } => Code::BodyTooLarge,
            Self::BodyIncomplete => Code::BodyIncomplete,
            Self::Body => Code::Body,
            Self::ContentType => Code::ContentType,
            Self::HeadTooLarge { .. } => Code::HeadTooLarge,
            Self::BodyLate => Code::BodyLate,
            Self::Slow => Code::Slow,
            Self::UnknownGrant => Code::UnknownGrant,
            Self::NoGrant(_) => Code::NoGrant,
            Self::NoActiveKey => Code::NoActiveKey,
            Self::Busy(_) => Code::Busy,
            Self::Sign(_) => Code::SigningFailed,
            Self::BrokenOff => Code::BrokenOff,
        }
    }

    /// The code as it is written; also the label in logs and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind().as_str()
    }

    /// Headers that belong to some problems only.
    fn header(&self) -> Option<(header::HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed { allow } => Some((header::ALLOW, HeaderValue::from_static(allow))),
            Self::ApiKey => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            _ if self.kind().is_passing() => Some((header::RETRY_AFTER, HeaderValue::from_static("1"))),
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
        self.kind().status()
    }

    fn error_response(&self) -> HttpResponse {
        let code = self.kind();
        let mut response = HttpResponse::build(code.status());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(header) = self.header() {
            response.insert_header(header);
        }
        if self.ends_connection() {
            response.force_close();
        }
        response.body(serde_json::to_string(&code.details()).expect("texts and an integer always serialise"))
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
