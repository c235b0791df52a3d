//! `[introspect]`: the web app is asked who is asking.

use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use serde_spanned::Spanned;

use super::super::fields::{Reader, duration_in, number_in, one_of};
use super::super::raw::{Field, RawReference};
use super::super::secret::Vault;
use super::claims::{RawClaims, read_claims};
use super::keys::read_authorities;
use crate::session::introspect::{CredentialPlace, IntrospectMethod, IntrospectSettings};
use crate::session::outbound::Endpoint;
use crate::session::record::{Pointer, RecordFields};

/// No app uses more than a few, and each is looked for in every request.
const MAX_COOKIES: usize = 8;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(in super::super) struct RawIntrospect {
    url: Field<String>,
    method: Field<String>,
    ca: Field<RawReference>,
    cookies: Field<Vec<Spanned<String>>>,
    header: Field<String>,
    subject: Field<String>,
    claims: Field<RawClaims>,
    active: Field<String>,
    session: Field<String>,
    started: Field<String>,
    until: Field<String>,
    cache: Field<String>,
    max_requests: Field<i64>,
}

/// Settings of which a provider can be made.
pub(in super::super) fn read_introspect(
    raw: Field<RawIntrospect>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<IntrospectSettings> {
    let raw = raw?;
    let section = raw.span();
    let raw = raw.into_inner();
    let needed = |setting, remedy| (Some(&section), setting, remedy);
    let url = needed("introspect.url", "write what to ask, such as \"https://www.example.com/api/session\"");
    let url = reader.required(url, raw.url, |text: String| Endpoint::parse(&text));
    let methods = [IntrospectMethod::Get, IntrospectMethod::Post].map(|method| (method.as_str(), method));
    let method = reader.optional(raw.method, one_of(&methods)).unwrap_or(IntrospectMethod::Get);
    let authorities = read_authorities(raw.ca, vault, reader);
    let credential = credential(raw.cookies, raw.header, &section, reader);
    let pointer = |text: String| Pointer::parse(&text);
    let subject =
        needed("introspect.subject", "point to the listener's id in the answer, such as \"/user/id\"");
    let subject = reader.required(subject, raw.subject, pointer);
    let claims = read_claims(raw.claims, reader, pointer);
    let [logged_in, session, started, expires] =
        [raw.active, raw.session, raw.started, raw.until].map(|field| reader.optional(field, pointer));
    let cache = reader.optional(raw.cache, duration_in(Duration::ZERO, IntrospectSettings::MAX_CACHE));
    let max_requests = reader.optional(raw.max_requests, number_in(1..=4096));
    Some(IntrospectSettings {
        url: url?,
        method,
        authorities: authorities?,
        credential: credential?,
        answer: RecordFields { subject: subject?, claims, logged_in, started, expires },
        session,
        cache: cache.unwrap_or(IntrospectSettings::DEFAULT_CACHE),
        max_requests: max_requests.unwrap_or(IntrospectSettings::DEFAULT_MAX_REQUESTS),
    })
}

fn credential(
    cookies: Field<Vec<Spanned<String>>>,
    header: Field<String>,
    section: &Range<usize>,
    reader: &mut Reader<'_>,
) -> Option<CredentialPlace> {
    match (cookies, header) {
        (None, header @ Some(_)) => reader.optional(header, |name| CredentialPlace::header(&name)),
        (Some(_), Some(header)) => {
            reader.wrong(&header.span(), "cookies are forwarded; remove this line or those");
            None
        }
        (None, None) => {
            let remedy = "name what is forwarded: cookies = [\"session\"], or header = \"Authorization\"";
            reader.missing(Some(section), "introspect.cookies", remedy);
            None
        }
        (Some(cookies), None) => {
            let (span, wanted) = (cookies.span(), cookies.get_ref().len());
            if !(1..=MAX_COOKIES).contains(&wanted) {
                reader.wrong(&span, format!("there are {wanted}; name 1 to {MAX_COOKIES} cookies"));
                return None;
            }
            let names = reader.items(Some(cookies), CredentialPlace::cookie_name);
            (names.len() == wanted).then(|| CredentialPlace::cookies(names))
        }
    }
}
