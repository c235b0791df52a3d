//! `[ticket]` and `[[api_keys]]`: who may ask for cookies.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use serde_spanned::Spanned;

use crate::mint::is_plain_name;
use crate::session::api_key::ApiKey;

use super::fields::{Reader, duration_in, not_empty, one_of};
use super::raw::{Field, RawApiKey, RawTicket, RawTicketKey};
use super::secret::{Kind, Secret, Vault};

/// HS256 needs a key as long as its hash (RFC 7518 §3.2).
const MIN_SECRET_BYTES: usize = 32;

/// `[ticket]`: what a ticket must say, and who may sign it.
#[derive(Debug, Clone)]
pub struct TicketConfig {
    /// The `iss` of every ticket.
    pub issuer: String,
    /// The `aud` of every ticket.
    pub audience: String,
    /// Longest time from `iat` to `exp`; whole seconds.
    pub max_lifetime: Duration,
    /// Allowance for clocks that differ; whole seconds.
    pub leeway: Duration,
    /// At least one; with several, each has an id.
    pub keys: Vec<TicketKeyConfig>,
}

/// One key of `[[ticket.keys]]`.
#[derive(Debug, Clone)]
pub struct TicketKeyConfig {
    /// The `kid` by which tickets name it.
    pub id: Option<String>,
    /// The only algorithm it is used with.
    pub algorithm: TicketAlgorithm,
    /// The shared secret for HS256, else the public key as PEM.
    pub material: Secret,
}

/// How a ticket is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketAlgorithm {
    /// HMAC with SHA-256 and a shared secret.
    Hs256,
    /// Ed25519.
    EdDsa,
    /// ECDSA P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl TicketAlgorithm {
    /// The JWT `alg`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

