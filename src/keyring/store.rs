//! A keyring in a directory: what is there, and the key that signs.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::Document;
use super::entry::Entry;
use super::error::KeyringError;
use super::files::{FileError, OpenDirectory, TEMPORARY_PREFIX, read_private};
use super::id::KeyId;
use super::write::Writer;
use crate::cloudfront::{HashAlgorithm, KeyPairId, SigningKey};

/// The name of the document in the directory.
pub(super) const DOCUMENT_FILE: &str = "keyring.json";

/// Thousands of keys' worth; anything larger was put there by mistake.
const DOCUMENT_LIMIT: u64 = 1 << 20;

/// An RSA-2048 PEM has 1.7 kB.
const PEM_LIMIT: u64 = 1 << 16;

/// The directory of a keyring, seen to be one in which nobody else can write, and held open: what is put
/// at its path later is seen by opening it again.
#[derive(Debug, Clone)]
pub struct Directory {
    files: OpenDirectory,
}

impl Directory {
    /// The directory at `path`, which must exist.
    ///
    /// # Errors
    /// It is missing, is something else, has another owner than this user or root, or others can write
    /// in it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeyringError> {
        Ok(Self { files: OpenDirectory::open(path.into())? })
    }

    /// The directory at `path`, made with mode 0700 if nothing is there. Its parent must exist.
    ///
    /// # Errors
    /// As [`open`](Self::open), or it cannot be made.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, KeyringError> {
        Ok(Self { files: OpenDirectory::create(path.into())? })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.files.path()
    }

    /// What `keyring.json` says; no private key is read.
    ///
    /// # Errors
    /// There is none, it is refused as a file, or what it says is.
    pub fn document(&self) -> Result<Document, KeyringError> {
        self.document_if_any()?.ok_or_else(|| KeyringError::NoKeyring { directory: self.path().into() })
    }

    /// As [`document`](Self::document), or nothing where there is no `keyring.json`.
    pub(super) fn document_if_any(&self) -> Result<Option<Document>, KeyringError> {
        match self.files.read(DOCUMENT_FILE, DOCUMENT_LIMIT) {
            Err(FileError::Missing { .. }) => Ok(None),
            Err(other) => Err(other.into()),
            Ok(json) => Document::parse(&json).map(Some).map_err(|source| {
                let path = self.path().join(DOCUMENT_FILE);
                KeyringError::Document { path, source }
            }),
        }
    }

    /// The document, and the active key ready to sign. No other private key is read.
    ///
    /// # Errors
    /// As [`document`](Self::document) and, for the active key, [`signing_key`](Self::signing_key).
    pub fn load(&self) -> Result<Keyring, KeyringError> {
        let document = self.document()?;
        let active = match document.active().map(|entry| (entry, entry.key_pair_id())) {
            Some((entry, Some(key_pair_id))) => Some(ActiveKey {
                id: entry.id().clone(),
                key_pair_id: key_pair_id.clone(),
                key: Arc::new(self.signing_key(entry)?),
                hash: entry.hash(),
            }),
            _ => None,
        };
        Ok(Keyring { document, active })
    }

    /// The private key of an entry, seen to sign, and to be the key that the entry records.
    ///
    /// # Errors
    /// Its file is missing or refused, holds no key that CloudFront takes, or holds another key.
    pub fn signing_key(&self, entry: &Entry) -> Result<SigningKey, KeyringError> {
        let path = self.path().join(entry.file().as_str());
        let pem = self
            .files
            .read(entry.file().as_str(), PEM_LIMIT)
            .map_err(|error| KeyringError::reading(error, entry, self.path().into()))?;
        let key =
            SigningKey::from_pem(&pem).map_err(|source| KeyringError::Key { path: path.clone(), source })?;
        let found = KeyId::of(key.public_key());
        if found != *entry.id() {
            return Err(KeyringError::OtherKey { path, found, recorded: entry.id().clone() });
        }
        if key.algorithm() != entry.algorithm() {
            let (found, recorded) = (key.algorithm(), entry.algorithm());
            return Err(KeyringError::OtherAlgorithm { path, id: entry.id().clone(), found, recorded });
        }
        Ok(key)
    }

    /// Whether anything is where the private key of an entry belongs.
    pub(super) fn has_file_of(&self, entry: &Entry) -> Result<bool, KeyringError> {
        Ok(self.files.has(entry.file().as_str())?)
    }

    /// Files that may hold a private key and that the document does not name, sorted: what a command
    /// leaves behind that is killed between writing a key and writing `keyring.json`.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn orphans(&self, document: &Document) -> Result<Vec<String>, KeyringError> {
        let named: HashSet<&OsStr> =
            document.entries().iter().map(|entry| OsStr::new(entry.file().as_str())).collect();
        let mut orphans = Vec::new();
        for name in self.files.names()? {
            if named.contains(name.as_os_str()) {
                continue;
            }
            let name = name.to_string_lossy().into_owned();
            if name.ends_with(".pem") || name.starts_with(TEMPORARY_PREFIX) {
                orphans.push(name);
            }
        }
        orphans.sort();
        Ok(orphans)
    }

    /// Where the keyring's files are written; for the holder of the lock.
    pub(super) fn files(&self) -> &OpenDirectory {
        &self.files
    }

    /// The right to change the keyring, for one process at a time; it ends when the writer is dropped
    /// or the process dies.
    ///
    /// # Errors
    /// Another process has it, or the directory cannot be written.
    pub fn lock(&self) -> Result<Writer<'_>, KeyringError> {
        Ok(Writer::new(self, self.files.lock()?))
    }
}

/// Reads a private key from a file that only its owner can read.
///
/// # Errors
/// The file is refused (see [`read_private`]), or holds no key that CloudFront takes.
pub fn read_signing_key(path: &Path) -> Result<SigningKey, KeyringError> {
    let pem = read_private(path, PEM_LIMIT)?;
    SigningKey::from_pem(&pem).map_err(|source| KeyringError::Key { path: path.into(), source })
}

/// A keyring as it was read: every key's entry, and the active key ready to sign.
#[derive(Debug)]
pub struct Keyring {
    document: Document,
    active: Option<ActiveKey>,
}

impl Keyring {
    /// What `keyring.json` says.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The key that signs; none before the first key is activated.
    #[must_use]
    pub fn active(&self) -> Option<&ActiveKey> {
        self.active.as_ref()
    }
}

/// The key that signs, and how.
#[derive(Debug, Clone)]
pub struct ActiveKey {
    id: KeyId,
    key_pair_id: KeyPairId,
    key: Arc<SigningKey>,
    hash: HashAlgorithm,
}

impl ActiveKey {
    /// The local name of the key.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The name by which CloudFront trusts it.
    #[must_use]
    pub fn key_pair_id(&self) -> &KeyPairId {
        &self.key_pair_id
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &Arc<SigningKey> {
        &self.key
    }

    /// The hash to sign over.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }
}
