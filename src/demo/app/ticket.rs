//! The ticket: how the app tells edgemint who its listener is (threats.md *Ticket*).

use std::fmt;

use aws_lc_rs::error::Unspecified;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::listener::{Listener, random_token};

/// Long enough for one redirect.
const LIFETIME_SECONDS: i64 = 30;

/// Makes tickets: HS256 JWTs for one audience, each used once and valid for half a minute.
pub struct TicketIssuer {
    key: EncodingKey,
    issuer: String,
    audience: String,
}

/// Why no ticket was made.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// The system gave no random bytes.
    #[error("no random bytes for a ticket: the system's random generator failed")]
    Random(#[from] Unspecified),
    /// The token could not be signed.
    #[error("the ticket could not be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

impl TicketIssuer {
    /// Takes the secret shared with edgemint, and the `iss` and `aud` that edgemint expects.
    #[must_use]
    pub fn new(secret: &[u8], issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self { key: EncodingKey::from_secret(secret), issuer: issuer.into(), audience: audience.into() }
    }

    /// A ticket for a listener, from `now` (seconds since 1970) for half a minute. The ticket is a
    /// secret until it is redeemed.
    ///
    /// # Errors
    /// When the system has no random bytes or the signature fails.
    pub fn issue(&self, listener: &Listener, now: i64) -> Result<String, TicketError> {
        let claims = Claims {
            iss: &self.issuer,
            aud: &self.audience,
            sub: listener.as_str(),
            jti: random_token()?,
            iat: now,
            exp: now.saturating_add(LIFETIME_SECONDS),
        };
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.key)?)
    }
}

impl fmt::Debug for TicketIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _, issuer, audience } = self;
        formatter
            .debug_struct("TicketIssuer")
            .field("issuer", issuer)
            .field("audience", audience)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::Value;

    use super::*;

    const SECRET: &[u8] = b"a secret of at least thirty-two bytes";

    fn claims(ticket: &str, secret: &[u8]) -> Result<Value, jsonwebtoken::errors::Error> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["edge"]);
        validation.set_issuer(&["app"]);
        validation.validate_exp = false;
        Ok(jsonwebtoken::decode(ticket, &DecodingKey::from_secret(secret), &validation)?.claims)
    }

    fn issue(now: i64) -> String {
        let ada = Listener::try_from("Ada".to_owned()).unwrap();
        TicketIssuer::new(SECRET, "app", "edge").issue(&ada, now).unwrap()
    }

    #[test]
    fn a_ticket_has_every_claim_that_edgemint_demands() {
        let claims = claims(&issue(1_000), SECRET).unwrap();
        assert_eq!((&claims["sub"], &claims["iat"]), (&Value::from("Ada"), &Value::from(1_000)));
        let lifetime = claims["exp"].as_i64().unwrap() - 1_000;
        assert!((1..=60).contains(&lifetime), "{lifetime}");
        assert!(claims["jti"].as_str().unwrap().len() >= 22);
    }

    #[test]
    fn another_secret_or_a_changed_byte_does_not_verify() {
        let ticket = issue(1_000);
        assert!(claims(&ticket, b"another secret of thirty-two bytes!!!").is_err());
        let changed = ticket.replacen('.', ".f", 1);
        assert!(claims(&changed, SECRET).is_err());
    }

    #[test]
    fn no_two_tickets_are_alike_even_in_the_same_second() {
        let tickets: HashSet<_> = (0..50).map(|_| issue(1_000)).collect();
        assert_eq!(tickets.len(), 50);
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", TicketIssuer::new(SECRET, "app", "edge"));
        assert!(!shown.contains("secret") && shown.contains("app"), "{shown}");
    }
}
