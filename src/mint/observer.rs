use std::time::Duration;

/// Is told of what a minter does, on whichever thread does it, which it must not hold up. `()` takes no notice.
pub trait Observer: Send + Sync {
    /// One set of cookies was signed, which took so long.
    fn signed(&self, took: Duration) {
        let _ = took;
    }

    /// A mint of a shared grant found its signature ready.
    fn found_shared(&self) {}

    /// A mint of a shared grant found none, and waits until it is made.
    fn missed_shared(&self) {}
}

impl Observer for () {}
