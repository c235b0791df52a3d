//! What a ticket says of its listener.

use serde_json::{Map, Value};

use super::TicketRefusal;
use crate::session::Subject;
use crate::session::jose::{bounded_text, required, seconds};

/// What describes the ticket and not the listener.
const OF_THE_TICKET: [&str; 8] = ["iss", "aud", "jti", "sub", "iat", "exp", "nbf", "sid"];

/// A ticket's claims, each there and of its type, none compared with anything yet.
pub(super) struct TicketClaims {
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
    /// Reads the claims of a ticket, but for those that say by whom and for whom it is.
    pub(super) fn read(mut members: Map<String, Value>) -> Result<Self, TicketRefusal> {
        let jti = bounded_text("jti", required(&members, "jti")?)?.to_owned();
        let subject = match required(&members, "sub")? {
            Value::String(name) => Subject::parse(name).map_err(TicketRefusal::Subject)?,
            _ => return Err(TicketRefusal::MalformedClaim("sub")),
        };
        let issued_at = seconds("iat", required(&members, "iat")?)?;
        let expires_at = seconds("exp", required(&members, "exp")?)?;
        let not_before = members.get("nbf").map(|value| seconds("nbf", value)).transpose()?;
        let session =
            members.get("sid").map(|value| bounded_text("sid", value).map(str::to_owned)).transpose()?;
        members.retain(|name, _| !OF_THE_TICKET.contains(&name.as_str()));
        Ok(Self { jti, subject, issued_at, expires_at, not_before, session, others: members })
    }
}
