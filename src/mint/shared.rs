use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::minted::Minted;
use crate::cloudfront::{EpochSeconds, SignError};

/// The signatures of one shared grant: of the present expiry step and of those around it.
#[derive(Default)]
pub(super) struct SharedSlot {
    /// Read by every request without a lock; a handful at most.
    signed: ArcSwap<Vec<Arc<Minted>>>,
    /// Held by the one who signs what is missing; the others wait and then find it.
    signing: Mutex<()>,
}

/// The present step, the next, and one that the clock may step back to.
const KEPT: usize = 3;

impl SharedSlot {
    /// The signature that ends at exactly this second, if it has been made.
    pub(super) fn find(&self, expires: EpochSeconds) -> Option<Arc<Minted>> {
        self.signed.load().iter().find(|minted| minted.expires_at() == expires.get()).cloned()
    }

    /// The same, made by `sign` if nobody has made it yet. Blocks, and runs to its end even if
    /// whoever asked has gone: the next one finds what it made.
    pub(super) fn find_or_sign(
        &self,
        expires: EpochSeconds,
        sign: impl FnOnce() -> Result<Minted, SignError>,
    ) -> Result<Arc<Minted>, SignError> {
        // The lock guards no data that a panic could leave half-made.
        let _one_at_a_time = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(minted) = self.find(expires) {
            return Ok(minted);
        }
        let minted = Arc::new(sign()?);
        let mut signed = Vec::clone(&self.signed.load());
        signed.push(minted.clone());
        // In the order of being made, so that a clock stepped back does not drop what it needs now.
        signed.drain(..signed.len().saturating_sub(KEPT));
        self.signed.store(Arc::new(signed));
        Ok(minted)
    }

    /// When the newest of them ends, epoch seconds.
    pub(super) fn latest(&self) -> Option<i64> {
        self.signed.load().iter().map(|minted| minted.expires_at()).max()
    }
}
