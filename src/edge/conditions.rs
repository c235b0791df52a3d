//! Conditional requests of the directory origin, in the order of RFC 9110 §13.2.2.

use std::time::{Duration, SystemTime};

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    self, EntityTag, Header, HeaderMap, HeaderName, HeaderValue, IfMatch, IfNoneMatch,
};

/// What identifies the version of an object that is being served.
#[derive(Clone, Debug)]
pub(super) struct Validators {
    etag: EntityTag,
    /// In whole seconds, as `Last-Modified` carries it.
    last_modified: SystemTime,
}

/// What the preconditions of a request leave to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Send the object; the `Range` header counts only if `with_range`.
    Proceed { with_range: bool },
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

impl Validators {
    /// Of an object of this length, last modified then. The entity tag is strong: a file that is written
    /// again gets another modification time, in nanoseconds, or another length.
    pub(super) fn of(length: u64, modified: SystemTime) -> Self {
        let since_epoch = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            etag: EntityTag::new_strong(format!("{:x}-{length:x}", since_epoch.as_nanos())),
            last_modified: SystemTime::UNIX_EPOCH + Duration::from_secs(since_epoch.as_secs()),
        }
    }

    /// `ETag` and `Last-Modified`.
    pub(super) fn headers(&self) -> [(HeaderName, String); 2] {
        [
            (header::ETAG, self.etag.to_string()),
            (header::LAST_MODIFIED, httpdate::fmt_http_date(self.last_modified)),
        ]
    }

    /// Evaluates the preconditions of a request for an object that exists. An unreadable date counts as
    /// absent (RFC 9110 §13.1.3, §13.1.4), and so does an unreadable entity-tag list.
    pub(super) fn evaluate(&self, request: &HttpRequest) -> Outcome {
        let headers = request.headers();
        let matched = match if_match(request) {
            Some(wanted) => self.is_among(wanted),
            None => {
                date(headers, header::IF_UNMODIFIED_SINCE).is_none_or(|since| self.last_modified <= since)
            }
        };
        if !matched {
            return Outcome::Failed;
        }
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let modified = match if_none_match(request) {
            Some(held) => !self.is_held(held),
            None => {
                !is_read
                    || date(headers, header::IF_MODIFIED_SINCE).is_none_or(|since| self.last_modified > since)
            }
        };
        if !modified {
            return if is_read { Outcome::NotModified } else { Outcome::Failed };
        }
        // RFC 9110 §14.2: Range is defined for GET alone.
        let with_range = request.method() == Method::GET
            && headers.get(header::IF_RANGE).is_none_or(|held| {
                let [(_, etag), (_, last_modified)] = self.headers();
                if_range_holds(held, Some(&etag), Some(&last_modified))
            });
        Outcome::Proceed { with_range }
    }

    /// `If-Match` compares strongly (RFC 9110 §13.1.1).
    fn is_among(&self, wanted: IfMatch) -> bool {
        match wanted {
            IfMatch::Any => true,
            IfMatch::Items(tags) => tags.iter().any(|tag| tag.strong_eq(&self.etag)),
        }
    }

    /// `If-None-Match` compares weakly (RFC 9110 §13.1.2).
    fn is_held(&self, held: IfNoneMatch) -> bool {
        match held {
            IfNoneMatch::Any => true,
            IfNoneMatch::Items(tags) => tags.iter().any(|tag| tag.weak_eq(&self.etag)),
        }
    }
}

/// Whether `If-Range` names exactly the version that has these validators: a strong entity tag, or the exact
/// `Last-Modified` date (RFC 9110 §13.1.5).
pub(super) fn if_range_holds(held: &HeaderValue, etag: Option<&str>, last_modified: Option<&str>) -> bool {
    let Ok(held) = held.to_str() else { return false };
    if held.starts_with('"') {
        return etag == Some(held);
    }
    let held = httpdate::parse_http_date(held).ok();
    held.is_some() && held == last_modified.and_then(|date| httpdate::parse_http_date(date).ok())
}

