use std::time::Duration;

use super::answer::Answer;
use crate::cloudfront::SignError;

/// Why a proof came to nothing. Each message says what was seen and what to look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Without cookies it is not refused, so that being let in proves nothing.
    #[error(
        "the canary {url} is not protected: without cookies it is answered with {answer}, and only a 403 of the edge would show \
         that signatures are looked at there; name a file of a behaviour that restricts viewer access to the key group"
    )]
    Unprotected {
        /// The canary.
        url: String,
        /// What came without cookies.
        answer: Answer,
    },
    /// The edge redirects before it looks at signatures.
    #[error(
        "the canary {url} is answered with a redirect ({status}), which is made before signatures are looked at: \
         name the URL that it leads to"
    )]
    Redirect {
        /// The canary.
        url: String,
        /// The status.
        status: u16,
    },
    /// It has not been let in often enough in the time given.
    #[error(
        "the edge has not let the new key in {proofs} times in a row within {}: the last answer was {last}{hint}",
        humantime::format_duration(*.deadline), hint = hint(.last)
    )]
    NotAccepted {
        /// Answers in a row that were wanted.
        proofs: u32,
        /// The time given.
        deadline: Duration,
        /// What came last.
        last: Answer,
    },
    /// It has not been refused often enough in the time given.
    #[error(
        "the edge has not refused the old key {proofs} times in a row within {}: the last answer was {last}; another \
         key group of the canary's behaviour may name the key too",
        humantime::format_duration(*.deadline)
    )]
    NotRefused {
        /// Answers in a row that were wanted.
        proofs: u32,
        /// The time given.
        deadline: Duration,
        /// What came last.
        last: Answer,
    },
    /// The probe's cookies could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The clock of this machine reads a time that no policy can name.
    #[error("the clock of this machine reads a time that no policy can name: set it (NTP)")]
    Clock,
}

/// What an answer points to (rules §5).
fn hint(last: &Answer) -> &'static str {
    match last {
        Answer::Refused(Some(code)) if code == "InvalidKey" => {
            "; this edge does not know the key: the change is still on its way, or the canary's behaviour does not trust \
             the key group in rotation.key_group"
        }
        Answer::Refused(Some(code)) if code == "AccessDenied" => {
            "; the edge knows the key and finds the cookies wrong: compare this machine's clock, and the canary's host with \
             the name that viewers ask for"
        }
        Answer::Refused(Some(code)) if code == "MissingKey" => {
            "; the cookies have not reached the edge: see to what stands before it"
        }
        Answer::Refused(_) => "; see to the behaviour of the canary",
        Answer::RefusedByOrigin | Answer::LetIn(_) => "",
        Answer::Redirect(_) | Answer::Odd(_) => "; see to the canary's origin",
        Answer::None(_) => "; see to the network between here and the edge",
    }
}
