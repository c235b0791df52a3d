//! From the text of a set to keys.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::keys::KeySet;
use super::super::{TokenKey, jwk};
use crate::session::strict_json::parse_object;

/// No issuer comes near it; whoever serves more makes every look-up and every log line cost.
const MAX_KEYS: usize = 32;

/// What a set holds.
pub(super) struct Read {
    /// Absent if none can be used.
    pub(super) keys: Option<KeySet>,
    /// The others: the `kid`, if it has one, and why it cannot.
    pub(super) skipped: Vec<(Option<String>, &'static str)>,
}

/// Reads a set. A key that cannot be used is left out; a text that is no set at all is refused.
pub(super) fn read(text: &[u8]) -> Result<Read, &'static str> {
    let set = parse_object(text).map_err(|_| "it is not one JSON object without duplicate members")?;
    let listed = set.get("keys").and_then(Value::as_array).ok_or("it has no list `keys`")?;
    if listed.len() > MAX_KEYS {
        return Err("it lists more than 32 keys");
    }
    let listed: Option<Vec<_>> = listed.iter().map(Value::as_object).collect();
    let listed = listed.ok_or("it lists something that is no key")?;
    let mut skipped = Vec::new();
    let mut usable: Vec<TokenKey> = Vec::new();
    for jwk in listed {
        match jwk::read(jwk) {
            Ok(key) => usable.push(key),
            Err(reason) => skipped.push((named(jwk), reason)),
        }
    }
    let keys = told_apart(usable, &mut skipped);
    // Told apart by their ids just now, if there is more than one.
    Ok(Read { keys: KeySet::new(keys).ok(), skipped })
}

fn named(jwk: &Map<String, Value>) -> Option<String> {
    jwk::key_id(jwk).map(str::to_owned)
}

/// Of several keys only those count that a token can name, each by a name of its own.
fn told_apart(usable: Vec<TokenKey>, skipped: &mut Vec<(Option<String>, &'static str)>) -> Vec<TokenKey> {
    if usable.len() < 2 {
        return usable;
    }
    let mut seen = HashSet::new();
    let doubled: HashSet<String> = usable
        .iter()
        .filter_map(TokenKey::key_id)
        .filter(|id| !seen.insert(*id))
        .map(str::to_owned)
        .collect();
    let mut kept = Vec::new();
    for key in usable {
        match key.key_id() {
            None => skipped.push((None, "it has no `kid`, and others are beside it")),
            Some(id) if doubled.contains(id) => {
                skipped.push((Some(id.to_owned()), "another key has the same `kid`"));
            }
            Some(_) => kept.push(key),
        }
    }
    kept
}