fn if_match(request: &HttpRequest) -> Option<IfMatch> {
    request.headers().contains_key(header::IF_MATCH).then(|| IfMatch::parse(request).ok()).flatten()
}

fn if_none_match(request: &HttpRequest) -> Option<IfNoneMatch> {
    request.headers().contains_key(header::IF_NONE_MATCH).then(|| IfNoneMatch::parse(request).ok()).flatten()
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const PROCEED: Outcome = Outcome::Proceed { with_range: true };
    const WHOLE: Outcome = Outcome::Proceed { with_range: false };
    /// 784111777 s is the date of RFC 9110 §5.6.7's example.
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
    const ETAG: &str = "\"ae1b38abd5d5e15-2710\"";

    fn outcome(headers: &[(&'static str, &str)]) -> Outcome {
        let modified = SystemTime::UNIX_EPOCH + Duration::new(784_111_777, 5);
        let validators = Validators::of(10_000, modified);
        let etag = validators.headers()[0].1.clone();
        let request = headers.iter().fold(TestRequest::get(), |request, (name, value)| {
            request.append_header((*name, value.replace(ETAG, &etag)))
        });
        validators.evaluate(&request.to_http_request())
    }

    #[test]
    fn each_condition_alone() {
        for (name, value, expected) in [
            ("if-match", ETAG, PROCEED),
            ("if-match", "*", PROCEED),
            ("if-match", "\"other\", \"ae1b38abd5d5e15-2710\"", PROCEED),
            ("if-match", "\"other\"", Outcome::Failed),
            ("if-match", "W/\"ae1b38abd5d5e15-2710\"", Outcome::Failed),
            ("if-unmodified-since", DATE, PROCEED),
            ("if-unmodified-since", LATER, PROCEED),
            ("if-unmodified-since", EARLIER, Outcome::Failed),
            ("if-unmodified-since", "yesterday", PROCEED),
            ("if-none-match", ETAG, Outcome::NotModified),
            ("if-none-match", "*", Outcome::NotModified),
            ("if-none-match", "\"other\", W/\"ae1b38abd5d5e15-2710\"", Outcome::NotModified),
            ("if-none-match", "\"other\"", PROCEED),
            ("if-modified-since", DATE, Outcome::NotModified),
            ("if-modified-since", LATER, Outcome::NotModified),
            ("if-modified-since", EARLIER, PROCEED),
            ("if-modified-since", "1994-11-06T08:49:37Z", PROCEED),
            ("if-range", ETAG, PROCEED),
            ("if-range", DATE, PROCEED),
            ("if-range", "\"other\"", WHOLE),
            ("if-range", "W/\"ae1b38abd5d5e15-2710\"", WHOLE),
            ("if-range", EARLIER, WHOLE),
            ("if-range", LATER, WHOLE),
            ("if-range", "ae1b38abd5d5e15-2710", WHOLE),
            ("if-range", "", WHOLE),
        ] {
            assert_eq!(outcome(&[(name, value)]), expected, "{name}: {value}");
        }
    }

    #[test]
    fn conditions_are_taken_in_the_order_of_the_rfc() {
        // An entity tag outweighs a date, and If-Match is decided before If-None-Match, If-Range last.
        assert_eq!(outcome(&[("if-match", ETAG), ("if-unmodified-since", EARLIER)]), PROCEED);
        assert_eq!(outcome(&[("if-none-match", "\"other\""), ("if-modified-since", LATER)]), PROCEED);
        assert_eq!(outcome(&[("if-match", "\"other\""), ("if-none-match", ETAG)]), Outcome::Failed);
        assert_eq!(outcome(&[("if-match", ETAG), ("if-none-match", ETAG)]), Outcome::NotModified);
        assert_eq!(outcome(&[("if-none-match", ETAG), ("if-range", ETAG)]), Outcome::NotModified);
    }

    #[test]
    fn a_range_of_head_is_ignored() {
        let validators = Validators::of(1, SystemTime::UNIX_EPOCH);
        let request = TestRequest::with_uri("/").method(Method::HEAD).to_http_request();
        assert_eq!(validators.evaluate(&request), WHOLE);
    }
}
