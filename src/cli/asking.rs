//! What says who is asking, for people: a line of `edgemint check`.

use std::fmt::{self, Display};

use crate::session::introspect::IntrospectSettings;
use crate::session::jose::{JwksSettings, KeySettings, TokenKey};
use crate::session::jwt::{JwtPlace, JwtSettings};
use crate::session::record::{Pointer, RecordFields};
use crate::session::redis_session::RedisSessionSettings;
use crate::session::{HeaderSettings, ProviderSettings};

/// What says who is asking in place of tickets.
pub(super) struct Asking<'a>(pub(super) &'a ProviderSettings);

impl Display for Asking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ProviderSettings::Header(settings) => header(settings, f),
            ProviderSettings::Jwt(settings) => jwt(settings, f),
            ProviderSettings::Introspect(settings) => introspect(settings, f),
            ProviderSettings::Redis(settings) => redis(settings, f),
        }
    }
}

fn header(settings: &HeaderSettings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let HeaderSettings { name, peers, claims } = settings;
    write!(f, "header {name}, from {} alone; claims: {}", list_or(peers, "nobody"), Claims(claims))
}

fn jwt(settings: &JwtSettings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let JwtSettings { place, issuer, audience, keys, leeway, subject, session, started, claims } = settings;
    match place {
        JwtPlace::Cookie(name) => write!(f, "JWT in the cookie {name}")?,
        JwtPlace::Bearer => f.write_str("JWT as a bearer token")?,
    }
    let leeway = humantime::format_duration(*leeway);
    write!(
        f,
        " from {issuer:?} for {audience:?}, leeway {leeway}, keys: {}; subject {subject}; ",
        Keys(keys)
    )?;
    match session {
        Some(session) => write!(f, "session {session}; ")?,
        None => f.write_str("session /sid or /jti; ")?,
    }
    write!(f, "started {started}; claims: {}", Claims(claims))
}

fn introspect(settings: &IntrospectSettings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let IntrospectSettings { url, method, authorities, credential, answer, session, cache, max_requests } =
        settings;
    let RecordFields { subject, claims, logged_in, started, expires } = answer;
    let trusted = trusted(authorities.is_some());
    write!(f, "{} {url} with {credential} (trusting {trusted}); subject {subject}; ", method.as_str())?;
    pointers([("active", logged_in), ("session", session), ("started", started), ("until", expires)], f)?;
    let cache = humantime::format_duration(*cache);
    write!(f, "claims: {}; a yes holds {cache}, {max_requests} requests at one time", Claims(claims))
}

fn redis(settings: &RedisSessionSettings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let RedisSessionSettings { redis, cookie, id, key, fields } = settings;
    let RecordFields { subject, claims, logged_in, started, expires } = fields;
    write!(f, "cookie {} (", cookie.name())?;
    match cookie.signature() {
        Some(signature) => {
            write!(f, "signed {:?}, secrets: {}", signature.prefix(), signature.secrets())?;
        }
        None => f.write_str("not signed")?,
    }
    write!(
        f,
        "), a session in Redis at {} (id {}, key {key}); subject {subject}; ",
        redis.place(),
        id.as_str()
    )?;
    pointers([("logged_in", logged_in), ("started", started), ("expires", expires)], f)?;
    write!(f, "claims: {}", Claims(claims))
}

/// Those that are configured.
fn pointers<const N: usize>(named: [(&str, &Option<Pointer>); N], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (name, pointer) in named {
        if let Some(pointer) = pointer {
            write!(f, "{name} {pointer}; ")?;
        }
    }
    Ok(())
}

/// Claims, and where each is found.
struct Claims<'a, T>(&'a [(String, T)]);

impl<T: Display> Display for Claims<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims: Vec<_> = self.0.iter().map(|(claim, place)| format!("{claim} ({place})")).collect();
        f.write_str(&list_or(&claims, "none"))
    }
}

/// What tokens are verified by.
pub(super) struct Keys<'a>(pub(super) &'a KeySettings);

impl Display for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            KeySettings::Configured(keys) => {
                let key = |key: &TokenKey| {
                    format!("{} ({})", key.key_id().unwrap_or("without id"), key.algorithm())
                };
                f.write_str(&keys.iter().map(key).collect::<Vec<_>>().join(", "))
            }
            KeySettings::Fetched(JwksSettings { url, authorities, refresh, interval, max_stale }) => {
                let [refresh, interval, max_stale] =
                    [*refresh, *interval, *max_stale].map(humantime::format_duration);
                let trusted = trusted(authorities.is_some());
                write!(
                    f,
                    "fetched from {url} (trusting {trusted}) every {refresh}, every {interval} at most for an unknown \
                     kid, used for {max_stale} at most"
                )
            }
        }
    }
}

fn trusted(is_configured: bool) -> &'static str {
    if is_configured { "the configured authorities" } else { "the system's authorities" }
}

/// The items with commas between.
pub(super) fn list_or(items: &[impl Display], nothing: &str) -> String {
    match items {
        [] => nothing.to_owned(),
        items => items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
