//! Counts the media bytes that a server sends, so that "the app served none" is a measurement.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::Next;
use bytes::Bytes;

/// Bytes of `audio/*` and `video/*` bodies that one server has sent since it started. Clones count
/// together.
#[derive(Debug, Clone, Default)]
pub struct MediaBytes(Arc<AtomicU64>);

impl MediaBytes {
    /// What was sent so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A middleware for `actix_web::middleware::from_fn` around everything that the server answers.
    ///
    /// # Errors
    /// Only what the wrapped service itself answers with.
    pub async fn count(
        self,
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse, Error> {
        let response = next.call(request).await?.map_into_boxed_body();
        if !is_media(&response) {
            return Ok(response);
        }
        Ok(response.map_body(|_, body| BoxBody::new(Counted { body, sent: self })))
    }
}

fn is_media(response: &ServiceResponse) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| {
        let value = value.trim_start().to_ascii_lowercase();
        value.starts_with("audio/") || value.starts_with("video/")
    })
}

struct Counted {
    body: BoxBody,
    sent: MediaBytes,
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        let next = Pin::new(&mut this.body).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            this.sent.0.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpResponse, test, web};

    use super::*;

    async fn bytes_counted(content_type: &'static str, uri: &str) -> u64 {
        let sent = MediaBytes::default();
        let counter = sent.clone();
        let app = test::init_service(
            App::new().wrap(from_fn(move |request, next| counter.clone().count(request, next))).route(
                "/file",
                web::get()
                    .to(move || async move { HttpResponse::Ok().content_type(content_type).body("12345") }),
            ),
        )
        .await;
        let response = test::call_service(&app, test::TestRequest::get().uri(uri).to_request()).await;
        test::read_body(response).await;
        sent.sent()
    }

    #[actix_web::test]
    async fn only_media_bytes_are_counted() {
        assert_eq!(bytes_counted("audio/wav", "/file").await, 5);
        assert_eq!(bytes_counted("Video/MP4; x=y", "/file").await, 5);
        assert_eq!(bytes_counted("text/html", "/file").await, 0);
        assert_eq!(bytes_counted("application/audio", "/file").await, 0);
        assert_eq!(bytes_counted("audio/wav", "/nowhere").await, 0);
    }

    #[actix_web::test]
    async fn a_body_that_is_never_read_was_not_sent() {
        let sent = MediaBytes::default();
        drop(Counted { body: BoxBody::new("12345"), sent: sent.clone() });
        assert_eq!(sent.sent(), 0);
    }
}
