use std::fmt;

use reqwest::StatusCode;

/// What the edge said about the canary, as far as it matters for a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It let the request through: the file, or what the origin says in its place.
    LetIn(u16),
    /// 403 by the edge, with its code where the body has one (rules §5).
    Refused(Option<String>),
    /// 403 by the bucket behind the edge, which let the request through (rules §5).
    RefusedByOrigin,
    /// A redirect: made before signatures are looked at, so it says nothing.
    Redirect(u16),
    /// An answer that says nothing, such as 429 or 503: it may come from before or behind the check.
    Odd(u16),
    /// No answer, and why.
    None(String),
}

impl Answer {
    /// Sorts an answer by its status and, for a 403, its body.
    pub(super) fn of(status: StatusCode, body: &[u8]) -> Self {
        match status.as_u16() {
            403 => Self::of_refusal(&String::from_utf8_lossy(body)),
            code @ (200..=299 | 404 | 410 | 416) => Self::LetIn(code),
            code @ 300..=399 => Self::Redirect(code),
            code => Self::Odd(code),
        }
    }

    fn of_refusal(body: &str) -> Self {
        // The bucket signs its refusals, the edge does not.
        if body.contains("<RequestId>") && body.contains("<HostId>") {
            return Self::RefusedByOrigin;
        }
        let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        let is_word =
            |code: &str| (1..=32).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
        Self::Refused(code.map(|(code, _)| code.to_owned()).filter(|code| is_word(code)))
    }
}

/// For people: `403 InvalidKey`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LetIn(status) | Self::Redirect(status) | Self::Odd(status) => status.fmt(f),
            Self::Refused(Some(code)) => write!(f, "403 {code}"),
            Self::Refused(None) => f.write_str("403"),
            Self::RefusedByOrigin => f.write_str("403 from the bucket"),
            Self::None(reason) => write!(f, "no answer ({reason})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_403_of_the_edge_is_told_from_one_of_the_bucket() {
        let of = |status: u16, body: &str| Answer::of(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let edge = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>InvalidKey</Code><Message>Unknown Key</Message></Error>";
        assert_eq!(of(403, edge), Answer::Refused(Some("InvalidKey".into())));
        let bucket = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>1</RequestId><HostId>2</HostId></Error>";
        assert_eq!(of(403, bucket), Answer::RefusedByOrigin);
        assert_eq!(of(403, "<h1>Members only</h1>"), Answer::Refused(None));
        assert_eq!(of(403, "<Code>\u{1b}[31m</Code>"), Answer::Refused(None));
        for status in [200, 206, 404, 416] {
            assert_eq!(of(status, edge), Answer::LetIn(status));
        }
        assert_eq!(of(301, ""), Answer::Redirect(301));
        for status in [400, 429, 500, 502, 503, 504] {
            assert_eq!(of(status, ""), Answer::Odd(status));
        }
    }
}
