use time::OffsetDateTime;

use super::document::{Document, DocumentError};
use super::entry::Entry;
use super::error::KeyringError;
use super::files::DirectoryLock;
use super::id::KeyId;
use super::store::{DOCUMENT_FILE, Directory};
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, KeyPairId, SigningKey};

/// What an activation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated {
    /// The key that signs from now on.
    pub active: Entry,
    /// The key that was active and whose file is gone: it is retiring.
    pub lost: Option<Entry>,
}

/// The one process that may change a keyring, from [`Directory::lock`].
///
/// A private key is on disk, durably, before `keyring.json` names it. Killed in between, it leaves a
/// file that nothing uses and that doing the same again replaces; nothing written is ever deleted,
/// because after a failed write nobody can tell whether the document already names it.
#[derive(Debug)]
pub struct Writer<'a> {
    directory: &'a Directory,
    _lock: DirectoryLock,
}

impl<'a> Writer<'a> {
    pub(super) fn new(directory: &'a Directory, lock: DirectoryLock) -> Self {
        Self { directory, _lock: lock }
    }

    /// Makes the keyring with a first key, freshly generated: active at once if `key_pair_id` is given,
    /// which only an edge whose ids one chooses oneself can honour; else waiting in state `generated`.
    ///
    /// # Errors
    /// There is a keyring already (or something wrong in its place), or a file cannot be written.
    pub fn init(
        &self,
        algorithm: KeyAlgorithm,
        hash: HashAlgorithm,
        key_pair_id: Option<KeyPairId>,
        now: OffsetDateTime,
    ) -> Result<Entry, KeyringError> {
        if self.directory.document_if_any()?.is_some() {
            return Err(KeyringError::AlreadyThere { directory: self.directory.path().into() });
        }
        let key = SigningKey::generate(algorithm).map_err(KeyringError::Generation)?;
        let (empty, public) = (Document::default(), key.public_key());
        let document = match key_pair_id {
            Some(key_pair_id) => empty.with_imported(public, hash, key_pair_id, now),
            None => empty.with_generated(public, hash, now),
        };
        self.add(&key, document)
    }

    /// Adds a key that CloudFront trusts as `key_pair_id`, making the keyring if there is none. It becomes
    /// active if no key is, else it waits in state `trusted`.
    ///
    /// # Errors
    /// The key or the Key-Pair-Id is in the keyring already, or a file is refused or cannot be written.
    pub fn import(
        &self,
        key: &SigningKey,
        key_pair_id: KeyPairId,
        hash: HashAlgorithm,
        now: OffsetDateTime,
    ) -> Result<Entry, KeyringError> {
        let document = self.directory.document_if_any()?.unwrap_or_default();
        self.add(key, document.with_imported(key.public_key(), hash, key_pair_id, now))
    }

    /// Lets key `id` sign, as CloudFront's `key_pair_id`: one in any state before active. If another key
    /// is active and its file is gone, that one retires in the same step, for it can sign nothing more
    /// and what it signed stays valid.
    ///
    /// # Errors
    /// No such key, one that has been active, another active key whose file is there (even damaged), a
    /// Key-Pair-Id in use or not that of the entry; the private key is refused; or a file cannot be
    /// written.
    pub fn activate(
        &self,
        id: &KeyId,
        key_pair_id: &KeyPairId,
        now: OffsetDateTime,
    ) -> Result<Activated, KeyringError> {
        let mut document = self.directory.document()?;
        let lost = self.lost_active(&document)?.filter(|lost| lost != id);
        if lost.is_some() {
            document = self.accepted(document.with_active_lost(now))?;
        }
        let document = self.accepted(document.with_active(id, key_pair_id, now))?;
        let entry = |id: &KeyId| self.accepted(document.entry(id).cloned());
        let activated = Activated { active: entry(id)?, lost: lost.as_ref().map(entry).transpose()? };
        // Before it is called active: a key that is gone or damaged would leave nothing to sign with.
        self.directory.signing_key(&activated.active)?;
        self.write(&document)?;
        Ok(activated)
    }

    /// The active key, if its file is gone. A file that is damaged or refused can be put right, so it is
    /// for the operator to say that it is lost, by moving it away.
    fn lost_active(&self, document: &Document) -> Result<Option<KeyId>, KeyringError> {
        match document.active() {
            Some(active) if !self.directory.has_file_of(active)? => Ok(Some(active.id().clone())),
            _ => Ok(None),
        }
    }

    /// Stores the key, then the document whose last entry is its.
    fn add(
        &self,
        key: &SigningKey,
        document: Result<Document, DocumentError>,
    ) -> Result<Entry, KeyringError> {
        let document = self.accepted(document)?;
        let entry = self.accepted(document.entry(&KeyId::of(key.public_key())))?.clone();
        let pem = key.to_pem().map_err(KeyringError::Generation)?;
        self.directory.files().replace(entry.file().as_str(), pem.as_bytes())?;
        self.write(&document)?;
        Ok(entry)
    }

    fn write(&self, document: &Document) -> Result<(), KeyringError> {
        let json = self.accepted(document.to_json())?;
        Ok(self.directory.files().replace(DOCUMENT_FILE, json.as_bytes())?)
    }

    fn accepted<T>(&self, change: Result<T, DocumentError>) -> Result<T, KeyringError> {
        change.map_err(|source| KeyringError::Change { directory: self.directory.path().into(), source })
    }
}
