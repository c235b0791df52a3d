//! From the text of a ticket to a session, or to the reason why not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::TicketRefusal;
use super::claims::TicketClaims;
use super::header::TicketHeader;
use super::key::TicketKey;
use super::settings::{CheckedSettings, KeySet, TicketSettings, TicketSettingsError};
use crate::session::replay::JtiKey;
use crate::session::{Session, SessionId};

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

    /// A verifier for `settings`.
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
        let parts = Parts::split(token)?;
        let header = TicketHeader::parse(&decode(parts.header)?)?;
        let key = self.key_named(header.key_id.as_deref())?;
        if header.algorithm != key.algorithm().as_str() {
            return Err(TicketRefusal::WrongAlgorithm);
        }
        key.verify(parts.signed, parts.signature)?;
        self.accept(TicketClaims::parse(&decode(parts.claims)?)?, now)
    }

    fn key_named(&self, key_id: Option<&str>) -> Result<&TicketKey, TicketRefusal> {
        match (&self.settings.keys, key_id) {
            (KeySet::One(only), None) => Ok(only),
            (KeySet::One(only), Some(key_id)) if only.key_id() == Some(key_id) => Ok(only),
            (KeySet::ByKeyId(keys), Some(key_id)) => keys.get(key_id).ok_or(TicketRefusal::UnknownKey),
            (KeySet::One(_), Some(_)) => Err(TicketRefusal::UnknownKey),
            (KeySet::ByKeyId(_), None) => Err(TicketRefusal::MissingKeyId),
        }
    }

    fn accept(&self, claims: TicketClaims, now: i64) -> Result<VerifiedTicket, TicketRefusal> {
        let settings = &self.settings;
        if claims.issuer != settings.issuer {
            return Err(TicketRefusal::WrongIssuer);
        }
        if !claims.audiences.contains(&settings.audience) {
            return Err(TicketRefusal::WrongAudience);
        }
        let expires = settings.check_times(&claims, now)?;
        let session = Session {
            id: claims.session.as_deref().map(SessionId::of),
            // By our clock, as a revocation is: of an app whose clock is ahead, not in the future.
            started: Some(claims.issued_at.min(now)),
            ..Session::new(claims.subject, claims.others)
        };
        Ok(VerifiedTicket {
            jti_key: JtiKey::of(&claims.issuer, &claims.jti),
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

/// The three parts of a compact JWS (RFC 7515 §7.1), still encoded.
struct Parts<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
    /// What the signature is over: the first two parts and the dot between.
    signed: &'a str,
}

impl<'a> Parts<'a> {
    fn split(token: &'a str) -> Result<Self, TicketRefusal> {
        if token.len() > TicketVerifier::MAX_BYTES {
            return Err(TicketRefusal::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TicketRefusal::NotThreeParts)?;
        let (header, claims) = signed.split_once('.').ok_or(TicketRefusal::NotThreeParts)?;
        if claims.contains('.') || [header, claims, signature].contains(&"") {
            return Err(TicketRefusal::NotThreeParts);
        }
        Ok(Self { header, claims, signature, signed })
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TicketRefusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TicketRefusal::BadEncoding)
}
