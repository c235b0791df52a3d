use std::path::PathBuf;

use super::error::KeyringError;
use super::files::OpenDirectory;
use super::location::Location;
use super::ring::Keyring;
use super::secret::{SecretClient, SecretWriter};
use super::view::{Files, View};
use super::write::{Hold, Writer};

/// A keyring's place, ready to be read and changed.
///
/// Its methods are async for Secrets Manager; those of a directory read and write small files without awaiting.
#[derive(Debug, Clone)]
pub struct Store {
    location: Location,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Directory(PathBuf),
    Secret(SecretClient),
}

impl Store {
    /// The store at `location`. Nothing is read yet, and nothing need be there.
    ///
    /// # Errors
    /// No AWS region is configured for a secret.
    pub async fn open(location: Location) -> Result<Self, KeyringError> {
        let kind = match &location {
            Location::Directory(path) => Kind::Directory(path.clone()),
            Location::SecretsManager(id) => Kind::Secret(SecretClient::new(id.clone()).await?),
        };
        Ok(Self { location, kind })
    }

    /// As [`open`](Self::open), after making the directory, with mode 0700, unless something is there. Its parent
    /// must exist. A secret is made when it is first written.
    ///
    /// # Errors
    /// As [`open`](Self::open), or the directory cannot be made.
    pub async fn create(location: Location) -> Result<Self, KeyringError> {
        if let Location::Directory(path) = &location {
            OpenDirectory::create(path.clone())?;
        }
        Self::open(location).await
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The keyring as it is now: the directory to which its path leads now, or the current version of the secret.
    ///
    /// # Errors
    /// A directory that is missing, is something else, has another owner than this user or root, or in which
    /// others can write; a secret that is missing, refused or no keyring.
    pub async fn view(&self) -> Result<View, KeyringError> {
        let files = match &self.kind {
            Kind::Directory(path) => Files::Directory(OpenDirectory::open(path.clone())?),
            Kind::Secret(secret) => Files::Secret(secret.read().await?),
        };
        Ok(View { location: self.location.clone(), files })
    }

    /// The document, and the active key ready to sign, both of one reading.
    ///
    /// # Errors
    /// As [`view`](Self::view) and [`View::load`].
    pub async fn load(&self) -> Result<Keyring, KeyringError> {
        self.view().await?.load()
    }

    /// The right to change the keyring. In a directory one process at a time has it, until the writer is dropped
    /// or the process dies. Of a secret there can be several writers; the first one to write wins, and all
    /// others are told at their next write and have changed nothing.
    ///
    /// # Errors
    /// As [`view`](Self::view), but a secret may be missing; another process has the right, or the directory
    /// cannot be written.
    pub async fn lock(&self) -> Result<Writer, KeyringError> {
        let (hold, files) = match &self.kind {
            Kind::Directory(path) => {
                let directory = OpenDirectory::open(path.clone())?;
                (Hold::Directory { _lock: directory.lock()? }, Files::Directory(directory))
            }
            Kind::Secret(secret) => {
                let (writer, members) = SecretWriter::begin(secret.clone()).await?;
                (Hold::Secret(writer), Files::Secret(members))
            }
        };
        Ok(Writer::new(View { location: self.location.clone(), files }, hold))
    }
}
