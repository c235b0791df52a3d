//! Who is logged in to the demo app. There is no password: the demo is about what comes after one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// More listeners than one person's browser windows; the longest signed in is forgotten first.
const MOST_SESSIONS: usize = 64;
const LONGEST_NAME: usize = 32;

/// A listener's name: 1 to 32 ASCII letters, digits, `-` or `_`, so that it can stand in a policy's
/// resource (threats.md *Policy*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Listener(String);

/// The name that somebody signed in with is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a name is 1 to {LONGEST_NAME} letters, digits, - or _: go back and choose another")]
pub struct ListenerError;

impl Listener {
    /// The name as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Listener {
    type Error = ListenerError;

    fn try_from(name: String) -> Result<Self, ListenerError> {
        let accepted = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(accepted) {
            Ok(Self(name))
        } else {
            Err(ListenerError)
        }
    }
}

/// The app's sessions, in memory.
#[derive(Default)]
pub(super) struct Sessions(Mutex<VecDeque<(String, Listener)>>);

impl Sessions {
    /// Starts a session; returns its id, a secret that the browser keeps.
    pub(super) fn start(&self, listener: Listener) -> Result<String, Unspecified> {
        let id = random_token()?;
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() == MOST_SESSIONS {
            sessions.pop_front();
        }
        sessions.push_back((id.clone(), listener));
        Ok(id)
    }

    pub(super) fn listener(&self, id: &str) -> Option<Listener> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().find(|(known, _)| known == id).map(|(_, listener)| listener.clone())
    }

    pub(super) fn end(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| known != id);
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sessions(..)")
    }
}

/// 128 random bits, in letters that fit a cookie and a JWT.
pub(super) fn random_token() -> Result<String, Unspecified> {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(name: &str) -> Result<Listener, ListenerError> {
        Listener::try_from(name.to_owned())
    }

    #[test]
    fn names_that_could_change_a_policy_or_a_page_are_refused() {
        for name in
            ["", " ", "a b", "a\"b", "a*", "a?", "a/b", "../a", "<b>", "é", "a\n", "a\0", &"a".repeat(33)]
        {
            assert_eq!(listener(name), Err(ListenerError), "{name:?}");
        }
        assert!(listener("Ada").is_ok() && listener("grace_h-1906").is_ok());
    }

    #[test]
    fn a_session_is_known_by_its_id_until_it_ends() {
        let sessions = Sessions::default();
        let ada = sessions.start(listener("Ada").unwrap()).unwrap();
        let grace = sessions.start(listener("Grace").unwrap()).unwrap();
        assert_eq!(sessions.listener(&ada).unwrap().as_str(), "Ada");
        assert_eq!(sessions.listener("guess"), None);
        sessions.end(&ada);
        assert_eq!(sessions.listener(&ada), None);
        assert!(sessions.listener(&grace).is_some());
    }

    #[test]
    fn the_oldest_session_makes_room() {
        let sessions = Sessions::default();
        let first = sessions.start(listener("first").unwrap()).unwrap();
        for _ in 0..MOST_SESSIONS {
            sessions.start(listener("later").unwrap()).unwrap();
        }
        assert_eq!(sessions.listener(&first), None);
        assert_eq!(sessions.0.lock().unwrap().len(), MOST_SESSIONS);
    }
}
