//! From the text of a ticket to a session, or to the reason why not.

use super::TicketRefusal;
use super::claims::TicketClaims;
use super::settings::{CheckedSettings, TicketSettings, TicketSettingsError};
use crate::session::jose::{Kind, parties};
use crate::session::replay::JtiKey;
use crate::session::{Failures, Session, SessionId};

const TICKET: Kind = Kind { max_bytes: TicketVerifier::MAX_BYTES, types: &["JWT"] };

/// Verifies tickets against one set of settings.
///
/// ```
/// use edgemint::session::ticket::{Algorithm, TicketKey, TicketRefusal, TicketSettings, TicketVerifier};
///
/// let key = TicketKey::new(None, Algorithm::HS256, b"an example of a secret: 32 bytes")?;
/// let settings = TicketSettings::new("https://app.example.com", "https://mint.example.com", vec![key]);
/// let verifier = TicketVerifier::new(settings)?;
/// let refusal = verifier.verify("not a ticket", 1_800_000_000).unwrap_err();
/// assert_eq!(refusal, TicketRefusal::NotThreeParts);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TicketVerifier {
    settings: CheckedSettings,
}

/// A ticket that passed every check but one: it may have been used before. Redeem its
/// [`jti_key`](Self::jti_key) before anything is done for it.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedTicket {
    /// Who is handed over, and what the web app says of them.
    pub session: Session,
    /// What the ticket is remembered by once it is used.
    pub jti_key: JtiKey,
    /// When the web app made it (epoch seconds, by its clock).
    pub issued_at: i64,
    /// The first second (epoch) at which the ticket is refused for its age: `exp` plus the leeway. Until then
    /// it must be remembered as used.
    pub expires: i64,
}

impl TicketVerifier {
    /// The longest ticket that is looked at, in bytes.
    pub const MAX_BYTES: usize = 4096;

    /// A verifier for `settings`. If its keys are fetched, call it within the runtime that lives as long as the
    /// service: they are fetched there.
    ///
    /// # Errors
    /// [`TicketSettingsError`] when a setting is out of its bounds, or the keys cannot be told apart.
    pub fn new(settings: TicketSettings) -> Result<Self, TicketSettingsError> {
        Ok(Self { settings: settings.checked()? })
    }

    /// Verifies the ticket `token` at the second `now` (epoch).
    ///
    /// # Errors
    /// [`TicketRefusal`], for the operator only: tell the sender nothing but that the ticket is refused.
    pub fn verify(&self, token: &str, now: i64) -> Result<VerifiedTicket, TicketRefusal> {
        let keys = self.settings.keys.at_hand()?;
        let members = TICKET.verified_claims(token, &keys)?;
        let is_ours = parties(&members)?.are(&self.settings.issuer, &self.settings.audience);
        // That a claim is missing or malformed is said before that another is somebody else's.
        let claims = TicketClaims::read(members)?;
        is_ours?;
        self.accept(claims, now)
    }

    /// The same, and keys that are fetched are fetched again if none has the ticket's `kid`: not more often than
    /// they may be, and only then it takes longer.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub async fn verify_with_latest_keys(
        &self,
        token: &str,
        now: i64,
    ) -> Result<VerifiedTicket, TicketRefusal> {
        self.settings.keys.verified(|| self.verify(token, now)).await
    }

    /// Whether there are keys to verify by: those that are fetched may not have come yet.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.settings.keys.are_at_hand()
    }

    /// Why a ticket was refused for want of keys ([`TicketRefusal::KeysUnavailable`]), for the log.
    #[must_use]
    pub fn outage(&self) -> String {
        self.settings.keys.outage()
    }

    /// Fetches of the keys that failed, if they are fetched.
    #[must_use]
    pub fn failures(&self) -> Option<Failures> {
        self.settings.keys.failures()
    }

    fn accept(&self, claims: TicketClaims, now: i64) -> Result<VerifiedTicket, TicketRefusal> {
        let settings = &self.settings;
        let expires = settings.check_times(&claims, now)?;
        let session = Session {
            id: claims.session.as_deref().map(SessionId::of),
            // By our clock, as a revocation is: of an app whose clock is ahead, not in the future.
            started: Some(claims.issued_at.min(now)),
            ..Session::new(claims.subject, claims.others)
        };
        Ok(VerifiedTicket {
            jti_key: JtiKey::of(&settings.issuer, &claims.jti),
            issued_at: claims.issued_at,
            session,
            expires,
        })
    }
}

impl CheckedSettings {
    /// The first second at which a ticket with these times is refused as expired, if it holds at `now`. Times
    /// in claims are not negative, so no subtraction of two overflows.
    fn check_times(&self, claims: &TicketClaims, now: i64) -> Result<i64, TicketRefusal> {
        let latest = now.saturating_add(self.leeway);
        let expires = claims.expires_at.saturating_add(self.leeway);
        if claims.expires_at <= claims.issued_at {
            Err(TicketRefusal::LifetimeNotPositive)
        } else if claims.expires_at - claims.issued_at > self.max_lifetime {
            Err(TicketRefusal::LifetimeTooLong)
        } else if claims.issued_at > latest {
            Err(TicketRefusal::IssuedInFuture)
        } else if claims.not_before.is_some_and(|not_before| not_before > latest) {
            Err(TicketRefusal::NotYetValid)
        } else if now >= expires {
            Err(TicketRefusal::Expired)
        } else {
            Ok(expires)
        }
    }
}
