//! What a ticket says of its listener (RFC 7519 §4.1).

use serde_json::{Map, Value};

use super::TicketRefusal;
use crate::session::{Subject, strict_json};

/// The longest `iss`, `aud` or `jti`, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 256;

/// A ticket's claims, each there and of its type, none compared with anything yet.
pub(super) struct TicketClaims {
    pub(super) issuer: String,
    pub(super) audiences: Vec<String>,
    pub(super) jti: String,
    pub(super) subject: Subject,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
    pub(super) not_before: Option<i64>,
    /// The web app's own name of its session.
    pub(super) session: Option<String>,
    /// The members that say something of the listener and not of the ticket.
    pub(super) others: Map<String, Value>,
}

impl TicketClaims {
    /// Reads the decoded second part of a ticket.
    pub(super) fn parse(json: &[u8]) -> Result<Self, TicketRefusal> {
        let mut members = strict_json::parse_object(json)
            .map_err(|refusal| TicketRefusal::of_json(refusal, TicketRefusal::MalformedClaims))?;
        let issuer = bounded_text("iss", required(&mut members, "iss")?)?;
        let audiences = match required(&mut members, "aud")? {
            Value::Array(list) => {
                list.into_iter().map(|one| bounded_text("aud", one)).collect::<Result<_, _>>()?
            }
            one => vec![bounded_text("aud", one)?],
        };
        let jti = bounded_text("jti", required(&mut members, "jti")?)?;
        let subject = match required(&mut members, "sub")? {
            Value::String(name) => Subject::parse(&name).map_err(TicketRefusal::Subject)?,
            _ => return Err(TicketRefusal::MalformedClaim("sub")),
        };
        let issued_at = seconds("iat", &required(&mut members, "iat")?)?;
        let expires_at = seconds("exp", &required(&mut members, "exp")?)?;
        let not_before = members.remove("nbf").map(|value| seconds("nbf", &value)).transpose()?;
        let session = members.remove("sid").map(|value| bounded_text("sid", value)).transpose()?;
        Ok(Self {
            issuer,
            audiences,
            jti,
            subject,
            issued_at,
            expires_at,
            not_before,
            session,
            others: members,
        })
    }
}

fn required(members: &mut Map<String, Value>, name: &'static str) -> Result<Value, TicketRefusal> {
    members.remove(name).ok_or(TicketRefusal::MissingClaim(name))
}

fn bounded_text(name: &'static str, value: Value) -> Result<String, TicketRefusal> {
    match value {
        Value::String(text) if (1..=MAX_TEXT_BYTES).contains(&text.len()) => Ok(text),
        _ => Err(TicketRefusal::MalformedClaim(name)),
    }
}

/// A whole number of seconds since the epoch. RFC 7519 allows fractions; no ticket has a use for them.
fn seconds(name: &'static str, value: &Value) -> Result<i64, TicketRefusal> {
    value.as_i64().filter(|seconds| *seconds >= 0).ok_or(TicketRefusal::MalformedClaim(name))
}
