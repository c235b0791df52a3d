//! `[redis]`: the app's own sessions say who is asking, where the app keeps them in Redis or Valkey.

use std::ops::Range;

use serde::Deserialize;
use serde_spanned::Spanned;

use super::super::fields::{Reader, duration_in, one_of};
use super::super::raw::{Field, RawReference};
use super::super::secret::{Kind, Secret, Vault};
use super::claims::{RawClaims, read_claims};
use crate::session::redis::{RedisSettings, RedisSettingsError};
use crate::session::redis_session::{
    CookieSignature, IdForm, KeyTemplate, Pointer, RecordFields, RedisSessionSettings, SessionCookie,
};

/// While the app changes its secret there are two; a few more hurt nobody.
const MAX_SECRETS: usize = 8;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(in super::super) struct RawRedis {
    pub(super) url: Field<RawReference>,
    pub(super) ca: Field<RawReference>,
    pub(super) deadline: Field<String>,
    pub(super) cookie: Field<String>,
    pub(super) cookie_prefix: Field<String>,
    pub(super) secrets: Field<Vec<Spanned<RawReference>>>,
    pub(super) id: Field<String>,
    pub(super) key: Field<String>,
    pub(super) subject: Field<String>,
    pub(super) claims: Field<RawClaims>,
    pub(super) logged_in: Field<String>,
    pub(super) started: Field<String>,
    pub(super) expires: Field<String>,
}

/// Settings of which a provider can be made.
pub(in super::super) fn read_redis(
    raw: Field<RawRedis>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<RedisSessionSettings> {
    let raw = raw?;
    let section = raw.span();
    let raw = raw.into_inner();
    let forms = [IdForm::Plain, IdForm::Sha256Hex].map(|form| (form.as_str(), form));
    let signature = signature(raw.secrets, raw.cookie_prefix, vault, reader);
    let needed = |setting, remedy| (Some(&section), setting, remedy);
    let cookie = needed("redis.cookie", "name the app's session cookie, such as \"connect.sid\"");
    let cookie = reader.required(cookie, raw.cookie, |name: String| SessionCookie::new(&name, signature));
    let key = needed("redis.key", "write the key of a session as the app does, such as \"sess:{id}\"");
    let key = reader.required(key, raw.key, |text: String| KeyTemplate::parse(&text));
    let id = reader.optional(raw.id, one_of(&forms)).unwrap_or(IdForm::Plain);
    let pointer = |text: String| Pointer::parse(&text);
    let subject = needed("redis.subject", "point to the listener's id in a session, such as \"/user/id\"");
    let subject = reader.required(subject, raw.subject, pointer);
    let claims = read_claims(raw.claims, reader, pointer);
    let [logged_in, started, expires] =
        [raw.logged_in, raw.started, raw.expires].map(|field| reader.optional(field, pointer));
    let redis = connection(raw.url, raw.ca, raw.deadline, &section, vault, reader);
    let fields = RecordFields { subject: subject?, claims, logged_in, started, expires };
    Some(RedisSessionSettings { redis: redis?, cookie: cookie?, id, key: key?, fields })
}

/// How the cookie is signed. `None` if it is not, or if a problem was noted.
fn signature(
    secrets: Field<Vec<Spanned<RawReference>>>,
    prefix: Field<String>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<CookieSignature> {
    let Some(secrets) = secrets else {
        if let Some(prefix) = prefix {
            let message = "it stands before signed ids, and there are no secrets to check signatures with; add secrets, \
                           or remove this line";
            reader.wrong(&prefix.span(), message);
        }
        return None;
    };
    let (whole, references) = (secrets.span(), secrets.into_inner());
    let wanted = references.len();
    if !(1..=MAX_SECRETS).contains(&wanted) {
        let message = format!(
            "there are {wanted}; write the app's secret and those before it, {MAX_SECRETS} at most, or remove this line if \
             the app does not sign its cookie"
        );
        reader.wrong(&whole, message);
        return None;
    }
    let fetch = |reference| vault.fetch(Some(reference), Kind::Secret, reader);
    let secrets: Vec<Spanned<Secret>> = references.into_iter().filter_map(fetch).collect();
    if secrets.len() < wanted {
        return None;
    }
    let blamed = prefix.as_ref().map_or(whole, Spanned::span);
    let prefix = prefix.map_or_else(|| CookieSignature::DEFAULT_PREFIX.to_owned(), Spanned::into_inner);
    let secrets = secrets.iter().map(|secret| secret.get_ref().expose().as_bytes());
    CookieSignature::new(&prefix, secrets).map_err(|error| reader.wrong(&blamed, error)).ok()
}

/// Where Redis is.
fn connection(
    url: Field<RawReference>,
    authority: Field<RawReference>,
    deadline: Field<String>,
    section: &Range<usize>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<RedisSettings> {
    if url.is_none() {
        let remedy = "write url = { file = \"PATH\" } or { env = \"NAME\" }, which holds redis://USER:PASSWORD@HOST:6379/0";
        reader.missing(Some(section), "redis.url", remedy);
    }
    let bounds = duration_in(RedisSettings::MIN_DEADLINE, RedisSettings::MAX_DEADLINE);
    let deadline = reader.optional(deadline, bounds).unwrap_or(RedisSettings::DEFAULT_DEADLINE);
    let url = vault.fetch(url, Kind::Secret, reader)?;
    let authority = match authority {
        Some(authority) => Some(vault.fetch(Some(authority), Kind::Public, reader)?),
        None => None,
    };
    let text = authority.as_ref().map(|authority| authority.get_ref().expose());
    let settings = RedisSettings::new(url.get_ref().expose(), text, deadline);
    let blamed = |error: &RedisSettingsError| match (error, &authority) {
        (RedisSettingsError::Authority | RedisSettingsError::AuthorityWithoutTls, Some(authority)) => authority.span(),
        _ => url.span(),
    };
    settings.map_err(|error| reader.wrong(&blamed(&error), error)).ok()
}
