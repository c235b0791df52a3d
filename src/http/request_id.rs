use std::fmt::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};
use bytes::Bytes;

/// The header of a request and of its answer.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Characters of an id that is taken over, at most: a UUID has 36.
const MAX_GIVEN: usize = 64;

/// Names one request in the log and in the answer's `X-Request-Id`: 16 hexadecimal digits that differ
/// between processes, and 8 that count; or what a trusted proxy has named it. Not a secret and not unguessable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

static PROCESS: LazyLock<String> = LazyLock::new(|| {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    format!("{:016x}", u64::from_be_bytes(bytes))
});
static COUNT: AtomicU64 = AtomicU64::new(0);

impl RequestId {
    /// The next id of this process.
    #[must_use]
    pub fn next() -> Self {
        let mut id = String::with_capacity(24);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        id.push_str(&PROCESS);
        write!(id, "{count:08x}").expect("writing to a string never fails");
        Self(id)
    }

    /// The id in the headers of a request, if there is exactly one of 1 to 64 letters, digits and `_`, `-`, `.`: what
    /// stands in a log, a header and a URL as it is. To be asked for of trusted peers alone.
    pub(super) fn given(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(REQUEST_ID);
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let text = value.to_str().ok()?;
        let is_good = (1..=MAX_GIVEN).contains(&text.len()) && text.bytes().all(is_plain);
        is_good.then(|| Self(text.to_owned()))
    }

    /// The id that [`super::guard()`] gave this request. It is there only if a proxy gave it, and at the level at which
    /// routes log lines of their own, debug: no other request pays for it.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For the answer's header.
    #[must_use]
    pub fn into_header(self) -> HeaderValue {
        HeaderValue::from_maybe_shared(Bytes::from(self.0))
            .expect("letters, digits and a few marks are a header value")
    }
}
