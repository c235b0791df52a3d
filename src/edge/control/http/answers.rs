//! From what a call came to, to status, headers and body. The one place that gives refusals a status.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderName, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::route::{VERSION, collection};
use crate::edge::control::operation::Operation;
use crate::edge::control::plane::Done;
use crate::edge::control::refusal::Refusal;
use crate::edge::control::xml::{self, Unreadable};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Why a call does not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The account refuses.
    Refused(Refusal),
    /// The call takes a body, and there is none.
    MissingBody(String),
    /// The body is not the XML that the call takes.
    MalformedXml(String),
    /// The body is longer than any document of these calls.
    TooLarge,
    /// There is no `Authorization` header.
    MissingAuthenticationToken,
    /// It is not of the form of Signature Version 4.
    IncompleteSignature,
    /// It is for another service.
    SignatureDoesNotMatch,
    /// No call that the double knows.
    NotImplemented,
    /// A fault that a test asked for.
    Fault { status: StatusCode, code: String, message: String },
}

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Self {
        let message = unreadable.to_string();
        match unreadable {
            Unreadable::Missing => Self::MissingBody(message),
            Unreadable::Malformed(_) => Self::MalformedXml(message),
            Unreadable::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

impl Problem {
    pub(super) fn throttled() -> Self {
        let [code, message] = ["Throttling", "Rate exceeded"].map(str::to_owned);
        Self::Fault { status: StatusCode::BAD_REQUEST, code, message }
    }

    /// As the service's model gives them, for those that it has.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) => status(refusal),
            Self::MissingBody(_) | Self::MalformedXml(_) | Self::IncompleteSignature => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MissingAuthenticationToken | Self::SignatureDoesNotMatch => StatusCode::FORBIDDEN,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Fault { status, .. } => *status,
        }
    }

    pub(super) fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::MissingBody(_) => "MissingBody",
            Self::MalformedXml(_) => "MalformedXML",
            Self::TooLarge => "EntitySizeLimitExceeded",
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::SignatureDoesNotMatch => "SignatureDoesNotMatch",
            Self::NotImplemented => "NotImplemented",
            Self::Fault { code, .. } => code,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.to_string(),
            Self::MissingBody(message) | Self::MalformedXml(message) | Self::Fault { message, .. } => message.clone(),
            Self::TooLarge => "The entity size limit was exceeded.".to_owned(),
            Self::MissingAuthenticationToken => "Request is missing Authentication Token".to_owned(),
            Self::IncompleteSignature => {
                "The Authorization header has to name Credential, SignedHeaders and Signature of AWS4-HMAC-SHA256."
                    .to_owned()
            }
            Self::SignatureDoesNotMatch => "Credential should be scoped to correct service: 'cloudfront'.".to_owned(),
            Self::NotImplemented => format!(
                "edgemint's double of CloudFront knows the calls of public keys and key groups, and GetDistribution, of \
                 version {VERSION}, and this is none of them."
            ),
        }
    }

    pub(super) fn answer(&self, request_id: &str) -> HttpResponse {
        let status = self.status();
        let kind = if status.is_server_error() { "Receiver" } else { "Sender" };
        let body = xml::error(kind, self.code(), &self.message(), request_id);
        respond(status, request_id).insert_header((CONTENT_TYPE, "text/xml")).body(body)
    }
}

/// rules §4, and the service's model.
fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::InvalidArgument(_)
        | Refusal::InvalidIfMatchVersion
        | Refusal::CannotChangeImmutablePublicKeyFields
        | Refusal::TooManyPublicKeys
        | Refusal::TooManyPublicKeysInKeyGroup
        | Refusal::TooManyKeyGroups => StatusCode::BAD_REQUEST,
        Refusal::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Refusal::NoSuchPublicKey | Refusal::NoSuchResource | Refusal::NoSuchDistribution => {
            StatusCode::NOT_FOUND
        }
        Refusal::PublicKeyAlreadyExists(_)
        | Refusal::KeyGroupAlreadyExists
        | Refusal::PublicKeyInUse
        | Refusal::ResourceInUse => StatusCode::CONFLICT,
    }
}

/// The status of a call that succeeded.
pub(super) fn done_status(done: &Done) -> StatusCode {
    match done {
        Done { created: Some(_), .. } => StatusCode::CREATED,
        Done { body: None, .. } => StatusCode::NO_CONTENT,
        Done { .. } => StatusCode::OK,
    }
}

/// `base` is the control plane's own address as a URL.
pub(super) fn done(done: Done, operation: Operation, base: &str, request_id: &str) -> HttpResponse {
    let mut response = respond(done_status(&done), request_id);
    if let Some(id) = &done.created {
        response.insert_header((LOCATION, format!("{base}/{VERSION}/{}/{id}", collection(operation))));
    }
    if let Some(version) = &done.version {
        // Without the quotes of RFC 9110 §8.8.3, as the service writes it.
        response.insert_header((ETAG, version.as_str()));
    }
    match done.body {
        Some(body) => response.insert_header((CONTENT_TYPE, "text/xml")).body(body),
        None => response.finish(),
    }
}

fn respond(status: StatusCode, request_id: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((REQUEST_ID, request_id));
    response
}
