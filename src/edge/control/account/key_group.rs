//! What a key group is made of.

use super::KEYS_IN_GROUP;
use super::text::{self, LONGEST_NAME};
use crate::cloudfront::KeyPairId;
use crate::edge::control::refusal::Refusal;

/// A key group as it was sent, checked as far as it can be without the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::edge::control) struct KeyGroupConfig {
    name: String,
    items: Vec<KeyPairId>,
    comment: Option<String>,
}

impl KeyGroupConfig {
    /// # Errors
    /// [`Refusal::InvalidArgument`]: an empty or overlong text, no key, a key twice, or what is no id;
    /// [`Refusal::TooManyPublicKeysInKeyGroup`].
    pub(in crate::edge::control) fn new(
        name: String,
        items: &[String],
        comment: Option<String>,
    ) -> Result<Self, Refusal> {
        text::required("Name", &name, LONGEST_NAME)?;
        text::comment(comment.as_deref())?;
        // Not documented for the service. A group without a key lets nobody in, so nobody means it [inferred].
        if items.is_empty() {
            return Err(invalid("Items names no public key".to_owned()));
        }
        let parsed = items.iter().map(|item| item.parse().map_err(|_| unknown(item)));
        let parsed = parsed.collect::<Result<Vec<KeyPairId>, Refusal>>()?;
        if let Some(twice) = parsed.iter().enumerate().find(|(at, item)| parsed[..*at].contains(item)) {
            return Err(invalid(format!("Items names the public key {} twice", twice.1)));
        }
        Self { name, items: parsed, comment }.within_quota()
    }

    /// The key group that an edge begins with. It may be without a key as yet.
    ///
    /// # Errors
    /// [`Refusal::TooManyPublicKeysInKeyGroup`].
    pub(in crate::edge::control) fn seeded(name: &str, items: Vec<KeyPairId>) -> Result<Self, Refusal> {
        Self { name: name.to_owned(), items, comment: None }.within_quota()
    }

    fn within_quota(self) -> Result<Self, Refusal> {
        if self.items.len() > KEYS_IN_GROUP { Err(Refusal::TooManyPublicKeysInKeyGroup) } else { Ok(self) }
    }

    pub(in crate::edge::control) fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::edge::control) fn items(&self) -> &[KeyPairId] {
        &self.items
    }

    pub(in crate::edge::control) fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }
}

/// The model of CreateKeyGroup has no error of its own for this.
pub(super) fn unknown(item: &str) -> Refusal {
    invalid(format!("Items names the public key {item:?}, which does not exist"))
}

fn invalid(message: String) -> Refusal {
    Refusal::InvalidArgument(message)
}
