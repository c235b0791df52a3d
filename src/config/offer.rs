use crate::mint::Profile;

use super::grants::MintConfig;
use super::load::Config;

/// What is minted and to whom: all that tells whether a key can serve it.
#[derive(Debug, Clone)]
pub struct Offer {
    /// `[mint]`.
    pub mint: MintConfig,
    /// `[[grants]]`.
    pub grants: Vec<Profile>,
    /// Whether browsers are let in, which are given all grants at once; a back end asks for those that it wants.
    pub to_browsers: bool,
    /// Whether browsers are given the cookie of a session of our own besides.
    pub with_sessions: bool,
}

impl Config {
    /// What is minted by this configuration.
    #[must_use]
    pub fn offer(&self) -> Offer {
        Offer {
            mint: self.mint,
            grants: self.grants.clone(),
            to_browsers: self.ticket.is_some() || self.provider.is_some(),
            with_sessions: self.session.is_some(),
        }
    }
}
