//! `[jwt]`: a JWT of the app or of its identity provider says who is asking.

use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use serde_spanned::Spanned;

use super::super::access::claim;
use super::super::fields::{Reader, whole_seconds_in};
use super::super::raw::Field;
use super::super::secret::Vault;
use super::claims::{RawClaims, read_claims};
use super::keys::{KeySection, RawJwks, RawTokenKey};
use crate::session::introspect::CredentialPlace;
use crate::session::jwt::{JwtPlace, JwtSettings};
use crate::session::record::Pointer;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(in super::super) struct RawJwt {
    cookie: Field<String>,
    bearer: Field<bool>,
    issuer: Field<String>,
    audience: Field<String>,
    leeway: Field<String>,
    subject: Field<String>,
    session: Field<String>,
    started: Field<String>,
    claims: Field<RawClaims>,
    keys: Field<Vec<Spanned<RawTokenKey>>>,
    jwks: Field<RawJwks>,
}

/// Settings of which a provider can be made.
pub(in super::super) fn read_jwt(
    raw: Field<RawJwt>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<JwtSettings> {
    let raw = raw?;
    let section = raw.span();
    let raw = raw.into_inner();
    let place = place(raw.cookie, raw.bearer, &section, reader);
    let needed = |setting, remedy| (Some(&section), setting, remedy);
    let issuer = needed("jwt.issuer", "name who signs, as the tokens do in iss");
    let issuer = reader.required(issuer, raw.issuer, claim);
    let audience = needed("jwt.audience", "name whom the tokens are for, as they do in aud");
    let audience = reader.required(audience, raw.audience, claim);
    let leeway = whole_seconds_in(Duration::ZERO, JwtSettings::MAX_LEEWAY, "a token");
    let leeway = reader.optional(raw.leeway, leeway).unwrap_or(JwtSettings::DEFAULT_LEEWAY);
    let pointer = |text: String| Pointer::parse(&text);
    let or = |field: Field<String>, text: &str| {
        field.or_else(|| Some(Spanned::new(section.clone(), text.to_owned())))
    };
    let [subject, started] =
        [or(raw.subject, "/sub"), or(raw.started, "/auth_time")].map(|field| reader.optional(field, pointer));
    let session = reader.optional(raw.session, pointer);
    let claims = read_claims(raw.claims, reader, pointer);
    let keys = KeySection { name: "jwt", span: &section, vault }.read(raw.keys, raw.jwks, reader);
    let (place, issuer, audience, keys) = (place?, issuer?, audience?, keys?);
    let (subject, started) = (subject?, started?);
    Some(JwtSettings { place, issuer, audience, keys, leeway, subject, session, started, claims })
}

/// A cookie or a bearer token, and not both: of two tokens none would say which counts.
fn place(
    cookie: Field<String>,
    bearer: Field<bool>,
    section: &Range<usize>,
    reader: &mut Reader<'_>,
) -> Option<JwtPlace> {
    match (cookie, bearer) {
        (cookie @ Some(_), None) => {
            reader.optional(cookie, CredentialPlace::cookie_name).map(JwtPlace::Cookie)
        }
        (None, Some(bearer)) if *bearer.get_ref() => Some(JwtPlace::Bearer),
        (Some(_), Some(bearer)) => {
            let message =
                "requests carry the token in a cookie or as a bearer token; remove this line or the cookie";
            reader.wrong(&bearer.span(), message);
            None
        }
        (None, Some(bearer)) => {
            reader.wrong(
                &bearer.span(),
                "then the token has no place; write true, or cookie = \"NAME\" in place of it",
            );
            None
        }
        (None, None) => {
            let remedy = "name the cookie that holds the token, or write bearer = true if requests carry it in Authorization";
            reader.missing(Some(section), "jwt.cookie", remedy);
            None
        }
    }
}
