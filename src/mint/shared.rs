use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use super::minted::Minted;
use crate::cloudfront::{EpochSeconds, Policy, SignError};

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

    /// Makes the signature unless somebody else has made it meanwhile.
    pub(super) async fn find_or_sign<F>(&self, policy: Policy, sign: F) -> Result<Arc<Minted>, SignError>
    where
        F: FnOnce(Policy) -> Result<Minted, SignError> + Send + 'static,
    {
        let _one_at_a_time = self.signing.lock().await;
        if let Some(minted) = self.find(policy.expires()) {
            return Ok(minted);
        }
        let signed = tokio::task::spawn_blocking(move || sign(policy)).await;
        let minted = Arc::new(signed.map_err(|_| SignError)??);
        self.keep(minted.clone());
        Ok(minted)
    }

    /// Adds a signature and forgets the oldest beyond a handful.
    pub(super) fn keep(&self, minted: Arc<Minted>) {
        self.signed.rcu(|signed| {
            let mut signed: Vec<_> =
                signed.iter().filter(|known| known.expires_at() != minted.expires_at()).cloned().collect();
            signed.push(minted.clone());
            // In the order of being made, so that a clock stepped back does not drop what it needs now.
            let surplus = signed.len().saturating_sub(KEPT);
            signed.drain(..surplus);
            signed
        });
    }
}
