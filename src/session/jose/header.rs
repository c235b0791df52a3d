//! What a token says of its own signature (RFC 7515 §4).

use serde_json::{Map, Value};

use super::TokenRefusal;
use crate::session::strict_json;

/// Members that bring a key or the address of one. Who signs a token does not choose what it is checked by.
const KEY_MEMBERS: [&str; 4] = ["jwk", "jku", "x5c", "x5u"];

/// Members that change what the signature covers, or what the payload is (RFC 7797 §3, RFC 7516 §4.1.3). They
/// are not understood here, and who overlooks one reads another token than was signed.
const PAYLOAD_MEMBERS: [&str; 2] = ["b64", "zip"];

/// A token's header, as far as it counts. Nothing in it is to be trusted: it only picks a configured key and
/// must then agree with it.
#[derive(Debug)]
pub(super) struct TokenHeader {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
}

impl TokenHeader {
    /// Reads the decoded first part of a token, whose `typ`, if it has one, is one of `types` in any case.
    pub(super) fn parse(json: &[u8], types: &[&str]) -> Result<Self, TokenRefusal> {
        let mut members = strict_json::parse_object(json)
            .map_err(|refusal| TokenRefusal::of_json(refusal, TokenRefusal::MalformedHeader))?;
        if members.contains_key("crit") {
            return Err(TokenRefusal::CriticalHeader);
        }
        if KEY_MEMBERS.iter().any(|name| members.contains_key(*name)) {
            return Err(TokenRefusal::EmbeddedKey);
        }
        if PAYLOAD_MEMBERS.iter().any(|name| members.contains_key(*name)) {
            return Err(TokenRefusal::EncodedPayload);
        }
        match members.get("typ") {
            None => {}
            Some(Value::String(token_type))
                if types.iter().any(|one| token_type.eq_ignore_ascii_case(one)) => {}
            Some(_) => return Err(TokenRefusal::WrongTokenType),
        }
        Ok(Self {
            algorithm: text(&mut members, "alg")?.ok_or(TokenRefusal::MalformedHeader)?,
            key_id: text(&mut members, "kid")?,
        })
    }
}

fn text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, TokenRefusal> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenRefusal::MalformedHeader),
    }
}
