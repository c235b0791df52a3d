//! What a ticket says of its listener.

use serde_json::{Map, Value};

use super::TicketRefusal;
use crate::session::Subject;
use crate::session::jose::{Parties, bounded_text, parties, required, seconds};

/// A ticket's claims, each there and of its type, none compared with anything yet.
pub(super) struct TicketClaims {
    pub(super) parties: Parties,
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
    /// Reads the claims of a ticket.
    pub(super) fn read(mut members: Map<String, Value>) -> Result<Self, TicketRefusal> {
        let parties = parties(&mut members)?;
        let jti = bounded_text("jti", required(&mut members, "jti")?)?;
        let subject = match required(&mut members, "sub")? {
            Value::String(name) => Subject::parse(&name).map_err(TicketRefusal::Subject)?,
            _ => return Err(TicketRefusal::MalformedClaim("sub")),
        };
        let issued_at = seconds("iat", &required(&mut members, "iat")?)?;
        let expires_at = seconds("exp", &required(&mut members, "exp")?)?;
        let not_before = members.remove("nbf").map(|value| seconds("nbf", &value)).transpose()?;
        let session = members.remove("sid").map(|value| bounded_text("sid", value)).transpose()?;
        Ok(Self { parties, jti, subject, issued_at, expires_at, not_before, session, others: members })
    }
}
