use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::time::{Instant, timeout_at};

/// What `work` comes to by the deadline, if it does. Most of what a request waits for is there at once, and then no
/// timer is made for it. Pinned by the caller: handed over, it would have a place in both futures, and be moved.
pub(super) async fn in_time<T>(deadline: Instant, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => timeout_at(deadline, work).await.ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::pin;
    use std::time::Duration;

    use tokio::task::yield_now;

    use super::*;

    #[actix_web::test]
    async fn what_is_there_counts_and_what_comes_by_the_deadline() {
        let past = Instant::now();
        assert_eq!(in_time(past, pin!(ready(1))).await, Some(1));
        assert_eq!(in_time(past, pin!(pending::<()>())).await, None);
        let soon = past + Duration::from_secs(60);
        assert_eq!(in_time(soon, pin!(yield_now())).await, Some(()));
    }
}
