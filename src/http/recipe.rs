//! What a minter is made of besides the key, so that another key makes another minter like it.

use std::sync::Arc;

use super::service;
use crate::cloudfront::Signer;
use crate::config::Config;
use crate::keyring::ActiveKey;
use crate::mint::{ExpiryStep, Minter, MinterError, Observer, Profile};

/// Bytes of all `Set-Cookie` values of one answer of `/enter`. Proxies take heads of 8 KiB and sometimes of 4
/// by default; nginx has to be told (`proxy_buffer_size`) above that.
pub(super) const MAX_COOKIES: usize = 6 * 1024;

/// Bytes that are left for the cookie of a session, where there are sessions: the longest subject, and some claims.
/// What takes more is refused at `/enter`.
const ROOM_FOR_SESSION: usize = 1024;

/// Why the grants cannot be served with a key.
#[derive(Debug, thiserror::Error)]
pub enum Unservable {
    /// One of them.
    #[error(transparent)]
    Minter(#[from] MinterError),
    /// An answer of `/enter` would be larger than what proxies pass on.
    #[error(
        "the cookies of all grants together take {bytes} bytes, and an answer of /enter carries at most {limit} bytes of them, because proxies pass no more on: configure fewer grants, or shorten their resources, cookie paths and domains"
    )]
    TooManyCookies {
        /// Of all `Set-Cookie` values together.
        bytes: usize,
        /// What is left for them beside the cookie of a session.
        limit: usize,
    },
}

/// The grants and the bounds within which they are signed.
#[derive(Clone)]
pub(super) struct Recipe {
    grants: Arc<[Profile]>,
    step: ExpiryStep,
    max_signatures: usize,
    /// Bytes of the cookies of all grants together; `None` where no browser gets them all at once.
    limit: Option<usize>,
    observer: Arc<dyn Observer>,
}

impl Recipe {
    /// `observer` is told of what its minters do.
    pub(super) fn of(config: &Config, observer: Arc<dyn Observer>) -> Self {
        // A back end asks for the grants that it wants; a browser gets them all.
        let browsers = config.ticket.is_some() || config.provider.is_some();
        let room = if config.session.is_some() { ROOM_FOR_SESSION } else { 0 };
        Self {
            grants: config.grants.clone().into(),
            step: ExpiryStep::new(config.mint.expiry_step).expect("checked by the configuration"),
            max_signatures: config.mint.max_signatures,
            limit: browsers.then_some(MAX_COOKIES - room),
            observer,
        }
    }

    /// The minter with this key, which has signed every grant once. Blocks for the time of the signatures.
    ///
    /// # Errors
    /// [`Unservable`].
    pub(super) fn minter(&self, key: &ActiveKey) -> Result<Minter, Unservable> {
        self.minter_for(Signer::new(key.key_pair_id().clone(), key.key().clone(), key.hash()))
    }

    fn minter_for(&self, signer: Signer) -> Result<Minter, Unservable> {
        let Self { step, max_signatures, .. } = *self;
        let (grants, observer) = (self.grants.clone(), self.observer.clone());
        let minter = Minter::new(signer, grants, step, max_signatures, service::now(), observer)?;
        let bytes = minter.largest_sets();
        match self.limit.filter(|limit| bytes > *limit) {
            Some(limit) => Err(Unservable::TooManyCookies { bytes, limit }),
            None => Ok(minter),
        }
    }
}

/// The minter of a configuration and its active key, which has signed every grant once.
///
/// # Errors
/// [`Unservable`] naming the grant that cannot be served with this key.
pub fn minter(config: &Config, key: &ActiveKey) -> Result<Minter, Unservable> {
    Recipe::of(config, Arc::new(())).minter(key)
}

/// The same for any key, which need not be active.
///
/// # Errors
/// As [`minter`].
pub fn minter_for(config: &Config, signer: Signer) -> Result<Minter, Unservable> {
    Recipe::of(config, Arc::new(())).minter_for(signer)
}
