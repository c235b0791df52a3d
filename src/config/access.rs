//! `[ticket]` and `[[api_keys]]`: who may ask for cookies.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use serde_spanned::Spanned;

use crate::mint::is_plain_name;
use crate::session::api_key::ApiKey;
use crate::session::ticket::{Algorithm, TicketKey, TicketKeyError, TicketSettings};

use super::fields::{Reader, whole_seconds_in};
use super::raw::{Field, RawApiKey, RawTicket, RawTicketKey};
use super::secret::{Kind, Secret, Vault};

/// Settings of which a verifier can be made.
pub(super) fn read_ticket(
    raw: Field<RawTicket>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<TicketSettings> {
    let raw = raw?;
    let section = raw.span();
    let raw = raw.into_inner();
    let needed = |setting, remedy| (Some(&section), setting, remedy);
    let issuer = needed("ticket.issuer", "name the web app, as its tickets do in iss");
    let issuer = reader.required(issuer, raw.issuer, claim);
    let audience = needed("ticket.audience", "name this service, as tickets do in aud");
    let audience = reader.required(audience, raw.audience, claim);
    let lifetime = whole_seconds_in(Duration::from_secs(1), TicketSettings::MAX_LIFETIME, "a ticket");
    let max_lifetime = reader.optional(raw.max_lifetime, lifetime).unwrap_or(TicketSettings::MAX_LIFETIME);
    let leeway = whole_seconds_in(Duration::ZERO, TicketSettings::MAX_LEEWAY, "a ticket");
    let leeway = reader.optional(raw.leeway, leeway).unwrap_or(TicketSettings::DEFAULT_LEEWAY);
    let Some(raw_keys) = raw.keys.map(Spanned::into_inner).filter(|keys| !keys.is_empty()) else {
        let remedy = "no ticket could be checked; add a [[ticket.keys]] section";
        reader.missing(Some(&section), "ticket.keys", remedy);
        return None;
    };
    let wanted = raw_keys.len();
    let keys = ticket_keys(raw_keys, vault, reader);
    if keys.len() < wanted {
        return None;
    }
    let (issuer, audience, keys) = (issuer?, audience?, keys.into());
    let settings = TicketSettings { issuer, audience, keys, max_lifetime, leeway };
    // Each setting has been judged where it stands; this is the last word on all of them.
    settings.check().map_err(|error| reader.wrong(&section, error)).ok()?;
    Some(settings)
}

/// What tickets carry in `iss` and `aud`.
fn claim(text: String) -> Result<String, String> {
    match text.trim().len() {
        1..=256 if text.len() <= 256 => Ok(text),
        _ => Err(format!(
            "it is empty or long ({} bytes); write 1 to 256, the same text that tickets carry",
            text.len()
        )),
    }
}

/// The keys that are right by themselves.
fn ticket_keys(raw: Vec<Spanned<RawTicketKey>>, vault: Vault<'_>, reader: &mut Reader<'_>) -> Vec<TicketKey> {
    let several = raw.len() > 1;
    let mut seen = Seen::default();
    let mut keys = Vec::new();
    for key in raw {
        let (section, key) = (key.span(), key.into_inner());
        let unique = match &key.id {
            Some(id) => seen.is_new(id, "a ticket key with this id", reader),
            None if several => {
                let remedy = "with several keys each needs an id, which tickets name in kid";
                reader.missing(Some(&section), "ticket.keys.id", remedy);
                false
            }
            None => true,
        };
        keys.extend(ticket_key(key, &section, vault, reader).filter(|_| unique));
    }
    keys
}

fn ticket_key(
    raw: RawTicketKey,
    section: &Range<usize>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<TicketKey> {
    let remedy = "write \"HS256\", \"EdDSA\", \"ES256\" or \"RS256\"";
    let algorithm = (Some(section), "ticket.keys.algorithm", remedy);
    let algorithm = reader.required(algorithm, raw.algorithm, |name: String| name.parse::<Algorithm>())?;
    let (reference, other, name, other_name, kind) = match algorithm {
        Algorithm::HS256 => (raw.secret, raw.public_key, "secret", "public_key", Kind::Secret),
        _ => (raw.public_key, raw.secret, "public_key", "secret", Kind::Public),
    };
    if let Some(other) = other {
        let message = format!("{algorithm} is checked with a {name}; write {name} in place of {other_name}");
        reader.wrong(&other.span(), message);
        return None;
    }
    if reference.is_none() {
        let remedy = format!(
            "{algorithm} is checked with it; write {name} = {{ file = \"PATH\" }} or {{ env = \"NAME\" }}"
        );
        reader.missing(Some(section), &format!("ticket.keys.{name}"), &remedy);
    }
    let material = vault.fetch(reference, kind, reader)?;
    let id_span = raw.id.as_ref().map(Spanned::span);
    let id = raw.id.map(Spanned::into_inner);
    let key = TicketKey::new(id, algorithm, material.get_ref().expose().as_bytes());
    let blamed = |error: &TicketKeyError| match (error, id_span) {
        (TicketKeyError::KeyId, Some(id)) => id,
        _ => material.span(),
    };
    key.map_err(|error| reader.wrong(&blamed(&error), error)).ok()
}

const NOT_FOR_A_HEADER: &str = "the key holds a space, a control character or a non-ASCII one, which a header \
                                cannot carry; make one with: openssl rand -hex 32";

pub(super) fn read_api_keys(
    raw: Field<Vec<Spanned<RawApiKey>>>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Vec<ApiKey> {
    let mut seen = Seen::default();
    let mut keys: Vec<(ApiKey, Secret)> = Vec::new();
    for raw in raw.map(Spanned::into_inner).unwrap_or_default() {
        let (section, raw) = (raw.span(), raw.into_inner());
        if let Some(name) = &raw.name {
            seen.is_new(name, "an API key with this name", reader);
        }
        let name = (Some(&section), "api_keys.name", "say whose key it is, such as \"app-backend\"");
        let name = reader.required(name, raw.name, api_key_name);
        if raw.secret.is_none() {
            let remedy = "write secret = { file = \"PATH\" } or { env = \"NAME\" }";
            reader.missing(Some(&section), "api_keys.secret", remedy);
        }
        let secret = vault.fetch(raw.secret, Kind::Secret, reader);
        let Some((name, secret)) = name.zip(secret) else { continue };
        if let Some((twin, _)) = keys.iter().find(|(_, other)| other == secret.get_ref()) {
            reader.wrong(&secret.span(), same_secret(twin.name()));
        } else if !secret.get_ref().expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            reader.wrong(&secret.span(), NOT_FOR_A_HEADER);
        } else {
            match ApiKey::new(&name, secret.get_ref().expose().as_bytes()) {
                Ok(key) => keys.push((key, secret.into_inner())),
                Err(error) => reader.wrong(&secret.span(), error),
            }
        }
    }
    keys.into_iter().map(|(key, _)| key).collect()
}

fn same_secret(name: &str) -> String {
    format!("API key {name:?} has the same secret; give each its own, so that one can be withdrawn")
}

fn api_key_name(name: String) -> Result<String, String> {
    match is_plain_name(&name) {
        true => Ok(name),
        false => Err(format!("{name:?} cannot name an API key; write 1 to 64 of a-z, 0-9, - and _")),
    }
}

/// Names that have to differ, and where each was first.
#[derive(Default)]
struct Seen(HashMap<String, Range<usize>>);

impl Seen {
    /// Whether the name is new; if not, that is noted.
    fn is_new(&mut self, name: &Spanned<String>, what: &str, reader: &mut Reader<'_>) -> bool {
        if let Some(earlier) = self.0.get(name.get_ref()) {
            let message = format!("{what} is at {} already; give each its own", reader.place(earlier));
            reader.wrong(&name.span(), message);
            return false;
        }
        self.0.insert(name.get_ref().clone(), name.span());
        true
    }
}
