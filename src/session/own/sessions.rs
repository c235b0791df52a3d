//! Starts, reads and renews sessions of our own.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use cookie::{Cookie, CookieJar, SameSite};
use serde_json::{Map, Value};
use thiserror::Error;

use super::content::Content;
use super::settings::{CLOCK_TOLERANCE, OwnSettings, SealingKey};
use crate::session::{Presented, ProviderRefusal, Session, SessionId, Subject};

/// While the last renewal is at most this old (or a tenth of the idle time, if that is less), the next one
/// leaves the cookie as it is: seconds.
const RECENT: i64 = 60;

/// The sessions that tickets start, by one set of settings.
#[derive(Debug)]
pub struct OwnSessions {
    /// Never empty; the first seals.
    keys: Vec<SealingKey>,
    /// Names of the claims that a session keeps.
    claims: BTreeSet<String>,
    max_age: i64,
    idle: i64,
}

/// The cookie of a session would be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the cookie of the session would take {bytes} bytes, and at most {limit} are sent: hand fewer claims over"
)]
pub struct SessionTooLarge {
    /// Of the whole `Set-Cookie` value.
    pub bytes: usize,
    /// The most that are sent.
    pub limit: usize,
}

impl OwnSessions {
    /// The cookie's name. Browsers take it over TLS only, for this host only, and for every path.
    pub const COOKIE: &str = "__Host-edgemint";

    /// The largest `Set-Cookie` value that is sent, in bytes: browsers keep no more.
    pub const MAX_BYTES: usize = 4095;

    /// Deletes the cookie.
    pub const REMOVAL: &str = "__Host-edgemint=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0; \
                               Expires=Thu, 01 Jan 1970 00:00:00 GMT";

    /// Sessions by these settings, of which each keeps the named `claims` and no others: those that some grant
    /// asks for.
    #[must_use]
    pub fn new(settings: OwnSettings, claims: BTreeSet<String>) -> Self {
        let OwnSettings { keys, max_age, idle } = settings;
        let [max_age, idle] = [max_age, idle].map(seconds);
        Self { keys, claims, max_age, idle }
    }

    /// Starts a session for whom a ticket handed over: the value of `Set-Cookie`, a secret. The session begins
    /// when the ticket was made and is called as the ticket calls it, or by 128 random bits.
    ///
    /// # Errors
    /// [`SessionTooLarge`].
    pub fn start(&self, handed_over: &Session, now: i64) -> Result<String, SessionTooLarge> {
        let random;
        let id = match &handed_over.id {
            Some(id) => id,
            None => {
                random = SessionId::random();
                &random
            }
        };
        let kept = handed_over.claims.iter().filter(|(name, _)| self.claims.contains(*name));
        let claims: Map<String, Value> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        let started = handed_over.started.map_or(now, |started| started.min(now));
        let subject = handed_over.subject.as_str();
        let content = Content::new(id.as_str(), subject, started, now, Cow::Owned(claims));
        let cookie = self.seal(&content, now);
        match cookie.len() {
            bytes if bytes > Self::MAX_BYTES => Err(SessionTooLarge { bytes, limit: Self::MAX_BYTES }),
            _ => Ok(cookie),
        }
    }

    /// The session of the presented cookie.
    pub(in crate::session) fn identify(
        &self,
        presented: &dyn Presented,
        now: i64,
    ) -> Result<Session, ProviderRefusal> {
        let sealed = presented.cookie(Self::COOKIE)?.ok_or(ProviderRefusal::Missing)?;
        let refused = ProviderRefusal::Refused;
        if sealed.len() > Self::MAX_BYTES {
            return Err(refused("too_long"));
        }
        let opened = self.open(sealed).ok_or(refused("unsealable"))?;
        let content = Content::parse(opened.value()).ok_or(refused("malformed"))?;
        let latest = now.saturating_add(seconds(CLOCK_TOLERANCE));
        if content.started > latest || content.last_seen > latest {
            return Err(refused("from_the_future"));
        }
        let until = self.end(content.started, content.last_seen);
        if now >= until {
            return Err(refused("expired"));
        }
        let subject = Subject::parse(&content.subject).map_err(|_| refused("malformed"))?;
        let id = SessionId::parse(&content.id).ok_or(refused("malformed"))?;
        Ok(Session {
            id: Some(id),
            started: Some(content.started),
            until: Some(until),
            ..Session::new(subject, content.claims.into_owned())
        })
    }

    /// The first second at which `session`, one of our own, would end if it was renewed now; `None` if a renewal
    /// would leave its end where it is. Until the cookie is sealed anew, the idle time counts from the last time
    /// that it was, so that a session may end up to a minute (or a tenth of the idle time) early.
    #[must_use]
    pub fn renewed_end(&self, session: &Session, now: i64) -> Option<i64> {
        let end = self.end(session.started?, now);
        let gained = end.saturating_sub(session.until?);
        (gained > RECENT.min(self.idle / 10)).then_some(end)
    }

    /// The value of `Set-Cookie` that makes this so. A secret.
    #[must_use]
    pub fn renew(&self, session: &Session, now: i64) -> Option<String> {
        self.renewed_end(session, now)?;
        let (id, started) = (session.id.as_ref()?, session.started?);
        let claims = Cow::Borrowed(&session.claims);
        let content = Content::new(id.as_str(), session.subject.as_str(), started, now, claims);
        Some(self.seal(&content, now))
    }

