//! Cookie sets that turned up where they should not be.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cloudfront::encoding;
use crate::cloudfront::verify::SignedPolicy;
use crate::mint::TraceKey;

/// What a set says of itself in its policy, which anybody can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LeakedSet {
    /// What it opens; `None` opens everything, and was not minted here.
    pub(super) resource: Option<String>,
    /// Epoch seconds.
    pub(super) expires_at: i64,
    /// `None` if it has none: then it is not known whose it was.
    pub(super) trace_tag: Option<i64>,
}

impl LeakedSet {
    /// Every set in a text, each once, in the order of the text. A `Cookie` or `Set-Cookie` line, a file of cookies,
    /// a signed URL, or the value of `CloudFront-Policy` alone: whatever decodes to a policy is one.
    pub(super) fn all_in(text: &str) -> Vec<Self> {
        let in_alphabet = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '~');
        let mut sets = Vec::new();
        for word in text.split(|c| !in_alphabet(c)) {
            let policy = encoding::decode(word).ok().and_then(|bytes| SignedPolicy::parse(&bytes).ok());
            let set = policy.map(Self::of);
            sets.extend(set.filter(|set| !sets.contains(set)));
        }
        sets
    }

    fn of(policy: SignedPolicy) -> Self {
        Self {
            resource: policy.resource().map(str::to_owned),
            expires_at: policy.expires(),
            trace_tag: policy.starts_after().filter(|second| TraceKey::is_tag(*second)),
        }
    }
}

/// For people.
impl std::fmt::Display for LeakedSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let resource = self.resource.as_deref().unwrap_or("everything").escape_debug();
        let until = OffsetDateTime::from_unix_timestamp(self.expires_at).ok();
        let until = until.and_then(|until| until.format(&Rfc3339).ok());
        write!(f, "cookies for {resource} until {}", until.unwrap_or_else(|| self.expires_at.to_string()))?;
        match self.trace_tag {
            Some(tag) => write!(f, ", trace tag {tag}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(start: &str) -> String {
        let condition = format!(r#"{{"DateLessThan":{{"AWS:EpochTime":1800000300}}{start}}}"#);
        encoding::encode(
            format!(r#"{{"Statement":[{{"Resource":"https://c.e.com/*","Condition":{condition}}}]}}"#)
                .as_bytes(),
        )
    }

    fn started(second: i64) -> String {
        policy(&format!(r#","DateGreaterThan":{{"AWS:EpochTime":{second}}}"#))
    }

    fn tags(text: &str) -> Vec<Option<i64>> {
        LeakedSet::all_in(text).into_iter().map(|set| set.trace_tag).collect()
    }

    #[test]
    fn sets_are_found_however_they_were_kept() {
        let (one, other) = (started(7), started(8));
        for text in [
            format!(
                "Cookie: a=b; CloudFront-Policy={one}; CloudFront-Signature=abc~_; CloudFront-Policy={other}"
            ),
            format!(
                "Set-Cookie: CloudFront-Policy={one}; Path=/\r\nSet-Cookie: CloudFront-Policy={other}; Path=/b"
            ),
            format!("{one}\n{one}\n{other}\n"),
            format!(".e.com\tTRUE\t/\tTRUE\t0\tCloudFront-Policy\t{one}\n{other}"),
            format!(r#"{{"CloudFront-Policy":"{one}"}} -b 'CloudFront-Policy={other}'"#),
            format!(
                "https://c.e.com/1?Policy={one}&Signature=x https://c.e.com/1?Signature=x&Policy={other}"
            ),
        ] {
            assert_eq!(tags(&text), [Some(7), Some(8)], "{text}");
        }
        assert_eq!(tags(&one), [Some(7)]);
    }

    #[test]
    fn only_seconds_that_can_be_a_tag_are_one() {
        assert_eq!(tags(&policy("")), [None]);
        assert_eq!(tags(&started(1)), [Some(1)]);
        assert_eq!(tags(&started(1 << 30)), [Some(1 << 30)]);
        assert_eq!(tags(&started((1 << 30) + 1)), [None]);
    }

    #[test]
    fn what_is_no_policy_is_no_set() {
        let good = started(7);
        for text in ["", "CloudFront-Policy=", "e30_", &good[1..], &good[..good.len() - 4]] {
            assert_eq!(LeakedSet::all_in(text), [], "{text}");
        }
    }
}