pub(super) fn read_ticket(
    raw: Field<RawTicket>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<TicketConfig> {
    let raw = raw?;
    let section = raw.span();
    let raw = raw.into_inner();
    let needed = |setting, remedy| (Some(&section), setting, remedy);
    let issuer = needed("ticket.issuer", "name the web app, as its tickets do in iss");
    let issuer = reader.required(issuer, raw.issuer, not_empty);
    let audience = needed("ticket.audience", "name this service, as tickets do in aud");
    let audience = reader.required(audience, raw.audience, not_empty);
    let most = Duration::from_secs(60);
    let max_lifetime = reader.optional(raw.max_lifetime, whole_seconds(1, most.as_secs())).unwrap_or(most);
    let leeway = reader.optional(raw.leeway, whole_seconds(0, 30)).unwrap_or(Duration::from_secs(5));
    let keys = match raw.keys {
        Some(keys) if !keys.get_ref().is_empty() => ticket_keys(keys.into_inner(), vault, reader),
        _ => {
            reader.missing(
                Some(&section),
                "ticket.keys",
                "no ticket could be checked; add a [[ticket.keys]] section",
            );
            Vec::new()
        }
    };
    Some(TicketConfig { issuer: issuer?, audience: audience?, max_lifetime, leeway, keys })
}

fn whole_seconds(least: u64, most: u64) -> impl Fn(String) -> Result<Duration, String> {
    move |text| match duration_in(Duration::from_secs(least), Duration::from_secs(most))(text.clone())? {
        span if span.subsec_nanos() == 0 => Ok(span),
        _ => Err(format!("{text:?} is not in whole seconds, which is what tickets count; drop the fraction")),
    }
}

fn ticket_keys(
    raw: Vec<Spanned<RawTicketKey>>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Vec<TicketKeyConfig> {
    let several = raw.len() > 1;
    let mut seen = Seen::default();
    let mut keys = Vec::new();
    for key in raw {
        let (section, key) = (key.span(), key.into_inner());
        match &key.id {
            Some(id) => seen.check(id, "a ticket key with this id", reader),
            None if several => {
                reader.missing(
                    Some(&section),
                    "ticket.keys.id",
                    "with several keys each needs an id, which tickets name in kid",
                );
            }
            None => {}
        }
        keys.extend(ticket_key(key, &section, vault, reader));
    }
    keys
}

fn ticket_key(
    raw: RawTicketKey,
    section: &Range<usize>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<TicketKeyConfig> {
    use TicketAlgorithm::{EdDsa, Es256, Hs256, Rs256};
    let id = raw.id.map(|id| reader.optional(Some(id), not_empty));
    let algorithm =
        (Some(section), "ticket.keys.algorithm", "write \"HS256\", \"EdDSA\", \"ES256\" or \"RS256\"");
    let words = [("HS256", Hs256), ("EdDSA", EdDsa), ("ES256", Es256), ("RS256", Rs256)];
    let algorithm = reader.required(algorithm, raw.algorithm, one_of(&words))?;
    let shares_secret = algorithm == Hs256;
    let (reference, other, name, other_name, kind) = match shares_secret {
        true => (raw.secret, raw.public_key, "secret", "public_key", Kind::Secret),
        false => (raw.public_key, raw.secret, "public_key", "secret", Kind::Public),
    };
    let algorithm_name = algorithm.as_str();
    if let Some(other) = other {
        reader.wrong(
            &other.span(),
            format!("{algorithm_name} is checked with a {name}; write {name} in place of {other_name}"),
        );
        return None;
    }
    if reference.is_none() {
        let remedy = format!(
            "{algorithm_name} is checked with it; write {name} = {{ file = \"PATH\" }} or {{ env = \"NAME\" }}"
        );
        reader.missing(Some(section), &format!("ticket.keys.{name}"), &remedy);
    }
    let material = vault.fetch(reference, kind, reader)?;
    if let Err(message) = fits(algorithm, material.get_ref()) {
        reader.wrong(&material.span(), message);
        return None;
    }
    Some(TicketKeyConfig { id: id.flatten(), algorithm, material: material.into_inner() })
}

fn fits(algorithm: TicketAlgorithm, material: &Secret) -> Result<(), String> {
    let text = material.expose();
    match algorithm {
        TicketAlgorithm::Hs256 if text.len() < MIN_SECRET_BYTES => Err(format!(
            "the secret has {} bytes, and HS256 needs at least {MIN_SECRET_BYTES}; make one with: openssl rand -base64 48",
            text.len()
        )),
        TicketAlgorithm::Hs256 => Ok(()),
        _ if text.contains("PRIVATE KEY-----") => Err(
            "this is a private key, which belongs to the web app alone; give its public key (openssl pkey -pubout)".to_owned(),
        ),
        _ if !text.contains("-----BEGIN PUBLIC KEY-----") => {
            Err("this is not a public key; give it as PEM that begins with -----BEGIN PUBLIC KEY-----".to_owned())
        }
        _ => Ok(()),
    }
}

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
            seen.check(name, "an API key with this name", reader);
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
            let message = format!(
                "API key {:?} has the same secret; give each its own, so that one can be withdrawn",
                twin.name()
            );
            reader.wrong(&secret.span(), message);
        } else if !secret.get_ref().expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "the key holds a space, a control character or a non-ASCII one, which a header cannot \
                           carry; make one with: openssl rand -hex 32";
            reader.wrong(&secret.span(), message);
        } else {
            match ApiKey::new(&name, secret.get_ref().expose().as_bytes()) {
                Ok(key) => keys.push((key, secret.into_inner())),
                Err(error) => reader.wrong(&secret.span(), error),
            }
        }
    }
    keys.into_iter().map(|(key, _)| key).collect()
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
    fn check(&mut self, name: &Spanned<String>, what: &str, reader: &mut Reader<'_>) {
        match self.0.get(name.get_ref()) {
            Some(earlier) => {
                let message = format!("{what} is at {} already; give each its own", reader.place(earlier));
                reader.wrong(&name.span(), message);
            }
            None => {
                self.0.insert(name.get_ref().clone(), name.span());
            }
        }
    }
}
