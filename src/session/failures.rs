use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often what a provider depends on gave no answer that can be used: counted where it is asked, once for all who
/// wait for one answer. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Failures(Arc<AtomicU64>);

impl Failures {
    /// So far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(in crate::session) fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
