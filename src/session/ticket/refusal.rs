//! Why a ticket is refused.

use thiserror::Error;

use crate::session::SubjectError;
use crate::session::strict_json::JsonRefusal;

/// Why a ticket is refused: for the operator's log and for metrics. Whoever sent the ticket is told none of
/// it, and none of it holds anything out of the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TicketRefusal {
    /// The ticket is longer than 4 KiB.
    #[error("the ticket is longer than 4096 bytes; send fewer claims")]
    TooLong,
    /// The ticket is not three parts between two dots.
    #[error("the ticket is not three parts between two dots; send a JWT in its compact form (RFC 7519 §3)")]
    NotThreeParts,
    /// A part is not base64url without padding.
    #[error("a part of the ticket is not base64url without padding (RFC 7515 §2)")]
    BadEncoding,
    /// The header is not one JSON object, or one of its members has the wrong type.
    #[error("the ticket's header is not a JSON object with the string `alg`")]
    MalformedHeader,
    /// A name occurs twice in one object, of the header or of the claims.
    #[error("a member occurs twice in one object of the ticket")]
    DuplicateMember,
    /// The header has `crit`: extensions that must be understood, and none is.
    #[error("the ticket's header has `crit`; no extension is accepted")]
    CriticalHeader,
    /// The header brings a key or the address of one.
    #[error("the ticket's header brings a key (`jwk`, `jku`, `x5c` or `x5u`); only configured keys count")]
    EmbeddedKey,
    /// The header has `b64` or `zip`: another encoding of the payload.
    #[error("the ticket's header has `b64` or `zip`; the claims are plain base64url")]
    EncodedPayload,
    /// The header's `typ` is there and is not `JWT`.
    #[error("the ticket's `typ` is not `JWT`; leave it out or send `JWT`")]
    WrongTokenType,
    /// The header has no `kid` and several keys are configured.
    #[error("the ticket has no `kid`; it may be left out only where exactly one key is configured")]
    MissingKeyId,
    /// No configured key has the header's `kid`.
    #[error("no configured key has the ticket's `kid`; add the key, or send the `kid` of one that is there")]
    UnknownKey,
    /// The header's `alg` is not the one its key is configured for.
    #[error("the ticket's `alg` is not the algorithm that its key is configured for")]
    WrongAlgorithm,
    /// The signature is not that of the configured key.
    #[error("the ticket's signature is not by the configured key")]
    BadSignature,
    /// The claims are not one JSON object.
    #[error("the ticket's claims are not a JSON object")]
    MalformedClaims,
    /// A required claim is not there.
    #[error("the ticket has no `{0}`; `exp`, `iat`, `jti`, `iss`, `aud` and `sub` are required")]
    MissingClaim(&'static str),
    /// A claim has the wrong type or size.
    #[error(
        "the ticket's `{0}` is not what it must be: times whole seconds, the rest text of 1 to 256 bytes"
    )]
    MalformedClaim(&'static str),
    /// The subject is not one.
    #[error("the ticket's `sub` is refused: {0}")]
    Subject(SubjectError),
    /// The ticket is by somebody else.
    #[error("the ticket's `iss` is not the configured issuer")]
    WrongIssuer,
    /// The ticket is for somebody else.
    #[error("the ticket's `aud` is not, and does not list, the configured audience")]
    WrongAudience,
    /// `exp` is not later than `iat`.
    #[error("the ticket's `exp` is not later than its `iat`")]
    LifetimeNotPositive,
    /// `exp` is further from `iat` than tickets may live.
    #[error(
        "the ticket lives longer than tickets may; set `exp` to at most the configured lifetime after `iat`"
    )]
    LifetimeTooLong,
    /// `iat` lies in the future.
    #[error("the ticket's `iat` lies in the future; set both machines' clocks")]
    IssuedInFuture,
    /// `nbf` lies in the future.
    #[error("the ticket's `nbf` lies in the future")]
    NotYetValid,
    /// The ticket has expired.
    #[error("the ticket has expired; redirect the listener here as soon as it is made")]
    Expired,
}

impl TicketRefusal {
    /// A stable name in snake case, for logs and metric labels.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotThreeParts => "not_three_parts",
            Self::BadEncoding => "bad_encoding",
            Self::MalformedHeader => "malformed_header",
            Self::DuplicateMember => "duplicate_member",
            Self::CriticalHeader => "critical_header",
            Self::EmbeddedKey => "embedded_key",
            Self::EncodedPayload => "encoded_payload",
            Self::WrongTokenType => "wrong_token_type",
            Self::MissingKeyId => "missing_key_id",
            Self::UnknownKey => "unknown_key",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::BadSignature => "bad_signature",
            Self::MalformedClaims => "malformed_claims",
            Self::MissingClaim(_) => "missing_claim",
            Self::MalformedClaim(_) => "malformed_claim",
            Self::Subject(_) => "malformed_subject",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::LifetimeNotPositive => "lifetime_not_positive",
            Self::LifetimeTooLong => "lifetime_too_long",
            Self::IssuedInFuture => "issued_in_future",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
        }
    }

    /// `otherwise` for JSON that is malformed, and for a doubled member what it is everywhere.
    pub(super) fn of_json(refusal: JsonRefusal, otherwise: Self) -> Self {
        match refusal {
            JsonRefusal::DuplicateMember => Self::DuplicateMember,
            JsonRefusal::Malformed => otherwise,
        }
    }
}
