//! Under which key the record of a session is.

use std::fmt::{self, Write as _};

use aws_lc_rs::digest::{SHA256, digest};
use thiserror::Error;

/// What an id replaces in a template.
const PLACEHOLDER: &str = "{id}";

/// The longest template, in bytes.
const MAX_BYTES: usize = 256;

/// In which form the id of the cookie stands in a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    /// As it is.
    Plain,
    /// The SHA-256 of it, in lower-case hexadecimal: the cookie holds a token, and who reads the database cannot use
    /// what stands there (Lucia and the SvelteKit templates).
    Sha256Hex,
}

impl IdForm {
    /// How it is called in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Sha256Hex => "sha256-hex",
        }
    }

    /// The id as the app's back end knows it.
    pub(super) fn of(self, id: String) -> String {
        match self {
            Self::Plain => id,
            Self::Sha256Hex => {
                digest(&SHA256, id.as_bytes()).as_ref().iter().fold(String::new(), |mut hex, byte| {
                    write!(hex, "{byte:02x}").expect("a string takes all that is written");
                    hex
                })
            }
        }
    }
}

/// The key of a record, with `{id}` where the id stands: `sess:{id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTemplate {
    before: String,
    after: String,
}

impl KeyTemplate {
    /// Accepts 1 to 256 bytes without control characters, with `{id}` once and no other brace.
    ///
    /// # Errors
    /// [`KeyTemplateError`].
    pub fn parse(text: &str) -> Result<Self, KeyTemplateError> {
        let (before, after) = text.split_once(PLACEHOLDER).ok_or(KeyTemplateError::NoId)?;
        if after.contains(PLACEHOLDER) {
            return Err(KeyTemplateError::SeveralIds);
        }
        let is_plain = |part: &str| !part.contains(['{', '}']) && !part.chars().any(char::is_control);
        if text.len() > MAX_BYTES || !is_plain(before) || !is_plain(after) {
            return Err(KeyTemplateError::Malformed);
        }
        Ok(Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// The key of the record of the session `id`.
    pub(super) fn key(&self, id: &str) -> String {
        format!("{}{id}{}", self.before, self.after)
    }
}

impl fmt::Display for KeyTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{PLACEHOLDER}{}", self.before, self.after)
    }
}

/// Why a text is not a [`KeyTemplate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyTemplateError {
    /// The place of the id is missing.
    #[error("{{id}} is missing; write the key as the app does, such as \"sess:{{id}}\"")]
    NoId,
    /// The id has several places.
    #[error("{{id}} is there more than once; write the key as the app does, such as \"sess:{{id}}\"")]
    SeveralIds,
    /// Another brace, a control character, or too long.
    #[error(
        "this cannot be a key; write up to 256 bytes with {{id}} and no other brace, such as \"sess:{{id}}\""
    )]
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_stands_where_the_template_says() {
        for (template, key) in [
            ("sess:{id}", "sess:abc"),
            ("auth:session:{id}", "auth:session:abc"),
            ("{id}", "abc"),
            ("a {id}:data é", "a abc:data é"),
        ] {
            let parsed = KeyTemplate::parse(template).unwrap();
            assert_eq!(parsed.key("abc"), key);
            assert_eq!(parsed.to_string(), template);
        }
    }

    #[test]
    fn templates_without_one_place_are_refused() {
        for (template, error) in [
            ("", KeyTemplateError::NoId),
            ("sess:", KeyTemplateError::NoId),
            ("sess:{ID}", KeyTemplateError::NoId),
            ("sess:{ id }", KeyTemplateError::NoId),
            ("{id}{id}", KeyTemplateError::SeveralIds),
            ("{id}:{id}", KeyTemplateError::SeveralIds),
            ("{{id}}", KeyTemplateError::Malformed),
            ("{tag}{id}", KeyTemplateError::Malformed),
            ("sess:{id}}", KeyTemplateError::Malformed),
            ("sess\n{id}", KeyTemplateError::Malformed),
            (&format!("{}{{id}}", "a".repeat(253)), KeyTemplateError::Malformed),
        ] {
            assert_eq!(KeyTemplate::parse(template), Err(error), "{template:?}");
        }
    }

    #[test]
    fn a_token_is_hashed_as_sha256sum_does() {
        // printf b7rh4xk2v5w6y | sha256sum
        let hash = "0b67603c3ad29cdf0b66e130d4a4e73afc820b87797b1ef46272b7a4a31cfc1d";
        assert_eq!(IdForm::Sha256Hex.of("b7rh4xk2v5w6y".to_owned()), hash);
        assert_eq!(IdForm::Plain.of("b7rh4xk2v5w6y".to_owned()), "b7rh4xk2v5w6y");
    }
}
