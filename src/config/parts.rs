//! Parts of a configuration, for commands that need no more: no secret that the file names is fetched.

use std::path::Path;

use super::audit::stand_in_for;
use super::grants::{self, read_mint};
use super::keyring::{KeyringConfig, read_keyring};
use super::load::{Surroundings, parse, site, text_at};
use super::offer::Offer;
use super::problem::Problems;
use super::rotation::{RotationConfig, read_rotation};
use super::server::{self, Needs, ServerConfig};

/// What keys are rotated by: what they sign and where they are. There is no secret in it, so that who rotates keys
/// needs none of those that let listeners in.
#[derive(Debug, Clone)]
pub struct RotatingConfig {
    /// `[keyring]`.
    pub keyring: KeyringConfig,
    /// What a key has to serve. Nothing is to be minted by it: tags of traced grants would say nothing.
    pub offer: Offer,
    /// `[rotation]`, if keys are rotated with this configuration.
    pub rotation: Option<RotationConfig>,
}

impl RotatingConfig {
    /// Reads what says what a key has to serve (`[server]`, `[mint]`, `[[grants]]`), `[keyring]` and `[rotation]`.
    ///
    /// # Errors
    /// As [`Config::load`](super::Config::load), of other sections only for what has no meaning in them.
    pub fn load(path: &Path, surroundings: Surroundings) -> Result<Self, Problems> {
        parse(path, &text_at(path)?, surroundings, |raw, vault, needs, reader| {
            let (to_browsers, with_sessions) = (needs.app_origins, raw.session.is_some());
            let mint = read_mint(raw.mint, reader);
            // It is another process that serves and needs the descriptors.
            let server = server::read(raw.server, &Needs { descriptor_limit: None, ..needs }, reader);
            let site = server.as_ref().map(|server| site(server, &mint));
            let grants = grants::read(raw.grants, site, &stand_in_for(raw.audit.as_ref()), reader);
            let keyring = read_keyring(raw.keyring, vault.folder, reader);
            let rotation = read_rotation(raw.rotation, &grants, reader);
            Some(Self { keyring, offer: Offer { mint, grants, to_browsers, with_sessions }, rotation })
        })
        .map(|(read, _)| read)
    }
}

impl KeyringConfig {
    /// Reads `[keyring]` alone.
    ///
    /// # Errors
    /// As [`Config::load`](super::Config::load), of other sections only for what has no meaning in them.
    pub fn load(path: &Path, surroundings: Surroundings) -> Result<Self, Problems> {
        parse(path, &text_at(path)?, surroundings, |raw, vault, _, reader| {
            Some(read_keyring(raw.keyring, vault.folder, reader))
        })
        .map(|(read, _)| read)
    }
}

impl ServerConfig {
    /// Reads `[server]` alone.
    ///
    /// # Errors
    /// As [`Config::load`](super::Config::load), of other sections only for what has no meaning in them.
    pub fn load(path: &Path, surroundings: Surroundings) -> Result<Self, Problems> {
        parse(path, &text_at(path)?, surroundings, |raw, _, needs, reader| {
            server::read(raw.server, &Needs { app_origins: false, ..needs }, reader)
        })
        .map(|(read, _)| read)
    }
}
