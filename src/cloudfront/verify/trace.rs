use std::fmt;

use serde::Serialize;

/// A refusal as CloudFront words it: HTTP 403 with this code and message (rules §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Refusal {
    /// No key-pair id.
    MissingKey,
    /// An id that this behaviour does not trust.
    #[serde(rename = "InvalidKey")]
    UnknownKey,
    /// A signature that is missing (inferred) or not in the alphabet.
    MalformedSignature,
    /// A policy that is missing or not of the form of rules §2.
    MalformedPolicy,
    /// A bad signature, an expired or not yet valid policy, another resource, another address.
    AccessDenied,
}

impl Refusal {
    /// The `Code` of the error document.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingKey => "MissingKey",
            Self::UnknownKey => "InvalidKey",
            Self::MalformedSignature => "MalformedSignature",
            Self::MalformedPolicy => "MalformedPolicy",
            Self::AccessDenied => "AccessDenied",
        }
    }

    /// The `Message` of the error document.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::MissingKey => "Missing Key-Pair-Id query parameter or cookie value",
            Self::UnknownKey => "Unknown Key",
            Self::MalformedSignature => "Could not unencode Signature",
            Self::MalformedPolicy => "Malformed Policy",
            Self::AccessDenied => "Access denied",
        }
    }
}

/// The checks, in the order in which they are made. The order between the signature's encoding
/// and the policy's form is not documented (inferred).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// The host is one, and the path begins with a slash: else a policy for one path could be read as
    /// one for another. A request for anything else is refused (inferred).
    RequestTarget,
    /// Whether the URL or the cookies speak for the request.
    Source,
    /// No credential is given twice: which of two wins is undocumented, so two are refused (inferred).
    OneValueEach,
    /// There is a key-pair id.
    KeyPairId,
    /// The behaviour trusts that key.
    TrustedKey,
    /// The hash is SHA-1, SHA-256 or absent; another value is refused (inferred).
    HashAlgorithm,
    /// The signature is there and decodes.
    SignatureEncoding,
    /// The policy is there and of the form of rules §2.
    PolicyForm,
    /// The signature was made by that key over that policy.
    Signature,
    /// The resource covers the URL.
    Resource,
    /// Access has begun.
    Start,
    /// Access has not ended.
    Expiry,
    /// The viewer's address is the one that was signed for.
    Address,
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// One check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: CheckName,
    /// Whether it held.
    pub passed: bool,
    /// What was found, for the operator. Never a signature and never an encoded policy.
    pub detail: String,
}

#[derive(Default)]
pub(super) struct Trace(Vec<Check>);

impl Trace {
    /// Writes a check down and hands its outcome back.
    pub(super) fn note(&mut self, name: CheckName, passed: bool, detail: impl Into<String>) -> bool {
        self.0.push(Check { name, passed, detail: detail.into() });
        passed
    }

    /// Writes a check down and ends with `refusal` if it failed.
    pub(super) fn check(
        &mut self,
        name: CheckName,
        passed: bool,
        detail: impl FnOnce() -> String,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        if self.note(name, passed, detail()) { Ok(()) } else { Err(refusal) }
    }

    /// A check that hands on what it found. What failed says so itself.
    pub(super) fn found<T>(
        &mut self,
        name: CheckName,
        outcome: Result<T, impl Into<String>>,
        detail: impl FnOnce(&T) -> String,
        refusal: Refusal,
    ) -> Result<T, Refusal> {
        match outcome {
            Ok(found) => {
                self.note(name, true, detail(&found));
                Ok(found)
            }
            Err(reason) => {
                self.note(name, false, reason);
                Err(refusal)
            }
        }
    }

    pub(super) fn into_checks(self) -> Vec<Check> {
        self.0
    }
}
