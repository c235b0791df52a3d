//! What a ticket says of its own signature (RFC 7515 §4).

use serde_json::{Map, Value};

use super::TicketRefusal;
use crate::session::strict_json;

/// Members that bring a key or the address of one. Who signs a ticket does not choose what it is checked by.
const KEY_MEMBERS: [&str; 4] = ["jwk", "jku", "x5c", "x5u"];

/// Members that change what the signature covers, or what the payload is (RFC 7797 §3, RFC 7516 §4.1.3). They
/// are not understood here, and who overlooks one reads another ticket than was signed.
const PAYLOAD_MEMBERS: [&str; 2] = ["b64", "zip"];

/// A ticket's header, as far as it counts. Nothing in it is to be trusted: it only picks a configured key and
/// must then agree with it.
#[derive(Debug)]
pub(super) struct TicketHeader {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
}

impl TicketHeader {
    /// Reads the decoded first part of a ticket.
    pub(super) fn parse(json: &[u8]) -> Result<Self, TicketRefusal> {
        let mut members = strict_json::parse_object(json)
            .map_err(|refusal| TicketRefusal::of_json(refusal, TicketRefusal::MalformedHeader))?;
        if members.contains_key("crit") {
            return Err(TicketRefusal::CriticalHeader);
        }
        if KEY_MEMBERS.iter().any(|name| members.contains_key(*name)) {
            return Err(TicketRefusal::EmbeddedKey);
        }
        if PAYLOAD_MEMBERS.iter().any(|name| members.contains_key(*name)) {
            return Err(TicketRefusal::EncodedPayload);
        }
        match members.get("typ") {
            None => {}
            Some(Value::String(token_type)) if token_type.eq_ignore_ascii_case("JWT") => {}
            Some(_) => return Err(TicketRefusal::WrongTokenType),
        }
        Ok(Self {
            algorithm: text(&mut members, "alg")?.ok_or(TicketRefusal::MalformedHeader)?,
            key_id: text(&mut members, "kid")?,
        })
    }
}

fn text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, TicketRefusal> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TicketRefusal::MalformedHeader),
    }
}
