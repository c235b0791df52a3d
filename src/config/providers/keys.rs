//! `[[ticket.keys]]` or `[ticket.jwks]`, and the same of `[jwt]`: what tokens are verified by.

use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use serde_spanned::Spanned;

use super::super::access::Seen;
use super::super::fields::{Reader, duration_in};
use super::super::raw::{Field, RawReference};
use super::super::secret::{Kind, Vault};
use crate::session::jose::{Algorithm, JwksSettings, KeySettings, TokenKey, TokenKeyError};
use crate::session::outbound::{Authorities, Endpoint};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(in super::super) struct RawTokenKey {
    id: Field<String>,
    algorithm: Field<String>,
    secret: Field<RawReference>,
    public_key: Field<RawReference>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(in super::super) struct RawJwks {
    url: Field<String>,
    ca: Field<RawReference>,
    refresh: Field<String>,
    interval: Field<String>,
    max_stale: Field<String>,
}

/// The keys of one kind of token, as a section of the configuration gives them.
pub(in super::super) struct KeySection<'a> {
    /// The section: `ticket` or `jwt`.
    pub(in super::super) name: &'static str,
    pub(in super::super) span: &'a Range<usize>,
    pub(in super::super) vault: Vault<'a>,
}

impl KeySection<'_> {
    /// Keys that are configured, or where to fetch them; not both, and not neither.
    pub(in super::super) fn read(
        &self,
        keys: Field<Vec<Spanned<RawTokenKey>>>,
        jwks: Field<RawJwks>,
        reader: &mut Reader<'_>,
    ) -> Option<KeySettings> {
        let name = self.name;
        match (keys.filter(|keys| !keys.get_ref().is_empty()), jwks) {
            (Some(keys), None) => {
                let keys = keys.into_inner();
                let wanted = keys.len();
                let keys = self.configured(keys, reader);
                (keys.len() == wanted).then_some(KeySettings::Configured(keys))
            }
            (None, Some(jwks)) => self.fetched(jwks, reader).map(KeySettings::Fetched),
            (Some(_), Some(jwks)) => {
                let message =
                    format!("keys are given in [[{name}.keys]] too; keep those, or the set at a URL");
                reader.wrong(&jwks.span(), message);
                None
            }
            (None, None) => {
                let remedy = format!(
                    "no {name} could be checked; add a [[{name}.keys]] section, or [{name}.jwks] with the url of a key set"
                );
                reader.missing(Some(self.span), &format!("{name}.keys"), &remedy);
                None
            }
        }
    }

    /// The keys that are right by themselves.
    fn configured(&self, raw: Vec<Spanned<RawTokenKey>>, reader: &mut Reader<'_>) -> Vec<TokenKey> {
        let name = self.name;
        let several = raw.len() > 1;
        let mut seen = Seen::default();
        let mut keys = Vec::new();
        for key in raw {
            let (section, key) = (key.span(), key.into_inner());
            let unique = match &key.id {
                Some(id) => seen.is_new(id, &format!("a {name} key with this id"), reader),
                None if several => {
                    let remedy = format!("with several keys each needs an id, which a {name} names in kid");
                    reader.missing(Some(&section), &format!("{name}.keys.id"), &remedy);
                    false
                }
                None => true,
            };
            keys.extend(self.key(key, &section, reader).filter(|_| unique));
        }
        keys
    }

    fn key(&self, raw: RawTokenKey, section: &Range<usize>, reader: &mut Reader<'_>) -> Option<TokenKey> {
        let setting = format!("{}.keys.algorithm", self.name);
        let algorithm = (Some(section), &*setting, "write \"HS256\", \"EdDSA\", \"ES256\" or \"RS256\"");
        let algorithm =
            reader.required(algorithm, raw.algorithm, |name: String| name.parse::<Algorithm>())?;
        let (reference, other, name, other_name, kind) = match algorithm {
            Algorithm::HS256 => (raw.secret, raw.public_key, "secret", "public_key", Kind::Secret),
            _ => (raw.public_key, raw.secret, "public_key", "secret", Kind::Public),
        };
        if let Some(other) = other {
            let message =
                format!("{algorithm} is checked with a {name}; write {name} in place of {other_name}");
            reader.wrong(&other.span(), message);
            return None;
        }
        if reference.is_none() {
            let remedy = format!(
                "{algorithm} is checked with it; write {name} = {{ file = \"PATH\" }} or {{ env = \"NAME\" }}"
            );
            reader.missing(Some(section), &format!("{}.keys.{name}", self.name), &remedy);
        }
        let material = self.vault.fetch(reference, kind, reader)?;
        let id_span = raw.id.as_ref().map(Spanned::span);
        let id = raw.id.map(Spanned::into_inner);
        let key = TokenKey::new(id, algorithm, material.get_ref().expose().as_bytes());
        let blamed = |error: &TokenKeyError| match (error, id_span) {
            (TokenKeyError::KeyId, Some(id)) => id,
            _ => material.span(),
        };
        key.map_err(|error| reader.wrong(&blamed(&error), error)).ok()
    }

    fn fetched(&self, raw: Spanned<RawJwks>, reader: &mut Reader<'_>) -> Option<JwksSettings> {
        let (section, raw) = (raw.span(), raw.into_inner());
        let setting = format!("{}.jwks.url", self.name);
        let remedy =
            "write where the key set is, such as \"https://login.example.com/.well-known/jwks.json\"";
        let url = (Some(&section), &*setting, remedy);
        let url = reader.required(url, raw.url, |text: String| Endpoint::parse(&text));
        let authorities = read_authorities(raw.ca, self.vault, reader);
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        let refresh = reader.optional(raw.refresh, duration_in(second, 24 * hour));
        let refresh = refresh.unwrap_or(JwksSettings::DEFAULT_REFRESH);
        // Neither has to be written down only because the one above is.
        let interval = reader.optional(raw.interval, duration_in(second, refresh.min(hour)));
        let interval = interval.unwrap_or(JwksSettings::DEFAULT_INTERVAL.min(refresh));
        let max_stale = reader.optional(raw.max_stale, duration_in(refresh, 7 * 24 * hour));
        let max_stale = max_stale.unwrap_or(JwksSettings::DEFAULT_MAX_STALE.max(refresh));
        Some(JwksSettings { url: url?, authorities: authorities?, refresh, interval, max_stale })
    }
}

/// Authorities to trust in place of the system's: `Some(None)` if none are given, `None` if something is wrong with
/// them.
pub(super) fn read_authorities(
    ca: Field<RawReference>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<Option<Authorities>> {
    if ca.is_none() {
        return Some(None);
    }
    let pem = vault.fetch(ca, Kind::Public, reader)?;
    let authorities = Authorities::parse(pem.get_ref().expose());
    authorities.map(Some).map_err(|error| reader.wrong(&pem.span(), error)).ok()
}
