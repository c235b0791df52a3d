//! What a public key is made of.

use super::text::{self, LONGEST_NAME, LONGEST_REFERENCE};
use crate::cloudfront::PublicKey;
use crate::edge::control::refusal::Refusal;

/// A public key as it was uploaded, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::edge::control) struct PublicKeyConfig {
    reference: String,
    name: String,
    encoded: String,
    comment: Option<String>,
    key: PublicKey,
}

impl PublicKeyConfig {
    /// # Errors
    /// [`Refusal::InvalidArgument`]: an empty or overlong text, or what is no RSA-2048 or P-256 key in SPKI PEM (rules §3).
    pub(in crate::edge::control) fn new(
        reference: String,
        name: String,
        encoded: String,
        comment: Option<String>,
    ) -> Result<Self, Refusal> {
        text::required("CallerReference", &reference, LONGEST_REFERENCE)?;
        text::required("Name", &name, LONGEST_NAME)?;
        text::comment(comment.as_deref())?;
        let key = one_block(&encoded)?;
        Ok(Self { reference, name, encoded: with_final_newline(encoded), comment, key })
    }

    /// The public key that a flag of the command gives, as if it had been uploaded under this name.
    pub(in crate::edge::control) fn seeded(name: &str, key: PublicKey) -> Self {
        let reference = format!("edgemint-edge-{name}");
        Self { reference, name: name.to_owned(), encoded: key.to_pem(), comment: None, key }
    }

    pub(in crate::edge::control) fn reference(&self) -> &str {
        &self.reference
    }

    pub(in crate::edge::control) fn name(&self) -> &str {
        &self.name
    }

    /// The PEM as it was sent, with a final newline.
    pub(in crate::edge::control) fn encoded(&self) -> &str {
        &self.encoded
    }

    pub(in crate::edge::control) fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether everything but the comment is the same (rules §4).
    pub(super) fn differs_only_in_comment(&self, other: &Self) -> bool {
        (&self.reference, &self.name, &self.encoded) == (&other.reference, &other.name, &other.encoded)
    }
}

/// The parser reads what people paste; the service is given exactly one block and nothing around it.
fn one_block(encoded: &str) -> Result<PublicKey, Refusal> {
    let invalid = |reason: String| Refusal::InvalidArgument(format!("EncodedKey is not valid: {reason}"));
    let trimmed = encoded.trim();
    let is_bare = trimmed.starts_with("-----BEGIN PUBLIC KEY-----")
        && trimmed.ends_with("-----END PUBLIC KEY-----")
        && trimmed.matches("-----BEGIN").count() == 1;
    let key = PublicKey::from_pem(encoded.as_bytes()).map_err(|error| invalid(error.to_string()))?;
    if is_bare {
        Ok(key)
    } else {
        Err(invalid(
            "it is one PUBLIC KEY block, from its BEGIN line to its END line, and nothing else".to_owned(),
        ))
    }
}

/// The service gives a key back with one, whether it was sent or not (known from Terraform, which sees a difference then).
fn with_final_newline(mut encoded: String) -> String {
    if !encoded.ends_with('\n') {
        encoded.push('\n');
    }
    encoded
}
