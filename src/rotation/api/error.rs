use std::error::Error;
use std::fmt;

use aws_sdk_cloudfront::error::{ProvideErrorMetadata, SdkError};

use crate::rotation::causes::causes_of;

/// No AWS credentials were found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no AWS credentials were found{}: log in (`aws sso login`), set AWS_PROFILE or AWS_ACCESS_KEY_ID and \
     AWS_SECRET_ACCESS_KEY, give this machine a role, or go on by hand with --manual",
    .reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
)]
pub struct NoCredentials {
    /// What the providers said.
    pub(super) reason: Option<String>,
}

/// A call of the API, by the name that IAM policies give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Every public key of the account, page by page.
    ListPublicKeys,
    /// One public key and its ETag.
    GetPublicKey,
    /// Uploads a public key.
    CreatePublicKey,
    /// Removes a public key that no group names.
    DeletePublicKey,
    /// A key group and its ETag.
    GetKeyGroup,
    /// Replaces a key group as a whole.
    UpdateKeyGroup,
    /// A distribution, its status and what it trusts.
    GetDistribution,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Why a call came to nothing, or may have. Each message says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 409: our CallerReference belongs to a key with other content.
    #[error(
        "CloudFront has a public key under our CallerReference with other content: somebody made it by hand; \
         delete that key (its name begins with edgemint-), then run this again"
    )]
    PublicKeyAlreadyExists,
    /// 409: a key group names the key.
    #[error(
        "CloudFront does not delete the public key, because a key group still names it: take it out of every \
         other group that names it (`aws cloudfront list-key-groups`), then run this again"
    )]
    PublicKeyInUse,
    /// 412: somebody changed it between our reading and our writing.
    #[error(
        "{0} was refused because somebody else keeps changing the same thing: find out who (CloudTrail), then run this again"
    )]
    PreconditionFailed(Call),
    /// 400: an endpoint that loses our `If-Match` header, for we always send it.
    #[error(
        "{0} says that its If-Match is missing or malformed: something between here and CloudFront takes headers out; \
         see to the proxy or the endpoint_url"
    )]
    InvalidIfMatchVersion(Call),
    /// 404.
    #[error("{}", not_found(*.0))]
    NotFound(Call),
    /// The account is full: 10 unless AWS raised it.
    #[error(
        "the account has as many public keys as CloudFront lets it have: delete one that no key group names \
         (`aws cloudfront list-public-keys`), or ask AWS for a higher quota, then run this again"
    )]
    TooManyPublicKeys,
    /// The key group is full.
    #[error(
        "the key group has as many public keys as CloudFront lets it have: take one out that nobody signs with, \
         then run this again"
    )]
    TooManyPublicKeysInKeyGroup,
    /// Still too many requests, after every repetition.
    #[error("CloudFront throttled {0}, again and again: run this again in some minutes")]
    Throttled(Call),
    /// 403.
    #[error("these AWS credentials may not do {0}: allow the action cloudfront:{0} in their IAM policy{detail}", detail = .1)]
    AccessDenied(Call, String),
    /// The credentials are not accepted at all.
    #[error("AWS does not accept these credentials ({0}): log in again, or correct them")]
    Credentials(String),
    /// The signature's time is too far from the service's.
    #[error("AWS finds the time of this machine wrong ({0}): set its clock (NTP), then run this again")]
    ClockSkew(String),
    /// No answer, or none that says what was done: it may have been done.
    #[error(
        "{call} got no answer that tells what was done ({reason}): see to the network or the endpoint_url, then run this \
         again, which looks first what came of it"
    )]
    Unanswered {
        /// What was asked.
        call: Call,
        /// What happened.
        reason: String,
    },
    /// The request never left.
    #[error(
        "the CloudFront API cannot be reached for {call} ({reason}): see to the network or the endpoint_url"
    )]
    Unreachable {
        /// What was to be asked.
        call: Call,
        /// What happened.
        reason: String,
    },
    /// Refused for another reason.
    #[error("CloudFront refused {call} ({code}: {message}): see to that, then run this again")]
    Refused {
        /// What was asked.
        call: Call,
        /// The service's code.
        code: String,
        /// The service's message.
        message: String,
    },
}

fn not_found(call: Call) -> &'static str {
    match call {
        Call::GetKeyGroup | Call::UpdateKeyGroup => {
            "there is no key group with the id in rotation.key_group: `aws cloudfront list-key-groups` shows those that there are"
        }
        Call::GetDistribution => {
            "there is no distribution with the id in rotation.distribution: `aws cloudfront list-distributions` shows those that there are"
        }
        _ => "the public key is not in CloudFront any more: somebody deleted it; run `edgemint keys status`",
    }
}

impl ApiError {
    /// Whether what was asked for may have been done all the same, so that one has to look.
    #[must_use]
    pub fn may_have_succeeded(&self) -> bool {
        matches!(self, Self::Unanswered { .. })
    }

