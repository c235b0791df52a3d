use std::time::Duration;

use crate::http::recipe::Unservable;
use crate::keyring::KeyringError;

/// Why a keyring was not taken into use, or what is wrong with a key of one that was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Stable, and so general that anybody may read it on `/readyz`.
    pub(super) code: &'static str,
    /// For the log.
    pub(super) reason: String,
}

impl Failure {
    /// A ring of which no key signs, where one signed before.
    pub(super) fn no_active_key() -> Self {
        let reason = "the keyring has no active key: see `edgemint keys list`".to_owned();
        Self { code: "no_active_key", reason }
    }

    pub(super) fn timed_out(deadline: Duration) -> Self {
        let reason = format!("reading it has not ended within {}", humantime::format_duration(deadline));
        Self { code: "timed_out", reason }
    }

    pub(super) fn broke_off() -> Self {
        Self { code: "broke_off", reason: "reading it broke off".to_owned() }
    }

    pub(super) fn no_thread(error: &std::io::Error) -> Self {
        Self { code: "no_thread", reason: format!("there is no thread to read it on: {error}") }
    }
}

impl From<KeyringError> for Failure {
    fn from(error: KeyringError) -> Self {
        let code = match &error {
            KeyringError::NoKeyring { .. } => "no_keyring",
            KeyringError::File(_) => "file_refused",
            KeyringError::Secret(_) => "secret_refused",
            KeyringError::NoKeyFile { .. } => "key_missing",
            KeyringError::Key { .. }
            | KeyringError::OtherKey { .. }
            | KeyringError::OtherAlgorithm { .. }
            | KeyringError::Generation(_) => "key_refused",
            KeyringError::Document { .. }
            | KeyringError::Journal { .. }
            | KeyringError::AlreadyThere { .. }
            | KeyringError::Change { .. }
            | KeyringError::NotGone { .. } => "keyring_refused",
        };
        Self { code, reason: error.to_string() }
    }
}

impl From<Unservable> for Failure {
    fn from(error: Unservable) -> Self {
        Self { code: "grants_refused", reason: error.to_string() }
    }
}
