//! `[audit]`: what audit lines say of listeners, and the secret of trace tags.

use std::fmt::Display;

use serde_spanned::Spanned;

use crate::mint::TraceKey;
use crate::session::Pseudonyms;

use super::fields::{Reader, one_of};
use super::raw::{Field, RawAudit};
use super::secret::{Kind, Secret, Vault};

/// Bytes of `audit.key`, at least: subjects can be guessed, so the key must not be.
const MIN_KEY_BYTES: usize = 32;

/// `[audit]`.
#[derive(Debug, Clone, Default)]
pub struct AuditConfig {
    /// How audit lines name a subject.
    pub subject: SubjectRule,
}

/// How audit lines name a subject.
#[derive(Debug, Clone, Default)]
pub enum SubjectRule {
    /// As the provider does.
    Plain,
    /// By a keyed hash.
    Hashed(Pseudonyms),
    /// Not at all.
    #[default]
    Nothing,
}

/// For `edgemint check`.
impl Display for AuditConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.subject {
            SubjectRule::Plain => "one line for each mint and refusal, with the subject as it is",
            SubjectRule::Hashed(_) => "one line for each mint and refusal, with a keyed hash of the subject",
            SubjectRule::Nothing => "one line for each mint and refusal, without the subject",
        })
    }
}

/// What traced grants need.
pub(super) enum TraceSecret {
    /// There is no `audit.key`.
    Missing,
    /// It is wrong, which is said already.
    Wrong,
    /// It is right.
    Key(TraceKey),
}

#[derive(Clone, Copy)]
enum Rule {
    Plain,
    Hashed,
    Nothing,
}

pub(super) fn read_audit(
    raw: Field<RawAudit>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> (AuditConfig, TraceSecret) {
    let raw = raw.map(Spanned::into_inner).unwrap_or_default();
    let rules = [("plain", Rule::Plain), ("hashed", Rule::Hashed), ("none", Rule::Nothing)];
    let rule_place = raw.subject.as_ref().map(Spanned::span);
    let rule = reader.optional(raw.subject, one_of(&rules));
    let has_key = raw.key.is_some();
    let key = vault.fetch(raw.key, Kind::Secret, reader).and_then(|secret| strong(secret, reader));
    if let (Some(Rule::Hashed), Some(place), false) = (rule, &rule_place, has_key) {
        reader.wrong(
            place,
            "a hash of a subject hides it only with a key; add key = { file = \"PATH\" } (openssl rand -base64 48), \
             or write \"plain\" or \"none\"",
        );
    }
    let Some(key) = key else {
        let subject =
            if matches!(rule, Some(Rule::Plain)) { SubjectRule::Plain } else { SubjectRule::Nothing };
        return (AuditConfig { subject }, if has_key { TraceSecret::Wrong } else { TraceSecret::Missing });
    };
    let key = key.expose().as_bytes();
    let subject = match rule {
        Some(Rule::Plain) => SubjectRule::Plain,
        Some(Rule::Nothing) => SubjectRule::Nothing,
        Some(Rule::Hashed) | None => SubjectRule::Hashed(Pseudonyms::new(key)),
    };
    (AuditConfig { subject }, TraceSecret::Key(TraceKey::new(key)))
}

/// What traced grants are read with where nothing is minted, so that the secret need not be there.
pub(super) fn stand_in_for(raw: Option<&Spanned<RawAudit>>) -> TraceSecret {
    match raw.is_some_and(|raw| raw.get_ref().key.is_some()) {
        true => TraceSecret::Key(TraceKey::new(&[0; MIN_KEY_BYTES])),
        false => TraceSecret::Missing,
    }
}

fn strong(secret: Spanned<Secret>, reader: &mut Reader<'_>) -> Option<Secret> {
    if secret.get_ref().expose().len() < MIN_KEY_BYTES {
        let message = format!(
            "the key is shorter than {MIN_KEY_BYTES} bytes, so it could be guessed; make one with: openssl rand -base64 48"
        );
        reader.wrong(&secret.span(), message);
        return None;
    }
    Some(secret.into_inner())
}
