//! Resource patterns, matched in four sections: scheme, host, path, query (rules §2).

use super::target::Target;

/// How many question marks are tried as the separator before a query; patterns with more of them
/// before it match no query (inferred). Each costs a pass over pattern and URL.
const MAX_SEPARATORS: usize = 8;

/// Whether a resource pattern covers a URL, as the edge sees it.
///
/// ```
/// use edgemint::cloudfront::verify::covers;
/// assert!(covers("https://cdn.example.com/podcasts/*", "https://cdn.example.com/podcasts/a/b.mp3?v=1"));
/// assert!(!covers("https://cdn.example.com/podcasts/*.mp3", "https://cdn.example.com/podcasts/a.mp3?v=1"));
/// ```
#[must_use]
pub fn covers(pattern: &str, url: &str) -> bool {
    Target::parse(url).is_some_and(|target| !has_dot_segment(target.path) && matches(pattern, &target))
}

/// Whether each section of the pattern matches that of the target. Dot segments are not looked at.
pub(super) fn matches(pattern: &str, target: &Target<'_>) -> bool {
    let Some(pattern) = Sections::of(pattern) else { return false };
    glob(pattern.scheme, target.scheme)
        && glob(&pattern.host.to_ascii_lowercase(), &target.host.to_ascii_lowercase())
        && path_and_query(pattern.rest, target.path, target.query.as_deref())
}

/// Of a pattern.
struct Sections<'a> {
    scheme: &'a str,
    host: &'a str,
    /// From the first slash on.
    rest: &'a str,
}

impl<'a> Sections<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let slash = rest.find('/')?;
        Some(Self { scheme, host: &rest[..slash], rest: &rest[slash..] })
    }
}

fn path_and_query(pattern: &str, path: &str, query: Option<&str>) -> bool {
    match (pattern.split_once("\\?"), query) {
        (Some((path_pattern, query_pattern)), Some(query)) => {
            glob(path_pattern, path) && glob(query_pattern, query)
        }
        (Some(_), None) => false,
        (None, None) => glob(pattern, path),
        // A trailing `*` in the path also takes the query.
        (None, Some(query)) => {
            (pattern.ends_with('*') && glob(pattern, path)) || unescaped_separator(pattern, path, query)
        }
    }
}

/// The AWS SDKs write the `?` before a query unescaped, where it reads as "exactly one
/// character": here that character is the separator itself (inferred).
fn unescaped_separator(pattern: &str, path: &str, query: &str) -> bool {
    let mut places = pattern.match_indices('?').take(MAX_SEPARATORS);
    places.any(|(at, _)| glob(&pattern[..at], path) && glob(&pattern[at + 1..], query))
}

/// `*` is any run of characters, `?` exactly one, `\?` a question mark. Case counts.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (tokens(pattern), text.as_bytes());
    let (mut at, mut from) = (0, 0);
    // Where to go on after a `*` took too little: the token after it, and one byte further.
    let mut retry: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(Token::Run) => {
                at += 1;
                retry = Some((at, from));
            }
            Some(token) if token.takes(text[from]) => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((after_run, taken)) = retry else { return false };
                at = after_run;
                from = taken + 1;
                retry = Some((after_run, from));
            }
        }
    }
    pattern[at..].iter().all(|token| matches!(token, Token::Run))
}

enum Token {
    Run,
    One,
    Byte(u8),
}

impl Token {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Run => false,
            Self::One => true,
            Self::Byte(literal) => *literal == byte,
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut bytes = pattern.bytes().peekable();
    let mut tokens = Vec::with_capacity(pattern.len());
    while let Some(byte) = bytes.next() {
        tokens.push(match byte {
            b'*' => Token::Run,
            b'?' => Token::One,
            b'\\' if bytes.next_if_eq(&b'?').is_some() => Token::Byte(b'?'),
            literal => Token::Byte(literal),
        });
    }
    tokens
}

