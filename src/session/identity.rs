//! What every session provider answers with.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use thiserror::Error;

/// Proof of who is asking, as one session provider read it.
#[derive(Clone, PartialEq)]
pub struct Session {
    /// Who is asking.
    pub subject: Subject,
    /// What else the provider says of the listener: roles, plans, shows. Members that describe the proof
    /// itself (a ticket's `exp`, `jti` and the like) are not among them.
    pub claims: Map<String, Value>,
    /// What it is called, if it can be told from other sessions of the same listener.
    pub id: Option<SessionId>,
    /// When it began (epoch seconds), if the provider tells: a revocation reaches only what began before it.
    pub started: Option<i64>,
    /// The first second (epoch) at which it no longer holds, if the provider tells.
    pub until: Option<i64>,
}

impl Session {
    /// A session of `subject` with nothing more said of it than `claims`.
    pub fn new(subject: Subject, claims: Map<String, Value>) -> Self {
        Self { subject, claims, id: None, started: None, until: None }
    }
}

impl fmt::Debug for Session {
    /// Claims are personal data, so only their number is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims = format_args!("[{} redacted]", self.claims.len());
        f.debug_struct("Session")
            .field("subject", &self.subject)
            .field("claims", &claims)
            .field("id", &self.id)
            .field("started", &self.started)
            .field("until", &self.until)
            .finish()
    }
}

/// What a session is called in logs, in the revocation store and to a trace: never what proves it.
///
/// It is the first 128 bits of the SHA-256 of the provider's own name for it, in 22 characters of base64url. That
/// name (the id in an app's session cookie, say) may itself be all that a thief needs, so it is not kept. The hash has
/// no key: a name that proves something cannot be guessed, or whoever guesses it needs no hash; of one that proves
/// nothing (a ticket's `sid`), the id tells no more than that it was this one, to who knows the name already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// The id of the session that its provider calls `name`.
    pub fn of(name: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(&digest(&SHA256, name.as_bytes()).as_ref()[..16]))
    }

    /// The same for a name that a back end gives: `None` unless it has 1 to 256 bytes, as in a ticket.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        (1..=256).contains(&name.len()).then(|| Self::of(name))
    }

    /// The id of a session that nobody has named: 128 random bits.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads an id back that was shown, in a log line for instance; `None` if it is none.
    pub fn parse(shown: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(shown).ok()?;
        (bytes.len() == 16).then(|| Self(shown.to_owned()))
    }

    /// 22 characters of base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A listener's name at the web app: 1 to 256 bytes without control characters.
///
/// That is enough to log it and to hash it. Putting it into a resource asks for more, and is checked there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject(String);

impl Subject {
    /// The longest subject that is accepted, in bytes.
    pub const MAX_BYTES: usize = 256;

    /// Accepts a subject.
    ///
    /// # Errors
    /// [`SubjectError`] for an empty or over-long name, or one with control characters.
    pub fn parse(name: &str) -> Result<Self, SubjectError> {
        if name.is_empty() {
            Err(SubjectError::Empty)
        } else if name.len() > Self::MAX_BYTES {
            Err(SubjectError::TooLong)
        } else if name.chars().any(char::is_control) {
            Err(SubjectError::ControlCharacter)
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// The name as the web app wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a name is not a [`Subject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SubjectError {
    /// The name is empty.
    #[error("the subject is empty; it must name the listener in 1 to 256 bytes")]
    Empty,
    /// The name has more than [`Subject::MAX_BYTES`] bytes.
    #[error("the subject is longer than 256 bytes; send a shorter name, such as the listener's id")]
    TooLong,
    /// The name has a control character, which could forge a line of a log.
    #[error("the subject has a control character; send the listener's id, in printable characters")]
    ControlCharacter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_bounded_and_printable() {
        for good in ["1", "listener-7", "auth0|5f7c", "zoë@example.com", &"a".repeat(256)] {
            assert_eq!(Subject::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(Subject::parse(""), Err(SubjectError::Empty));
        assert_eq!(Subject::parse(&"a".repeat(257)), Err(SubjectError::TooLong));
        assert_eq!(Subject::parse(&"é".repeat(129)), Err(SubjectError::TooLong));
        for bad in ["a\nb", "a\0", "\u{7f}", "a\u{85}b", "\t"] {
            assert_eq!(Subject::parse(bad), Err(SubjectError::ControlCharacter), "{bad:?}");
        }
    }

    #[test]
    fn an_id_tells_nothing_of_the_name_and_is_read_back_as_it_was_shown() {
        // printf session-7 | openssl dgst -sha256 -binary | head -c 16 | basenc --base64url
        let id = SessionId::of("session-7");
        assert_eq!(id.as_str(), "zvi85UnNwFDLPaMPVnJCaw");
        assert_eq!(SessionId::parse(id.as_str()), Some(id));
        for bad in [
            "",
            "session-7",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAA/",
        ] {
            assert_eq!(SessionId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_claim() {
        let claims = Map::from_iter([("diagnosis".to_owned(), Value::from("confidential"))]);
        let shown = format!("{:?}", Session::new(Subject::parse("listener-7").unwrap(), claims));
        assert!(shown.contains("listener-7") && shown.contains("[1 redacted]"), "{shown}");
        assert!(!shown.contains("diagnosis") && !shown.contains("confidential"), "{shown}");
    }
}
