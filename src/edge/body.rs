//! Bodies of answers: a HEAD's, which promises and sends nothing, and one that counts what it sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

use super::observe::Observer;
use super::request_id::RequestId;

/// The answer to HEAD: the length that a GET would have, and no byte of it.
pub(super) struct Promised(pub(super) u64);

impl MessageBody for Promised {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// A body that tells the observer, when it ends or its viewer goes away, how many bytes were handed to the connection.
pub(super) struct Counted {
    inner: BoxBody,
    sent: u64,
    id: RequestId,
    observer: Arc<dyn Observer>,
}

impl Counted {
    pub(super) fn new(inner: BoxBody, id: RequestId, observer: Arc<dyn Observer>) -> Self {
        Self { inner, sent: 0, id, observer }
    }
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.inner.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let chunk = Pin::new(&mut self.inner).poll_next(context);
        if let Poll::Ready(Some(Ok(bytes))) = &chunk {
            self.sent += bytes.len() as u64;
        }
        chunk
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.observer.finished(&self.id, self.sent);
    }
}
