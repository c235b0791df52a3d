//! `[session]`: the session that a ticket starts.

use std::ops::Range;
use std::time::Duration;

use serde_spanned::Spanned;

use crate::session::own::{OwnSettings, SealingKey};

use super::fields::{Reader, whole_seconds_in};
use super::raw::{Field, RawReference, RawSession};
use super::secret::{Kind, Vault};

/// One that seals, and one that still opens what was sealed before.
const MAX_SECRETS: usize = 2;

/// `None` without such a section, or if a problem was noted.
pub(super) fn read_session(
    raw: Field<RawSession>,
    has_tickets: bool,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<OwnSettings> {
    let raw = raw?;
    let section = raw.span();
    let raw = raw.into_inner();
    if !has_tickets {
        let message =
            "sessions are started by tickets, and none are taken; add a [ticket] section, or remove this one";
        reader.wrong(&section, message);
    }
    let span = |most| whole_seconds_in(Duration::from_secs(1), most, "a session");
    let max_age = reader.optional(raw.max_age, span(OwnSettings::LONGEST));
    let max_age = max_age.unwrap_or(OwnSettings::DEFAULT_MAX_AGE);
    let idle = reader.optional(raw.idle, span(max_age)).unwrap_or(OwnSettings::DEFAULT_IDLE.min(max_age));
    let keys = sealing_keys(raw.secrets, &section, vault, reader)?;
    Some(OwnSettings { keys, max_age, idle })
}

fn sealing_keys(
    raw: Field<Vec<Spanned<RawReference>>>,
    section: &Range<usize>,
    vault: Vault<'_>,
    reader: &mut Reader<'_>,
) -> Option<Vec<SealingKey>> {
    let Some(raw) = raw.filter(|secrets| !secrets.get_ref().is_empty()) else {
        let remedy = "nothing could seal the session cookie; write [{ file = \"session.key\" }], made with `openssl rand -base64 48`";
        reader.missing(Some(section), "session.secrets", remedy);
        return None;
    };
    let (whole, references) = (raw.span(), raw.into_inner());
    let wanted = references.len();
    if wanted > MAX_SECRETS {
        let message =
            format!("there are {wanted}; write the one that seals, and at most one that did so before");
        reader.wrong(&whole, message);
        return None;
    }
    let mut keys = Vec::with_capacity(wanted);
    for reference in references {
        let Some(secret) = vault.fetch(Some(reference), Kind::Secret, reader) else { continue };
        let place = secret.span();
        match SealingKey::derive(secret.get_ref().expose().as_bytes()) {
            Err(error) => reader.wrong(&place, error),
            Ok(key) if keys.contains(&key) => {
                reader.wrong(
                    &place,
                    "both are the same secret; write one of them, or another in the first place",
                );
            }
            Ok(key) => keys.push(key),
        }
    }
    (keys.len() == wanted).then_some(keys)
}
