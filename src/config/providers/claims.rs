//! `claims = { NAME = "WHERE" }`: what else a provider says of a listener.

use std::collections::BTreeMap;

use serde_spanned::Spanned;

use super::super::fields::Reader;
use super::super::raw::Field;

/// Names of claims, each with where its value is found.
pub(super) type RawClaims = BTreeMap<String, Spanned<String>>;

/// The longest name of a claim, in bytes.
const MAX_NAME: usize = 64;

/// The claims that are right by themselves, in the order of their names; `found` reads where one is found.
pub(super) fn read_claims<T, E: ToString>(
    raw: Field<RawClaims>,
    reader: &mut Reader<'_>,
    found: impl Fn(String) -> Result<T, E>,
) -> Vec<(String, T)> {
    let mut claims = Vec::new();
    for (name, place) in raw.map(Spanned::into_inner).unwrap_or_default() {
        // As `{claim:NAME}` in a grant's resource takes it.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !(1..=MAX_NAME).contains(&name.len()) || !name.bytes().all(is_plain) {
            let message = format!("{name:?} cannot name a claim; write 1 to 64 letters, digits, - and _");
            reader.wrong(&place.span(), message);
            continue;
        }
        claims.extend(reader.optional(Some(place), &found).map(|found| (name, found)));
    }
    claims
}
