//! What the edge tells whoever looks on: one event for each request, and one when its body is done.

use serde::Serialize;

use super::nodes::Pop;
use super::request_id::RequestId;
use crate::cloudfront::Check;

/// Looks on. Called on the request's own thread, so it should hand the event on and return, for example into a
/// `tokio::sync::broadcast` channel.
pub trait Observer: Send + Sync {
    /// An answer is about to be sent; its body is still to come.
    fn answered(&self, answer: &Answered);

    /// The body of the answer with this id has ended, or its viewer has gone, after this many bytes.
    fn finished(&self, id: &RequestId, bytes_sent: u64);
}

/// One request and what it was answered. No cookie value, no signature and no query is in it.
#[derive(Clone, Debug, Serialize)]
pub struct Answered {
    /// When it was decided, in epoch seconds by the edge's clock.
    pub time: i64,
    /// The answer's `X-Amz-Cf-Id`.
    pub id: RequestId,
    /// The answer's `X-Amz-Cf-Pop`, where edge nodes are simulated.
    pub pop: Option<Pop>,
    /// `GET`, `HEAD`, …
    pub method: String,
    /// The raw path, without the query.
    pub path: String,
    /// The `Range` header as it came.
    pub range: Option<String>,
    /// Whether any `CloudFront-…` cookie came along.
    pub had_cookies: bool,
    /// Why it was let through or not.
    pub outcome: Outcome,
    /// The checks of the signature, in order. Empty outside protected paths.
    pub trace: Vec<Check>,
    /// When access ends, in epoch seconds, if the signature was good.
    pub expires: Option<i64>,
    /// HTTP status.
    pub status: u16,
    /// The answer's `Content-Range`.
    pub content_range: Option<String>,
    /// Length of the body that is going to be sent, if it is known beforehand.
    pub bytes_promised: Option<u64>,
}

/// Why a request was let through to the origin, or was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "code")]
pub enum Outcome {
    /// No behaviour protects the path.
    Open,
    /// The signature is good.
    Allowed,
    /// The signature check refused, with this code of rules §5.
    Refused(&'static str),
    /// Refused before or behind the signature check; the code is the double's own.
    Failed(&'static str),
}

impl Outcome {
    /// One word for logs: `open`, `allowed` or the code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Allowed => "allowed",
            Self::Refused(code) | Self::Failed(code) => code,
        }
    }
}
