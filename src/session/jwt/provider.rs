//! From a request to a session, or to the reason why not.

use serde_json::Value;

use super::settings::{JwtPlace, JwtSettings};
use crate::session::jose::{
    KeySettings, KeySettingsError, Keys, Kind, TokenRefusal, bounded_text, parties, required, seconds,
};
use crate::session::record::{Pointer, name_of};
use crate::session::{Failures, Presented, ProviderRefusal, Session, SessionId};

/// RFC 7519 §5.1 and RFC 9068 §2.1. Tokens of other types are not for this purpose (RFC 8725 §3.11).
const JWT: Kind = Kind { max_bytes: JwtProvider::MAX_BYTES, types: &["JWT", "at+jwt", "application/at+jwt"] };

/// Verifies the token that requests carry.
#[derive(Debug)]
pub struct JwtProvider {
    settings: JwtSettings,
    keys: Keys,
    /// In seconds.
    leeway: i64,
}

impl JwtProvider {
    /// The longest token that is looked at, in bytes.
    pub const MAX_BYTES: usize = 8192;

    /// A provider with `settings`. If keys are fetched, call it within the runtime that lives as long as the
    /// service: they are fetched there.
    ///
    /// # Errors
    /// [`KeySettingsError`] if keys cannot be told apart, or not be fetched.
    pub fn new(mut settings: JwtSettings) -> Result<Self, KeySettingsError> {
        let keys = std::mem::replace(&mut settings.keys, KeySettings::Configured(Vec::new()));
        let leeway = i64::try_from(settings.leeway.as_secs()).unwrap_or(i64::MAX);
        Ok(Self { keys: Keys::new(keys)?, settings, leeway })
    }

    /// Whether there are keys to verify by.
    pub(in crate::session) fn has_keys(&self) -> bool {
        self.keys.are_at_hand()
    }

    /// Of the key set, if there is one that is fetched.
    pub(in crate::session) fn failures(&self) -> Option<Failures> {
        self.keys.failures()
    }

    /// The session that the token of a request is about.
    pub(in crate::session) async fn identify(
        &self,
        presented: &dyn Presented,
        now: i64,
    ) -> Result<Session, ProviderRefusal> {
        let token = self.token(presented)?;
        let verified = self.keys.verified(|| self.verify(token, now)).await;
        verified.map_err(|refusal| match refusal {
            TokenRefusal::KeysUnavailable => ProviderRefusal::Unavailable(self.keys.outage()),
            refusal => ProviderRefusal::Refused(refusal.code()),
        })
    }

    fn token<'p>(&self, presented: &'p dyn Presented) -> Result<&'p str, ProviderRefusal> {
        let token = match &self.settings.place {
            JwtPlace::Cookie(name) => presented.cookie(name)?,
            JwtPlace::Bearer => presented.single_header("authorization")?.and_then(bearer),
        };
        token.filter(|token| !token.is_empty()).ok_or(ProviderRefusal::Missing)
    }

    fn verify(&self, token: &str, now: i64) -> Result<Session, TokenRefusal> {
        let settings = &self.settings;
        let members = JWT.verified_claims(token, &*self.keys.at_hand()?)?;
        parties(&members)?.are(&settings.issuer, &settings.audience)?;
        let expires_at = seconds("exp", required(&members, "exp")?)?;
        let time = |name| members.get(name).map(|value| seconds(name, value)).transpose();
        let (not_before, issued_at) = (time("nbf")?, time("iat")?);
        let (latest, expires) = (now.saturating_add(self.leeway), expires_at.saturating_add(self.leeway));
        if issued_at.is_some_and(|issued_at| issued_at > latest) {
            return Err(TokenRefusal::IssuedInFuture);
        }
        if not_before.is_some_and(|not_before| not_before > latest) {
            return Err(TokenRefusal::NotYetValid);
        }
        if now >= expires {
            return Err(TokenRefusal::Expired);
        }
        let members = Value::Object(members);
        let started = settings.started.find(&members).map(|value| seconds("auth_time", value)).transpose()?;
        let subject = settings.subject.find(&members).ok_or(TokenRefusal::MissingClaim("sub"))?;
        let claim =
            |(name, pointer): &(String, Pointer)| Some((name.clone(), pointer.find(&members)?.clone()));
        Ok(Session {
            subject: name_of(subject).ok_or(TokenRefusal::MalformedClaim("sub"))?,
            claims: settings.claims.iter().filter_map(claim).collect(),
            id: self.session_name(&members)?.map(SessionId::of),
            // By our clock, as a revocation is: of an issuer whose clock is ahead, not in the future. What lies there
            // further than clocks differ is no beginning, and no revocation would ever reach it.
            started: started.filter(|started| *started <= latest).map(|started| started.min(now)),
            until: Some(expires),
        })
    }

    /// The issuer's own name of the session.
    fn session_name<'m>(&self, members: &'m Value) -> Result<Option<&'m str>, TokenRefusal> {
        let named = match &self.settings.session {
            Some(pointer) => pointer.find(members),
            None => members.get("sid").or_else(|| members.get("jti")),
        };
        named.map(|name| bounded_text("sid", name)).transpose()
    }
}

/// The token of `Bearer TOKEN`; the scheme is in any case (RFC 9110 §11.1).
fn bearer(value: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(value).ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}