    /// Whether the same call may go well a little later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unanswered { .. } | Self::Unreachable { .. } | Self::Throttled(_))
    }

    /// Sorts what the SDK says of a call.
    pub(super) fn of<E, R>(call: Call, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: fmt::Debug + 'static,
    {
        match &error {
            SdkError::ServiceError(service) => {
                let metadata = service.err().meta();
                let text = |text| Option::unwrap_or(text, "no reason");
                Self::of_code(call, text(metadata.code()), text(metadata.message()))
            }
            SdkError::TimeoutError(_) => Self::Unanswered { call, reason: "it took too long".to_owned() },
            SdkError::ResponseError(_) => Self::Unanswered { call, reason: causes_of(&error) },
            SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
                // A connection that breaks may break before the request or after it.
                Self::Unanswered { call, reason: causes_of(&error) }
            }
            _ => Self::Unreachable { call, reason: causes_of(&error) },
        }
    }

    fn of_code(call: Call, code: &str, message: &str) -> Self {
        // Where a signature is wrong, AWS repeats the request on further lines, with the session's token.
        let message = message.lines().next().unwrap_or_default().trim().to_owned();
        match code {
            "PublicKeyAlreadyExists" => Self::PublicKeyAlreadyExists,
            "PublicKeyInUse" => Self::PublicKeyInUse,
            "PreconditionFailed" => Self::PreconditionFailed(call),
            "InvalidIfMatchVersion" => Self::InvalidIfMatchVersion(call),
            "NoSuchPublicKey" | "NoSuchResource" | "NoSuchDistribution" => Self::NotFound(call),
            "TooManyPublicKeys" => Self::TooManyPublicKeys,
            "TooManyPublicKeysInKeyGroup" => Self::TooManyPublicKeysInKeyGroup,
            "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "SlowDown" => Self::Throttled(call),
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                Self::AccessDenied(call, format!(" ({message})"))
            }
            "RequestTimeTooSkewed" | "RequestExpired" => Self::ClockSkew(message),
            "SignatureDoesNotMatch" | "InvalidSignatureException"
                if message.contains("expired") || message.contains("not yet current") =>
            {
                Self::ClockSkew(message)
            }
            "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "MissingAuthenticationToken"
            | "IncompleteSignature" => Self::Credentials(format!("{code}: {message}")),
            "InternalError" | "InternalFailure" | "ServiceUnavailable" | "InternalServerError" => {
                Self::Unanswered { call, reason: format!("{code}: {message}") }
            }
            _ => Self::Refused { call, code: code.to_owned(), message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(call: Call, code: &str, message: &str) -> ApiError {
        ApiError::of_code(call, code, message)
    }

    #[test]
    fn every_refusal_is_sorted_and_says_what_to_do() {
        use Call::{CreatePublicKey, DeletePublicKey, GetDistribution, GetKeyGroup, UpdateKeyGroup};
        for (call, code, message, expected) in [
            (CreatePublicKey, "PublicKeyAlreadyExists", "", "delete that key"),
            (DeletePublicKey, "PublicKeyInUse", "", "take it out of every other group"),
            (
                UpdateKeyGroup,
                "PreconditionFailed",
                "",
                "UpdateKeyGroup was refused because somebody else keeps",
            ),
            (UpdateKeyGroup, "InvalidIfMatchVersion", "", "see to the proxy or the endpoint_url"),
            (GetKeyGroup, "NoSuchResource", "", "aws cloudfront list-key-groups"),
            (GetDistribution, "NoSuchDistribution", "", "aws cloudfront list-distributions"),
            (DeletePublicKey, "NoSuchPublicKey", "", "edgemint keys status"),
            (CreatePublicKey, "TooManyPublicKeys", "", "ask AWS for a higher quota"),
            (UpdateKeyGroup, "TooManyPublicKeysInKeyGroup", "", "take one out that nobody signs with"),
            (GetKeyGroup, "Throttling", "", "in some minutes"),
            (UpdateKeyGroup, "AccessDenied", "no", "allow the action cloudfront:UpdateKeyGroup"),
            (GetKeyGroup, "RequestExpired", "", "set its clock"),
            (GetKeyGroup, "SignatureDoesNotMatch", "Signature expired: 20261121T", "set its clock"),
            (GetKeyGroup, "SignatureDoesNotMatch", "Check your AWS Secret Access Key", "or correct them"),
            (GetKeyGroup, "ExpiredToken", "", "log in again"),
            (GetKeyGroup, "InvalidArgument", "odd", "CloudFront refused GetKeyGroup (InvalidArgument: odd)"),
        ] {
            let error = of(call, code, message);
            assert!(error.to_string().contains(expected), "{code}: {error}");
            assert!(!error.may_have_succeeded(), "{code}");
        }
    }

    #[test]
    fn a_failure_of_the_service_may_be_a_success() {
        for code in ["InternalError", "InternalFailure", "ServiceUnavailable"] {
            let error = of(Call::UpdateKeyGroup, code, "We encountered an internal error");
            assert!(error.may_have_succeeded() && error.is_passing(), "{code}");
        }
        assert!(of(Call::UpdateKeyGroup, "Throttling", "").is_passing());
        assert!(!of(Call::UpdateKeyGroup, "AccessDenied", "").is_passing());
    }
}
