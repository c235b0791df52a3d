use std::sync::atomic::{AtomicUsize, Ordering};

/// At the same time: rotations mostly wait for cookies to expire.
const WORKERS: usize = 10;

/// Does this for every point, some at a time; after a panic, no more are begun.
pub fn each<P: Sync>(points: &[P], work: impl Fn(&P) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(points.len()) {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let rest = Rest(&next, points.len());
                    work(point);
                    std::mem::forget(rest);
                }
            });
        }
    });
}

/// Dropped by a panic, it leaves nothing to do.
struct Rest<'a>(&'a AtomicUsize, usize);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.store(self.1, Ordering::Relaxed);
    }
}
