use std::collections::HashMap;

use super::document::DocumentError;
use super::entry::{Entry, State};
use super::id::{FileName, KeyId};
use crate::cloudfront::KeyPairId;

/// The entries so far, by all that no two may share.
#[derive(Default)]
pub(super) struct Seen<'a> {
    ids: HashMap<&'a KeyId, &'a Entry>,
    files: HashMap<&'a FileName, &'a Entry>,
    key_pair_ids: HashMap<&'a KeyPairId, &'a Entry>,
    active: Option<&'a Entry>,
}

impl<'a> Seen<'a> {
    /// Takes one more entry.
    ///
    /// # Errors
    /// It shares its key, file or Key-Pair-Id with an earlier one, or both are active.
    pub(super) fn add(&mut self, entry: &'a Entry) -> Result<(), DocumentError> {
        if let Some(twin) = self.ids.insert(entry.id(), entry) {
            let (id, key_pair_id) = (twin.id().clone(), twin.key_pair_id().cloned());
            return Err(DocumentError::SameKey { id, state: twin.state(), key_pair_id });
        }
        if let Some(twin) = self.files.insert(entry.file(), entry) {
            let (first, second) = (twin.id().clone(), entry.id().clone());
            return Err(DocumentError::SameFile { first, second });
        }
        if let Some(key_pair_id) = entry.key_pair_id()
            && let Some(twin) = self.key_pair_ids.insert(key_pair_id, entry)
        {
            let (key_pair_id, id) = (key_pair_id.clone(), twin.id().clone());
            return Err(DocumentError::SameKeyPairId { key_pair_id, id });
        }
        if entry.state() == State::Active
            && let Some(twin) = self.active.replace(entry)
        {
            let (first, second) = (twin.id().clone(), entry.id().clone());
            return Err(DocumentError::TwoActive { first, second });
        }
        Ok(())
    }
}
