use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::document::{Document, DocumentError};
use super::entry::{Entry, State};
use super::error::KeyringError;
use super::files::DirectoryLock;
use super::id::KeyId;
use super::journal::Record;
use super::location::Location;
use super::secret::SecretWriter;
use super::view::{DOCUMENT_FILE, Files, JOURNAL_FILE, View};
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, KeyPairId, SigningKey};

/// What an activation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated {
    /// The key that signs from now on.
    pub active: Entry,
    /// The key that was active and whose file is gone: it is retiring.
    pub lost: Option<Entry>,
}

/// What lets a writer write.
#[derive(Debug)]
pub(super) enum Hold {
    Directory { _lock: DirectoryLock },
    Secret(SecretWriter),
}

/// A change to one file.
enum Change {
    Put(String, Zeroizing<String>),
    Remove(String),
}

/// The right to change a keyring, from [`Store::lock`](super::Store::lock).
///
/// A private key is stored, durably, before `keyring.json` names it. Killed in between, it leaves a file that
/// nothing uses and that doing the same again replaces; nothing written is deleted but by
/// [`destroy`](Self::destroy), because after a failed write nobody can tell whether the document already names it.
/// In Secrets Manager each change is one version of the secret, so there is no in-between.
#[derive(Debug)]
pub struct Writer {
    view: View,
    hold: Hold,
}

impl Writer {
    pub(super) fn new(view: View, hold: Hold) -> Self {
        Self { view, hold }
    }

    /// The keyring as this writer left it.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Makes the keyring with a first key, freshly generated: active at once if `key_pair_id` is given,
    /// which only an edge whose ids one chooses oneself can honour; else waiting in state `generated`.
    ///
    /// # Errors
    /// There is a keyring already (or something wrong in its place), or a file cannot be written.
    pub async fn init(
        &mut self,
        algorithm: KeyAlgorithm,
        hash: HashAlgorithm,
        key_pair_id: Option<KeyPairId>,
        now: OffsetDateTime,
    ) -> Result<Entry, KeyringError> {
        if self.view.document_if_any()?.is_some() {
            return Err(KeyringError::AlreadyThere { location: self.location().clone() });
        }
        let key = SigningKey::generate(algorithm).map_err(KeyringError::Generation)?;
        let (empty, public) = (Document::default(), key.public_key());
        let document = match key_pair_id {
            Some(key_pair_id) => empty.with_imported(public, hash, key_pair_id, now),
            None => empty.with_generated(public, hash, now),
        };
        self.add(&key, document).await
    }

    /// Adds a key that CloudFront trusts as `key_pair_id`, making the keyring if there is none. It becomes
    /// active if no key is, else it waits in state `trusted`.
    ///
    /// # Errors
    /// The key or the Key-Pair-Id is in the keyring already, or a file is refused or cannot be written.
    pub async fn import(
        &mut self,
        key: &SigningKey,
        key_pair_id: KeyPairId,
        hash: HashAlgorithm,
        now: OffsetDateTime,
    ) -> Result<Entry, KeyringError> {
        let document = self.view.document_if_any()?.unwrap_or_default();
        self.add(key, document.with_imported(key.public_key(), hash, key_pair_id, now)).await
    }

    /// Lets key `id` sign, as CloudFront's `key_pair_id`: one in any state before active. If another key
    /// is active and its file is gone, that one retires in the same step, for it can sign nothing more
    /// and what it signed stays valid.
    ///
    /// # Errors
    /// No such key, one that has been active, another active key whose file is there (even damaged), a
    /// Key-Pair-Id in use or not that of the entry; the private key is refused; or a file cannot be
    /// written.
    pub async fn activate(
        &mut self,
        id: &KeyId,
        key_pair_id: &KeyPairId,
        now: OffsetDateTime,
    ) -> Result<Activated, KeyringError> {
        let mut document = self.view.document()?;
        let lost = self.lost_active(&document)?.filter(|lost| lost != id);
        if lost.is_some() {
            document = self.accepted(document.with_active_lost(now))?;
        }
        let document = self.accepted(document.with_active(id, key_pair_id, now))?;
        let entry = |id: &KeyId| self.accepted(document.entry(id).cloned());
        let activated = Activated { active: entry(id)?, lost: lost.as_ref().map(entry).transpose()? };
        // Before it is called active: a key that is gone or damaged would leave nothing to sign with.
        self.view.signing_key(&activated.active)?;
        self.commit(&document, None, &[]).await?;
        Ok(activated)
    }

