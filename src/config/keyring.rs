//! `[keyring]`: where the signing keys are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_spanned::Spanned;

use crate::keyring::Location;

use super::fields::{Reader, duration_in, not_empty};
use super::raw::{Field, RawKeyring};

/// Where the signing keys are, and how often a server looks whether they changed.
#[derive(Debug, Clone)]
pub struct KeyringConfig {
    /// The directory, absolute or relative to the working directory; or the secret.
    pub location: Location,
    /// The longest that a server goes on with a keyring that was changed: 1 s to 10 min.
    pub poll: Duration,
}

impl KeyringConfig {
    const DEFAULT_POLL: Duration = Duration::from_secs(30);
    const MIN_POLL: Duration = Duration::from_secs(1);
    /// A retiring key waits this much longer in the key group.
    const MAX_POLL: Duration = Duration::from_secs(600);
}

pub(super) fn read_keyring(raw: Field<RawKeyring>, folder: &Path, reader: &mut Reader<'_>) -> KeyringConfig {
    let RawKeyring { directory, store, poll } = raw.map(Spanned::into_inner).unwrap_or_default();
    if let (Some(directory), Some(store)) = (&directory, &store) {
        let message = format!(
            "a keyring is in one place, and keyring.directory at {} names another; remove one of the two",
            reader.place(&directory.span())
        );
        reader.wrong(&store.span(), message);
    }
    let directory = read_directory(directory, folder, reader);
    let store = reader.optional(store, |text| {
        text.parse::<Location>()
            .map_err(|error| format!("{text:?} is no store: {error}; a directory is keyring.directory"))
    });
    let poll = reader.optional(poll, duration_in(KeyringConfig::MIN_POLL, KeyringConfig::MAX_POLL));
    KeyringConfig {
        location: store.unwrap_or(Location::Directory(directory)),
        poll: poll.unwrap_or(KeyringConfig::DEFAULT_POLL),
    }
}

/// A name in the file starts in the folder of the file; a name on the command line, as every name
/// there, in the working directory.
fn read_directory(directory: Field<String>, folder: &Path, reader: &mut Reader<'_>) -> PathBuf {
    let from_outside = directory.as_ref().is_some_and(|name| reader.is_overridden(&name.span()));
    let directory = reader.optional(directory, not_empty).unwrap_or_else(|| "keys".to_owned());
    if from_outside { PathBuf::from(directory) } else { folder.join(directory) }
}