/// `/podcasts/../private` is under `/podcasts/` for a matcher and elsewhere for an origin. Which
/// of the two CloudFront means is undocumented: no policy covers such a path (inferred). Some
/// origins take an encoded slash for a slash, so it ends a segment here.
pub(super) fn has_dot_segment(path: &str) -> bool {
    let plain = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    plain.split(['/', '\\']).any(|segment| segment == "." || segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_what_the_rulebook_says() {
        for (pattern, url) in [
            ("https://cdn.example.com/*", "https://cdn.example.com/"),
            ("https://cdn.example.com/*", "https://cdn.example.com/a/b?c=d"),
            ("https://cdn.example.com/*", "https://cdn.example.com/a%2Fb/...%2f.c"),
            ("https://cdn.example.com/a?.mp3", "https://cdn.example.com/a1.mp3"),
            ("https://cdn.example.com/a\\?v=*", "https://cdn.example.com/a?v=1"),
            ("https://cdn.example.com/a\\?v=?", "https://cdn.example.com/a?v=1"),
            ("https://cdn.example.com/a?v=1", "https://cdn.example.com/a?v=1"),
            ("https://cdn.example.com/*\\?v=1", "https://cdn.example.com/b/c?v=1"),
            ("*://*/*", "http://anything/at?all"),
            ("http*://*.example.com/*", "https://cdn.example.com/a"),
            ("http*://*.example.com/*", "http://cdn.example.com/a"),
            ("https://CDN.example.com/a", "https://cdn.EXAMPLE.com/a"),
            ("https://cdn.example.com/*a*b*c", "https://cdn.example.com/xaybzbc"),
        ] {
            assert!(covers(pattern, url), "{pattern} should cover {url}");
        }
    }

    #[test]
    fn covers_nothing_else() {
        for (pattern, url) in [
            ("https://cdn.example.com/*", "http://cdn.example.com/a"),
            ("https://cdn.example.com/*", "https://cdn.example.com.evil.test/a"),
            ("https://*.example.com/*", "https://example.com/a"),
            ("https://*/private/*", "https://cdn.example.com/x/private/a"),
            ("https://cdn.example.com/podcasts/*", "https://cdn.example.com/podcasts"),
            ("https://cdn.example.com/podcasts/*", "https://cdn.example.com/Podcasts/a"),
            ("https://cdn.example.com/podcasts/*", "https://cdn.example.com/podcasts2/a"),
            ("https://cdn.example.com/podcasts/*", "https://cdn.example.com/podcasts/../private/a"),
            ("https://cdn.example.com/podcasts/*", "https://cdn.example.com/podcasts/%2E%2e/private/a"),
            ("https://cdn.example.com/podcasts/*", "https://cdn.example.com/podcasts/..\\private/a"),
            ("https://cdn.example.com/podcasts/*", "https://cdn.example.com/podcasts/..%2Fprivate/a"),
            ("https://cdn.example.com/podcasts/*", "https://cdn.example.com/podcasts/%2e.%5cprivate/a"),
            ("https://cdn.example.com/*.mp3", "https://cdn.example.com/a?b.mp3"),
            ("https://cdn.example.com/a?", "https://cdn.example.com/a"),
            ("https://cdn.example.com/a\\?v=*", "https://cdn.example.com/a"),
            ("https://cdn.example.com/a\\?v=1", "https://cdn.example.com/aXv=1"),
            ("https://cdn.example.com/a", "https://cdn.example.com/a?v=1"),
            ("https://cdn.example.com/a\\?v=1", "https://cdn.example.com/a?v=1&w=2"),
            ("https://cdn.example.com/a%20b", "https://cdn.example.com/a b"),
            ("*", "https://cdn.example.com/a"),
            ("", "https://cdn.example.com/a"),
        ] {
            assert!(!covers(pattern, url), "{pattern} should not cover {url}");
        }
    }

    #[test]
    fn few_question_marks_are_tried_as_the_separator() {
        let pattern = |marks: usize| format!("https://cdn.example.com/{}?v=1", "?".repeat(marks));
        let url = |marks: usize| format!("https://cdn.example.com/{}?v=1", "a".repeat(marks));
        assert!(covers(&pattern(MAX_SEPARATORS - 1), &url(MAX_SEPARATORS - 1)));
        assert!(!covers(&pattern(MAX_SEPARATORS), &url(MAX_SEPARATORS)));
        // Where no separator has to be found, there may be any number.
        let path = "a".repeat(100);
        assert!(covers(&pattern(100).replace("?v=1", ""), &format!("https://cdn.example.com/{path}")));
    }
}