    /// Makes `document` the keyring's. A key that it names and that is new is stored before it, `records` are
    /// added to the journal after it; in Secrets Manager all of it is one step. Each step is durable before the
    /// next begins, so after a crash the journal never says done what the document does not know.
    ///
    /// # Errors
    /// What cannot be written. Unless a write's very last step failed, that file is as it was; see
    /// [`SecretError::Unknown`](super::SecretError::Unknown) for the one doubt in Secrets Manager.
    pub async fn commit(
        &mut self,
        document: &Document,
        new_key: Option<&SigningKey>,
        records: &[Record],
    ) -> Result<(), KeyringError> {
        let mut changes = Vec::new();
        if let Some(key) = new_key {
            let entry = self.accepted(document.entry(&KeyId::of(key.public_key())))?;
            let pem = key.to_pem().map_err(KeyringError::Generation)?;
            changes.push(Change::Put(entry.file().as_str().to_owned(), pem));
        }
        let json = self.accepted(document.to_json())?;
        changes.push(Change::Put(DOCUMENT_FILE.to_owned(), Zeroizing::new(json)));
        changes.extend(self.journaled(records)?);
        self.apply(changes).await
    }

    /// Adds to the journal, durably: before this returns, no crash loses the record. An intent is written this way
    /// before a remote step, so that where nothing can be written nothing remote is changed.
    ///
    /// # Errors
    /// The journal cannot be read or written.
    pub async fn record(&mut self, record: Record) -> Result<(), KeyringError> {
        let changes = self.journaled(&[record])?.into_iter().collect();
        self.apply(changes).await
    }

    /// Deletes the private key of an entry that the document calls gone. `false`: its file is not there,
    /// because an earlier attempt deleted it. What a disk or a backup keeps of it is not in our hands; Secrets Manager
    /// keeps earlier versions of the secret for a while, which have it.
    ///
    /// # Errors
    /// The key is not in the document or in another state, or what cannot be written.
    pub async fn destroy(&mut self, id: &KeyId) -> Result<bool, KeyringError> {
        let document = self.view.document()?;
        let entry = self.accepted(document.entry(id))?;
        if entry.state() != State::Gone {
            return Err(KeyringError::NotGone { id: id.clone(), state: entry.state() });
        }
        if !self.view.has_file_of(entry)? {
            return Ok(false);
        }
        self.apply(vec![Change::Remove(entry.file().as_str().to_owned())]).await?;
        Ok(true)
    }

    /// The active key, if its file is gone. A file that is damaged or refused can be put right, so it is
    /// for the operator to say that it is lost, by moving it away.
    fn lost_active(&self, document: &Document) -> Result<Option<KeyId>, KeyringError> {
        match document.active() {
            Some(active) if !self.view.has_file_of(active)? => Ok(Some(active.id().clone())),
            _ => Ok(None),
        }
    }

    /// Stores the key, then the document that has an entry for it.
    async fn add(
        &mut self,
        key: &SigningKey,
        document: Result<Document, DocumentError>,
    ) -> Result<Entry, KeyringError> {
        let document = self.accepted(document)?;
        let entry = self.accepted(document.entry(&KeyId::of(key.public_key())))?.clone();
        self.commit(&document, Some(key), &[]).await?;
        Ok(entry)
    }

    /// The change that adds records to the journal, if there are any.
    fn journaled(&self, records: &[Record]) -> Result<Option<Change>, KeyringError> {
        if records.is_empty() {
            return Ok(None);
        }
        let journal = records.iter().cloned().fold(self.view.journal()?, super::Journal::with);
        let text = self.accepted(journal.to_text().map_err(DocumentError::Unwritable))?;
        Ok(Some(Change::Put(JOURNAL_FILE.to_owned(), Zeroizing::new(text))))
    }

    /// In a directory one after the other, in a secret all at once.
    async fn apply(&mut self, changes: Vec<Change>) -> Result<(), KeyringError> {
        match (&mut self.view.files, &mut self.hold) {
            (Files::Directory(directory), _) => {
                for change in changes {
                    match change {
                        Change::Put(name, text) => directory.replace(&name, text.as_bytes())?,
                        Change::Remove(name) => directory.remove(&name)?,
                    }
                }
            }
            (Files::Secret(members), Hold::Secret(writer)) => {
                let mut next = members.clone();
                for change in changes {
                    match change {
                        Change::Put(name, text) => next.put(&name, text),
                        Change::Remove(name) => next.remove(&name),
                    }
                }
                writer.write(&next).await?;
                *members = next;
            }
            (Files::Secret(_), Hold::Directory { .. }) => {
                unreachable!("a writer is made of the files and the hold of one place")
            }
        }
        Ok(())
    }

    fn accepted<T>(&self, change: Result<T, DocumentError>) -> Result<T, KeyringError> {
        change.map_err(|source| KeyringError::Change { location: self.location().clone(), source })
    }

    fn location(&self) -> &Location {
        self.view.location()
    }
}
