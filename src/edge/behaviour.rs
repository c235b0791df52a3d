//! Behaviours: which paths are protected, and by which keys. CloudFront's path patterns, not a router's.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use thiserror::Error;

use super::nodes::Pop;
use crate::cloudfront::TrustedKeys;

/// The longest pattern that CloudFront takes, in characters.
const LONGEST_PATTERN: usize = 255;
/// The characters besides letters and digits that CloudFront takes in a path pattern (*Path pattern*, CacheBehavior).
const PATTERN_PUNCTUATION: &str = "_-.*?$/~\"'@:+&";

/// A protected part of the distribution: requests whose path matches need a signature by one of the trusted keys.
#[derive(Clone, Debug)]
pub struct Behaviour {
    pattern: PathPattern,
    trusted: TrustedKeys,
}

impl Behaviour {
    /// Protects the paths that match `pattern` with the keys in `trusted`.
    pub fn new(pattern: PathPattern, trusted: TrustedKeys) -> Self {
        Self { pattern, trusted }
    }

    /// The keys that it trusts.
    pub(super) fn trusted(&self) -> &TrustedKeys {
        &self.trusted
    }
}

/// The behaviours that one request is judged by, from its beginning to its end.
pub(super) enum Judging<'a> {
    /// They are what they were at the start.
    Fixed(&'a [Behaviour]),
    /// What a control plane's changes have made of them at this node.
    Node(Pop, Arc<[Behaviour]>),
}

impl Judging<'_> {
    pub(super) fn behaviours(&self) -> &[Behaviour] {
        match self {
            Self::Fixed(behaviours) => behaviours,
            Self::Node(_, behaviours) => behaviours,
        }
    }

    /// The node that answers, if there are nodes.
    pub(super) fn pop(&self) -> Option<Pop> {
        match self {
            Self::Fixed(_) => None,
            Self::Node(pop, _) => Some(*pop),
        }
    }
}

/// The behaviour that answers for a request's raw path (no query), or `None` for the default one, which is open.
/// As in CloudFront, the first match wins.
pub(super) fn behaviour_for<'a>(behaviours: &'a [Behaviour], raw_path: &str) -> Option<&'a Behaviour> {
    let decoded = percent_decode_str(raw_path).decode_utf8_lossy();
    let readings = [decoded.as_ref(), &without_dots(&decoded)];
    behaviours.iter().find(|behaviour| readings.iter().any(|path| behaviour.pattern.matches(path)))
}

/// A path pattern of a behaviour: `*` is any run of characters (also `/` and nothing), `?` exactly one.
/// Case-sensitive; a leading `/` may be left out.
#[derive(Clone, PartialEq, Eq)]
pub struct PathPattern(String);

impl PathPattern {
    /// The pattern, with its leading `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a decoded path matches.
    fn matches(&self, path: &str) -> bool {
        let (pattern, path): (Vec<char>, Vec<char>) = (self.0.chars().collect(), path.chars().collect());
        let (mut p, mut t) = (0, 0);
        // Where to go on from when a later character does not fit: after the last `*`, one character further.
        let mut retry: Option<(usize, usize)> = None;
        while t < path.len() {
            match pattern.get(p) {
                Some('*') => {
                    retry = Some((p + 1, t));
                    p += 1;
                }
                Some(&expected) if expected == '?' || expected == path[t] => {
                    p += 1;
                    t += 1;
                }
                _ => {
                    let Some((after_star, from)) = retry else { return false };
                    retry = Some((after_star, from + 1));
                    (p, t) = (after_star, from + 1);
                }
            }
        }
        pattern[p..].iter().all(|&rest| rest == '*')
    }
}

impl FromStr for PathPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if let Some(character) =
            text.chars().find(|c| !c.is_ascii_alphanumeric() && !PATTERN_PUNCTUATION.contains(*c))
        {
            return Err(PatternError::Character { pattern: text.to_owned(), character });
        }
        let pattern = if text.starts_with('/') { text.to_owned() } else { format!("/{text}") };
        if pattern.len() > LONGEST_PATTERN {
            return Err(PatternError::Length(pattern.len()));
        }
        Ok(Self(pattern))
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PathPattern({})", self.0)
    }
}

