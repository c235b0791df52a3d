use time::OffsetDateTime;

use super::settings::Settings;
use super::step::Action;
use crate::keyring::document::{Document, DocumentError};

/// The document that says that `action` is done; the same document for [`Action::Publish`], whose answer is
/// recorded as [`Action::Adopt`], and for what is not done but waited for.
///
/// # Errors
/// The document does not stand where the plan was made: somebody else changed it since.
pub fn record(
    document: Document,
    action: &Action,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Document, DocumentError> {
    match action {
        Action::Publish { .. } | Action::Wait { .. } | Action::Blocked(_) => Ok(document),
        Action::Adopt { id, key_pair_id } => document.with_published(id, key_pair_id, now),
        Action::Trust { id } => document.with_trusted(id, now),
        Action::Prove { id } => document.with_proven(id, now),
        Action::Activate { id } => document.with_successor_active(id, settings, now),
        Action::Doubt { id } => document.with_proof_void(id, now),
        Action::GiveUp { id } => document.with_given_up(id, now),
        Action::NoteCookieLife { id, .. } => document.with_cookie_life(id, settings),
        Action::Untrust { id } => document.with_untrusted(id, now),
        Action::Delete { id } | Action::Forget { id } => document.with_gone(id, now),
    }
}
