use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::document::Document;
use super::entry::Entry;
use super::error::KeyringError;
use super::files::{FileError, OpenDirectory, TEMPORARY_PREFIX, read_private};
use super::id::KeyId;
use super::journal::Journal;
use super::location::Location;
use super::ring::{ActiveKey, Keyring};
use super::secret::Members;
use crate::cloudfront::SigningKey;

/// The name of the document.
pub(super) const DOCUMENT_FILE: &str = "keyring.json";

/// The name of the journal.
pub(super) const JOURNAL_FILE: &str = "journal.jsonl";

/// Thousands of keys' worth; anything larger was put there by mistake.
const DOCUMENT_LIMIT: u64 = 1 << 20;

/// An RSA-2048 PEM has 1.7 kB.
const PEM_LIMIT: u64 = 1 << 16;

/// Far more than the records that are kept.
const JOURNAL_LIMIT: u64 = 1 << 20;

/// The files of a keyring: small, and each with a plain name.
#[derive(Debug)]
pub(super) enum Files {
    /// In this directory, read when they are asked for.
    Directory(OpenDirectory),
    /// All of them, as one version of a secret had them.
    Secret(Members),
}

/// A keyring as one reading found it: a directory, held open whatever its path leads to later, or one version
/// of a secret.
#[derive(Debug)]
pub struct View {
    pub(super) location: Location,
    pub(super) files: Files,
}

impl View {
    /// Where the keyring is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// What `keyring.json` says; no private key is read.
    ///
    /// # Errors
    /// There is none, it is refused as a file, or what it says is.
    pub fn document(&self) -> Result<Document, KeyringError> {
        self.document_if_any()?.ok_or_else(|| KeyringError::NoKeyring { location: self.location.clone() })
    }

    /// As [`document`](Self::document), or nothing where there is no `keyring.json`.
    pub(super) fn document_if_any(&self) -> Result<Option<Document>, KeyringError> {
        let Some(json) = self.read(DOCUMENT_FILE, DOCUMENT_LIMIT)? else { return Ok(None) };
        let path = || self.location.path_of(DOCUMENT_FILE);
        Document::parse(&json).map(Some).map_err(|source| KeyringError::Document { path: path(), source })
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
        let path = self.location.path_of(entry.file().as_str());
        let pem = self
            .read(entry.file().as_str(), PEM_LIMIT)?
            .ok_or_else(|| KeyringError::no_key_file(entry, &self.location))?;
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

    /// What rotations wrote down of their steps; empty where none ever ran.
    ///
    /// # Errors
    /// The file is refused, or a line before its last is no record.
    pub fn journal(&self) -> Result<Journal, KeyringError> {
        let Some(text) = self.read(JOURNAL_FILE, JOURNAL_LIMIT)? else { return Ok(Journal::default()) };
        let path = || self.location.path_of(JOURNAL_FILE);
        Journal::parse(&text).map_err(|source| KeyringError::Journal { path: path(), source })
    }

    /// Files that may hold a private key and that the document does not name, sorted, as messages call them:
    /// what a command leaves behind that is killed between writing a key and writing `keyring.json`.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn orphans(&self, document: &Document) -> Result<Vec<String>, KeyringError> {
        let is_named = |name: &String| document.entries().iter().any(|entry| entry.file().as_str() == name);
        let mut names: Vec<String> = match &self.files {
            Files::Directory(directory) => {
                directory.names()?.iter().map(|name| name.to_string_lossy().into_owned()).collect()
            }
            Files::Secret(members) => members.names().map(str::to_owned).collect(),
        };
        names.retain(|name| name.ends_with(".pem") || name.starts_with(TEMPORARY_PREFIX));
        names.retain(|name| !is_named(name));
        names.sort();
        Ok(names)
    }

    /// Whether anything is where the private key of an entry belongs.
    pub(super) fn has_file_of(&self, entry: &Entry) -> Result<bool, KeyringError> {
        match &self.files {
            Files::Directory(directory) => Ok(directory.has(entry.file().as_str())?),
            Files::Secret(members) => Ok(members.read(entry.file().as_str()).is_some()),
        }
    }

    /// The contents of a file, if it is there.
    fn read(&self, name: &str, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        match &self.files {
            Files::Directory(directory) => match directory.read(name, limit) {
                Err(FileError::Missing { .. }) => Ok(None),
                read => Ok(Some(read?)),
            },
            // All of a secret is smaller than any limit.
            Files::Secret(members) => {
                Ok(members.read(name).map(|text| Zeroizing::new(text.as_bytes().to_vec())))
            }
        }
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