/// Why a text is not a path pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// Nothing was given.
    #[error("the path pattern is empty; write one such as /podcasts/*")]
    Empty,
    /// A character that CloudFront takes in no path pattern.
    #[error(
        "the path pattern {pattern:?} holds {character:?}, and CloudFront takes only letters, digits and \
         {PATTERN_PUNCTUATION} in one; write the path alone, without scheme, host, query or percent-encoding, \
         such as /podcasts/*"
    )]
    Character {
        /// The whole text.
        pattern: String,
        /// The first character that is not accepted.
        character: char,
    },
    /// Longer than CloudFront takes.
    #[error("the path pattern is {0} characters long, and CloudFront takes at most {LONGEST_PATTERN}")]
    Length(usize),
}

/// The path as RFC 3986 §5.2.4 leaves it: no `.` or `..` segments and no doubled slashes.
///
/// CloudFront normalises a path before it looks for the behaviour, and sends the raw one to the origin.
/// Without that, `/open/../podcasts/1.mp3` or `//podcasts/1.mp3` would reach a protected object through
/// the open behaviour.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split(['/', '\\']) {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let trailing = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{trailing}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        text.parse().unwrap()
    }

    #[test]
    fn patterns_match_as_cloudfront_says() {
        for (text, path) in [
            ("/podcasts/*", "/podcasts/a/b.mp3"),
            ("/podcasts/*", "/podcasts/"),
            ("podcasts/*", "/podcasts/a"),
            ("*.mp3", "/a/b.mp3"),
            ("/a??.jpg", "/ant.jpg"),
            ("/*/audio/*.m4?", "/x/y/audio/z/1.m4a"),
            ("*", "/"),
            ("/a*b*c", "/aXbXbXc"),
            ("/?.mp3", "/é.mp3"),
        ] {
            assert!(pattern(text).matches(path), "{text} {path}");
        }
    }

    #[test]
    fn patterns_refuse_what_they_do_not_cover() {
        for (text, path) in [
            ("/podcasts/*", "/podcasts"),
            ("/podcasts/*", "/Podcasts/a"),
            ("/podcasts/*", "/x/podcasts/a"),
            ("/a?.jpg", "/a.jpg"),
            ("/a?.jpg", "/abc.jpg"),
            ("*.mp3", "/a.mp3.txt"),
            ("/a*b*c", "/aXcXb"),
            ("/a", "/"),
        ] {
            assert!(!pattern(text).matches(path), "{text} {path}");
        }
    }

    #[test]
    fn other_spellings_of_a_protected_path_are_protected() {
        let behaviours = [Behaviour::new(pattern("/podcasts/*"), TrustedKeys::default())];
        for path in [
            "/podcasts/1.mp3",
            "/%70odcasts/1.mp3",
            "/podcasts%2F1.mp3",
            "//podcasts/1.mp3",
            "/podcasts//1.mp3",
            "/./podcasts/1.mp3",
            "/open/../podcasts/1.mp3",
            "/open/%2e%2E/podcasts/1.mp3",
            "/open/..%2fpodcasts/1.mp3",
            "/open/..%5cpodcasts/1.mp3",
            "/../podcasts/1.mp3",
            "/podcasts/../open/1.mp3",
        ] {
            assert!(behaviour_for(&behaviours, path).is_some(), "{path}");
        }
        for path in
            ["/", "/open/1.mp3", "/podcasts", "/podcast/1.mp3", "/open/podcasts/1.mp3", "/%2570odcasts/1.mp3"]
        {
            assert!(behaviour_for(&behaviours, path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_first_match_wins() {
        let behaviours =
            ["/a/b/*", "/a/*", "*"].map(|text| Behaviour::new(pattern(text), TrustedKeys::default()));
        for (path, expected) in [("/a/b/c", "/a/b/*"), ("/a/c", "/a/*"), ("/c", "/*")] {
            assert_eq!(behaviour_for(&behaviours, path).unwrap().pattern.as_str(), expected);
        }
    }

    #[test]
    fn what_cloudfront_would_not_take_is_refused() {
        assert_eq!("".parse::<PathPattern>(), Err(PatternError::Empty));
        for text in ["/a b", "/a%20b", "/a\\b", "https://host/a#b", "/é", "/a\n"] {
            assert!(matches!(text.parse::<PathPattern>(), Err(PatternError::Character { .. })), "{text}");
        }
        assert_eq!("a".repeat(255).parse::<PathPattern>(), Err(PatternError::Length(256)));
    }
}