    /// Whichever comes first: the end of the whole session, or of the time that it may be left alone.
    fn end(&self, started: i64, last_seen: i64) -> i64 {
        started.saturating_add(self.max_age).min(last_seen.saturating_add(self.idle))
    }

    fn seal(&self, content: &Content<'_>, now: i64) -> String {
        let lifetime = self.end(content.started, content.last_seen).saturating_sub(now);
        let cookie = Cookie::build((Self::COOKIE, content.to_json()))
            .path("/")
            .secure(true)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(time::Duration::seconds(lifetime));
        let mut jar = CookieJar::new();
        let key = self.keys.first().expect("settings have a key");
        jar.private_mut(key.key()).add(cookie);
        jar.get(Self::COOKIE).expect("it was just added").to_string()
    }

    fn open(&self, sealed: &str) -> Option<Cookie<'static>> {
        let jar = CookieJar::new();
        let open =
            |key: &SealingKey| jar.private(key.key()).decrypt(Cookie::new(Self::COOKIE, sealed.to_owned()));
        self.keys.iter().find_map(open)
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::settings::ShortSecret;
    use super::*;
    use crate::session::presented::tests::Fake;

    const NOW: i64 = 1_800_000_000;
    const SECRET: &[u8] = b"a secret of the sessions in this test";

    fn sessions(max_age: u64, idle: u64) -> OwnSessions {
        let keys = vec![SealingKey::derive(SECRET).unwrap()];
        let [max_age, idle] = [max_age, idle].map(Duration::from_secs);
        OwnSessions::new(OwnSettings { keys, max_age, idle }, BTreeSet::from(["plan".to_owned()]))
    }

    fn handed_over(claims: Value, started: i64) -> Session {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        Session { started: Some(started), ..Session::new(Subject::parse("listener-7").unwrap(), claims) }
    }

    fn identify(own: &OwnSessions, set_cookie: &str, now: i64) -> Result<Session, ProviderRefusal> {
        let cookie = set_cookie.split(';').next().unwrap();
        own.identify(&Fake::new(&[("cookie", cookie)]), now)
    }

    #[test]
    fn keeps_what_was_handed_over_and_of_claims_only_those_asked_for() {
        let own = sessions(86_400, 7200);
        let cookie = own.start(&handed_over(json!({"plan": ["a", 1], "name": "x"}), NOW - 20), NOW).unwrap();
        let session = identify(&own, &cookie, NOW + 100).unwrap();
        assert_eq!(session.subject.as_str(), "listener-7");
        assert_eq!(Value::Object(session.claims), json!({"plan": ["a", 1]}));
        assert_eq!((session.started, session.until), (Some(NOW - 20), Some(NOW + 7200)));
    }

    #[test]
    fn a_ticket_from_the_future_begins_no_session_there() {
        let own = sessions(86_400, 7200);
        let cookie = own.start(&handed_over(json!({}), NOW + 30), NOW).unwrap();
        assert_eq!(identify(&own, &cookie, NOW).unwrap().started, Some(NOW));
    }

    #[test]
    fn a_cookie_that_browsers_would_drop_is_not_made() {
        let own = sessions(86_400, 7200);
        let start = |bytes: usize| own.start(&handed_over(json!({"plan": "x".repeat(bytes)}), NOW), NOW);
        let fits = (0..4096).rev().find_map(|bytes| start(bytes).ok()).unwrap();
        assert!((4090..=4095).contains(&fits.len()), "{}", fits.len());
        assert!(identify(&own, &fits, NOW).is_ok(), "and what is made is taken");
        let refused = start(4000).unwrap_err();
        assert!(refused.bytes > 4095 && refused.limit == 4095, "{refused:?}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", sessions(1, 1));
        assert!(shown.contains("SealingKey([redacted])"), "{shown}");
        assert_eq!(SealingKey::derive(&SECRET[..31]).unwrap_err(), ShortSecret);
    }

    proptest! {
        #[test]
        fn whatever_the_clock_does_a_session_ends_in_time(
            steps in prop::collection::vec(-5000_i64..5000, 1..20),
            max_age in 1_u64..20_000,
            idle in 1_u64..20_000,
        ) {
            let own = sessions(max_age, idle.min(max_age));
            let mut cookie = own.start(&handed_over(json!({}), NOW), NOW).unwrap();
            let (mut now, mut latest) = (NOW, NOW);
            for step in steps {
                now += step;
                let Ok(session) = identify(&own, &cookie, now) else { continue };
                let until = session.until.unwrap();
                prop_assert!(now < until && until <= NOW + own.max_age && until <= latest.max(now) + own.idle);
                if let Some(renewed) = own.renew(&session, now) {
                    let end = identify(&own, &renewed, now).unwrap().until;
                    prop_assert_eq!(end, own.renewed_end(&session, now));
                    prop_assert!(end > session.until, "a renewal never shortens");
                    cookie = renewed;
                    latest = latest.max(now);
                }
            }
        }

        #[test]
        fn no_second_makes_it_panic(started: i64, now: i64, renewed: i64) {
            let own = sessions(86_400, 7200);
            if let Ok(cookie) = own.start(&handed_over(json!({}), started), now)
                && let Ok(session) = identify(&own, &cookie, renewed)
            {
                let _ = own.renew(&session, renewed);
            }
        }
    }
}
