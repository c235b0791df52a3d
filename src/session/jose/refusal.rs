//! Why a token is refused.

use thiserror::Error;

use crate::session::SubjectError;
use crate::session::strict_json::JsonRefusal;

/// Why a token is refused: for the operator's log and for metrics. Whoever sent the token is told none of
/// it, and none of it holds anything out of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenRefusal {
    /// The token is longer than its kind may be.
    #[error("the token is longer than tokens may be; send fewer claims")]
    TooLong,
    /// The token is not three parts between two dots.
    #[error("the token is not three parts between two dots; send a JWT in its compact form (RFC 7519 §3)")]
    NotThreeParts,
    /// A part is not base64url without padding.
    #[error("a part of the token is not base64url without padding (RFC 7515 §2)")]
    BadEncoding,
    /// The header is not one JSON object, or one of its members has the wrong type.
    #[error("the token's header is not a JSON object with the string `alg`")]
    MalformedHeader,
    /// A name occurs twice in one object, of the header or of the claims.
    #[error("a member occurs twice in one object of the token")]
    DuplicateMember,
    /// The header has `crit`: extensions that must be understood, and none is.
    #[error("the token's header has `crit`; no extension is accepted")]
    CriticalHeader,
    /// The header brings a key or the address of one.
    #[error("the token's header brings a key (`jwk`, `jku`, `x5c` or `x5u`); only configured keys count")]
    EmbeddedKey,
    /// The header has `b64` or `zip`: another encoding of the payload.
    #[error("the token's header has `b64` or `zip`; the claims are plain base64url")]
    EncodedPayload,
    /// The header's `typ` is there and is none that is accepted.
    #[error("the token's `typ` is not `JWT` (or, of an access token, `at+jwt`); leave it out or send that")]
    WrongTokenType,
    /// There are no keys at hand to judge it by: they are fetched, and could not be for too long.
    #[error("the keys that tokens are verified by cannot be had at the moment")]
    KeysUnavailable,
    /// The header has no `kid` and several keys are configured.
    #[error("the token has no `kid`; it may be left out only where exactly one key is configured")]
    MissingKeyId,
    /// No configured key has the header's `kid`.
    #[error("no configured key has the token's `kid`; add the key, or send the `kid` of one that is there")]
    UnknownKey,
    /// The header's `alg` is not the one its key is configured for.
    #[error("the token's `alg` is not the algorithm that its key is configured for")]
    WrongAlgorithm,
    /// The signature is not that of the configured key.
    #[error(
        "the token's signature is not by the configured key: who made it has another secret or key, or other bytes of it"
    )]
    BadSignature,
    /// The claims are not one JSON object.
    #[error("the token's claims are not a JSON object")]
    MalformedClaims,
    /// A required claim is not there.
    #[error("the token has no `{0}`, which is required")]
    MissingClaim(&'static str),
    /// A claim has the wrong type or size.
    #[error("the token's `{0}` is not what it must be: times whole seconds, the rest text of 1 to 256 bytes")]
    MalformedClaim(&'static str),
    /// The subject is not one.
    #[error("the token's `sub` is refused: {0}")]
    Subject(SubjectError),
    /// The token is by somebody else.
    #[error("the token's `iss` is not the configured issuer, to the letter (a slash at the end counts)")]
    WrongIssuer,
    /// The token is for somebody else.
    #[error(
        "the token's `aud` is not, and does not list, the configured audience, to the letter (a slash at the end counts)"
    )]
    WrongAudience,
    /// `exp` is not later than `iat`.
    #[error("the token's `exp` is not later than its `iat`")]
    LifetimeNotPositive,
    /// `exp` is further from `iat` than tokens of its kind may live.
    #[error(
        "the token lives longer than tokens of its kind may; set `exp` to at most the configured lifetime after `iat`"
    )]
    LifetimeTooLong,
    /// `iat` lies in the future.
    #[error(
        "the token's `iat` lies in the future: the clock of who made it is ahead, or this machine's is behind; set both"
    )]
    IssuedInFuture,
    /// `nbf` lies in the future.
    #[error(
        "the token's `nbf` lies in the future: the clock of who made it is ahead, or this machine's is behind; set both"
    )]
    NotYetValid,
    /// The token has expired.
    #[error(
        "the token has expired; if it was sent as soon as it was made, the clock of who made it is behind, or this \
         machine's is ahead; set both"
    )]
    Expired,
}

impl TokenRefusal {
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
            Self::KeysUnavailable => "keys_unavailable",
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
