//! `[store]`: where used tickets and revocations are remembered.

use std::path::PathBuf;
use std::time::Duration;

use serde_spanned::Spanned;

use crate::session::redis::{RedisSettings, RedisSettingsError};
use crate::session::revocation::Revocations;

use super::fields::{Reader, duration_in, path_of, whole_seconds_in};
use super::raw::{Field, RawReference, RawStore};
use super::secret::{Kind, Vault};

/// Where used tickets and revocations are remembered, and for how long.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Where that is.
    pub place: StorePlace,
    /// How long a revocation is remembered: whole seconds, at least as long as a session of our own lasts.
    pub revocations: Duration,
}

/// Where used tickets and revocations are remembered.
#[derive(Debug, Clone)]
pub enum StorePlace {
    /// In the memory of this process, which forgets revocations when it ends.
    Memory,
    /// In memory, and revocations in a file too: absolute, or relative to the working directory.
    File(PathBuf),
    /// Where other instances see them too.
    Redis(Box<SharedStore>),
}

/// A Redis or Valkey that several instances share.
#[derive(Debug, Clone)]
pub struct SharedStore {
    /// Where it is.
    pub settings: RedisSettings,
    /// Comes before the names of all keys.
    pub prefix: String,
}

impl SharedStore {
    /// What comes before the names of keys unless told otherwise.
    const DEFAULT_PREFIX: &str = "edgemint:";
}

/// `max_age`: of a session of our own.
pub(super) fn read_store(
    raw: Field<RawStore>,
    max_age: Option<Duration>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> StoreConfig {
    let RawStore { file, redis, ca, deadline, prefix, revocations } =
        raw.map(Spanned::into_inner).unwrap_or_default();
    let revocations = reader.optional(revocations, remembered(max_age));
    let prefix = prefix.map(|prefix| (prefix.span(), reader.optional(Some(prefix), plain_prefix)));
    let deadline = deadline.map(|deadline| {
        let within = duration_in(RedisSettings::MIN_DEADLINE, RedisSettings::MAX_DEADLINE);
        (deadline.span(), reader.optional(Some(deadline), within))
    });
    if let (Some(file), Some(_)) = (&file, &redis) {
        reader.wrong(
            &file.span(),
            "revocations are in store.redis already, where every instance sees them; remove one of the two",
        );
    }
    if let Some(file) = file.as_ref().filter(|file| file.get_ref().contains("://")) {
        let remedy =
            "this is a URL and not the name of a file; a Redis is configured as redis = { file = \"PATH\" }";
        reader.wrong(&file.span(), remedy);
    }
    let file = file.and_then(|file| path_of(file, vault.folder, reader));
    let redis = match redis {
        Some(redis) => {
            let prefix =
                prefix.map_or_else(|| Some(SharedStore::DEFAULT_PREFIX.to_owned()), |(_, prefix)| prefix);
            let deadline = deadline.map_or(Some(RedisSettings::DEFAULT_DEADLINE), |(_, deadline)| deadline);
            let settings = deadline.and_then(|deadline| read_redis(redis, ca, deadline, vault, reader));
            settings.zip(prefix).map(|(settings, prefix)| SharedStore { settings, prefix })
        }
        None => {
            let of_redis =
                [ca.map(|ca| ca.span()), deadline.map(|(span, _)| span), prefix.map(|(span, _)| span)];
            for span in of_redis.into_iter().flatten() {
                reader.wrong(&span, "it is about a Redis, and none is configured; write store.redis = { file = \"PATH\" }, or remove this line");
            }
            None
        }
    };
    let place = match (file, redis) {
        (_, Some(shared)) => StorePlace::Redis(Box::new(shared)),
        (Some(path), None) => StorePlace::File(path),
        (None, None) => StorePlace::Memory,
    };
    StoreConfig { place, revocations: revocations.unwrap_or(Revocations::DEFAULT_REMEMBERED) }
}

/// The settings of a Redis; `None` only if a problem was noted.
pub(super) fn read_redis(
    url: Spanned<RawReference>,
    ca: Field<RawReference>,
    deadline: Duration,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<RedisSettings> {
    let wants_ca = ca.is_some();
    let ca = vault.fetch(ca, Kind::Public, reader);
    let url = vault.fetch(Some(url), Kind::Secret, reader)?;
    if wants_ca && ca.is_none() {
        return None;
    }
    let pem = ca.as_ref().map(|ca| ca.get_ref().expose());
    let settings = RedisSettings::new(url.get_ref().expose(), pem, deadline);
    let blamed = |error: &RedisSettingsError| match (error, &ca) {
        (RedisSettingsError::Authority | RedisSettingsError::AuthorityWithoutTls, Some(ca)) => ca.span(),
        _ => url.span(),
    };
    settings.map_err(|error| reader.wrong(&blamed(&error), error)).ok()
}

/// At least as long as what it is to end.
fn remembered(max_age: Option<Duration>) -> impl Fn(String) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(31_557_600);
    move |text| {
        let span = whole_seconds_in(Duration::from_secs(1), LONGEST, "a revocation")(text.clone())?;
        match max_age.filter(|max_age| span < *max_age) {
            None => Ok(span),
            Some(max_age) => Err(format!(
                "{text:?} is less than a session may last, so one that was shut out would come back; write {} (session.max_age) or more",
                humantime::format_duration(max_age)
            )),
        }
    }
}

/// What is readable in a list of keys, and stands for nothing in a pattern of an access list.
fn plain_prefix(text: String) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":_-./".contains(&byte);
    match (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
        true => Ok(text),
        false => Err(format!(
            "{text:?} cannot begin the names of keys; write 1 to 64 of A-Z, a-z, 0-9 and : _ - . /"
        )),
    }
}
