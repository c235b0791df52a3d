//! A grant's resource as configured: a pattern that may hold places for the listener's own values.

use serde_json::{Map, Value};

use crate::cloudfront::browser::{BrowserError, check_host, check_path, is_local_host, split_port};
use crate::cloudfront::verify::covers;
use crate::cloudfront::{PolicyError, Resource};

/// The longest value that may be put into a resource.
const MAX_VALUE: usize = 64;

/// Stands in for a value while the rest of the pattern is parsed.
const SAMPLE: &str = "x";

/// A resource pattern in whose path `{sub}` and `{claim:NAME}` stand for values of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceTemplate {
    parts: Vec<Part>,
    /// With samples in the places of the placeholders.
    sample: Resource,
    /// The path up to the first wildcard, placeholder or query.
    literal_path: String,
    /// Nothing but a query comes behind the literal path.
    is_single_file: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Subject,
    Claim(String),
}

/// Why a resource cannot be used for a grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Not a resource at all.
    #[error("{0}")]
    Resource(#[from] PolicyError),
    /// A brace that begins or ends nothing known.
    #[error(
        "{0:?} is not a placeholder; write {{sub}} or {{claim:NAME}} with a name of letters, digits, - and _"
    )]
    Placeholder(String),
    /// A value in the host or the query.
    #[error("a placeholder stands outside the path; only the path may depend on the listener")]
    OutsidePath,
    /// Another listener's value could fill the same pattern, or match it.
    #[error(
        "placeholder {0} must end at a / or a dot or before a query (\\?), and no wildcard or other placeholder may come right before it; \
         else one listener's value could match another's files"
    )]
    Ambiguous(String),
    /// A wildcard before a placeholder swallows it.
    #[error(
        "a wildcard comes before placeholder {0}, so one listener's pattern could match another's files; put wildcards last"
    )]
    WildcardBefore(String),
    /// Neither https nor a development host.
    #[error("the scheme is {0:?}; write https:// (http:// is taken only for loopback and localhost names)")]
    Scheme(String),
    /// The host is a pattern.
    #[error("the host {0:?} is a pattern; name the one host that viewers ask for")]
    HostPattern(String),
    /// A host, a port or a path that browsers rewrite before they ask.
    #[error(transparent)]
    Browser(#[from] BrowserError),
}

/// Why a listener's values do not fit a grant's resource. It never holds the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// The session has no such claim, or it is not a string.
    #[error("the grant's resource needs claim {0:?}, which the session does not have as a string")]
    ClaimMissing(String),
    /// The value holds something else than letters, digits, `-` and `_`, or is too long.
    #[error("{0} cannot stand in a resource: 1 to {MAX_VALUE} letters, digits, - and _ are accepted")]
    Value(String),
    /// The filled resource is too long.
    #[error(transparent)]
    Resource(#[from] PolicyError),
}

impl ResourceTemplate {
    /// # Errors
    /// [`TemplateError`] saying what about the resource cannot work for a grant.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let parts = split(text)?;
        let sample = Resource::parse(&join(&parts, |_| Ok::<_, TemplateError>(SAMPLE))?)?;
        check_origin(&sample)?;
        check_placeholders(&parts)?;
        let path_start = sample.as_str().len() - sample.path_and_query().len();
        let path = &text[path_start..];
        let literal = &path[..path.find(['*', '?', '\\', '{']).unwrap_or(path.len())];
        let is_single_file = matches!(path[literal.len()..].chars().next(), None | Some('\\'));
        let path_only = path.split("\\?").next().unwrap_or(path);
        check_path(path_only)?;
        Ok(Self { parts, literal_path: literal.to_owned(), is_single_file, sample })
    }

    /// Whether it depends on the listener.
    #[must_use]
    pub fn has_placeholder(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::Literal(_)))
    }

    /// Names of the claims that it needs.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Claim(name) => Some(name.as_str()),
            Part::Literal(_) | Part::Subject => None,
        })
    }

    /// The CDN's host, without port, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        split_port(self.sample.host()).0
    }

    /// Whether it is the address of a folder and of nothing in it: a path that ends with a slash, without a wildcard.
    #[must_use]
    pub fn is_one_folder(&self) -> bool {
        self.is_single_file && self.literal_path.ends_with('/')
    }

    /// Whether some listener could be let in at this URL by it: with placeholders taken for any text.
    #[must_use]
    pub fn may_cover(&self, url: &str) -> bool {
        join(&self.parts, |_| Ok::<_, TemplateError>("*")).is_ok_and(|pattern| covers(&pattern, url))
    }

    /// The path up to the first wildcard, placeholder or query, and whether that is all of it.
    pub(super) fn literal_path(&self) -> (&str, bool) {
        (&self.literal_path, self.is_single_file)
    }

    /// Filled with the longest values that are accepted.
    pub(super) fn longest(&self) -> Result<Resource, FillError> {
        let longest = "x".repeat(MAX_VALUE);
        Ok(Resource::parse(&join(&self.parts, |_| Ok::<_, FillError>(&longest))?)?)
    }

    /// The resource for one listener.
    ///
    /// # Errors
    /// [`FillError`] if a value is missing or could change the pattern's meaning.
    pub fn fill(&self, subject: &str, claims: &Map<String, Value>) -> Result<Resource, FillError> {
        if !self.has_placeholder() {
            return Ok(self.sample.clone());
        }
        let text = join(&self.parts, |part| match part {
            Part::Claim(name) => {
                let value = claims.get(name).and_then(Value::as_str);
                plain(value.ok_or_else(|| FillError::ClaimMissing(name.clone()))?, part)
            }
            _ => plain(subject, part),
        })?;
        Ok(Resource::parse(&text)?)
    }
}

/// As it was configured.
impl std::fmt::Display for ResourceTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.iter().try_for_each(|part| part.fmt(f))
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Subject => f.write_str("{sub}"),
            Self::Claim(name) => write!(f, "{{claim:{name}}}"),
        }
    }
}

fn split(text: &str) -> Result<Vec<Part>, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let (literal, from_brace) = rest.split_at(open);
        let close = from_brace.find('}').filter(|_| from_brace.starts_with('{'));
        let end = close.ok_or_else(|| TemplateError::Placeholder(from_brace.to_owned()))?;
        let inner = &from_brace[1..end];
        parts.push(Part::Literal(literal.to_owned()));
        parts.push(match inner.strip_prefix("claim:") {
            Some(name) if is_plain(name) => Part::Claim(name.to_owned()),
            None if inner == "sub" => Part::Subject,
            _ => return Err(TemplateError::Placeholder(from_brace[..=end].to_owned())),
        });
        rest = &from_brace[end + 1..];
    }
    parts.push(Part::Literal(rest.to_owned()));
    Ok(parts)
}

fn join<'a, E>(parts: &'a [Part], value: impl Fn(&'a Part) -> Result<&'a str, E>) -> Result<String, E> {
    parts
        .iter()
        .map(|part| if let Part::Literal(text) = part { Ok(text.as_str()) } else { value(part) })
        .collect()
}

fn check_origin(sample: &Resource) -> Result<(), TemplateError> {
    if sample.host().contains(['*', '?']) {
        return Err(TemplateError::HostPattern(sample.host().to_owned()));
    }
    match sample.scheme() {
        "https" => {}
        "http" if is_local_host(split_port(sample.host()).0) => {}
        other => return Err(TemplateError::Scheme(other.to_owned())),
    }
    Ok(check_host(sample.scheme(), sample.host())?)
}

/// Values hold letters, digits, `-` and `_`. A placeholder that ends at another byte than these, or at
/// the end of the path, and has nothing variable right before it, can be filled in only one way; and with no wildcard before
/// it no other listener's pattern can match what it was filled with.
fn check_placeholders(parts: &[Part]) -> Result<(), TemplateError> {
    let mut before = String::new();
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        let Part::Literal(text) = part else {
            let in_path = before.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
            if !in_path || before.contains("\\?") {
                return Err(TemplateError::OutsidePath);
            }
            if before.contains(['*', '?']) {
                return Err(TemplateError::WildcardBefore(part.to_string()));
            }
            let next = parts.peek().map(ToString::to_string).unwrap_or_default();
            if !(next.is_empty() && parts.len() <= 1
                || next.starts_with(['/', '.'])
                || next.starts_with("\\?"))
            {
                return Err(TemplateError::Ambiguous(part.to_string()));
            }
            continue;
        };
        before.push_str(text);
    }
    Ok(())
}

fn plain<'v>(value: &'v str, part: &Part) -> Result<&'v str, FillError> {
    if is_plain(value) {
        return Ok(value);
    }
    Err(FillError::Value(match part {
        Part::Claim(name) => format!("the value of claim {name:?}"),
        _ => "the subject".to_owned(),
    }))
}

/// threats.md *Policy*: no byte with a meaning in a pattern, a path or JSON.
fn is_plain(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_VALUE).contains(&value.len()) && value.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(template: &str, subject: &str, claims: Value) -> Result<String, FillError> {
        let template = ResourceTemplate::parse(template).unwrap();
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        template.fill(subject, &claims).map(|resource| resource.as_str().to_owned())
    }

    #[test]
    fn puts_the_listeners_values_into_the_path() {
        for (template, subject, claims, expected) in [
            ("https://c.e.com/p/*", "anything at all", json!({}), "https://c.e.com/p/*"),
            ("https://c.e.com/u/{sub}/*", "u_1-A", json!({}), "https://c.e.com/u/u_1-A/*"),
            ("https://c.e.com/u/{sub}", "u1", json!({}), "https://c.e.com/u/u1"),
            ("https://c.e.com/u/{sub}\\?v=*", "u1", json!({}), "https://c.e.com/u/u1\\?v=*"),
            (
                "https://c.e.com/{claim:tier}/{sub}.mp3\\?v=*",
                "u1",
                json!({"tier": "gold"}),
                "https://c.e.com/gold/u1.mp3\\?v=*",
            ),
            (
                "http://cdn.edgemint.localhost:8444/x-{sub}/*",
                "a",
                json!({}),
                "http://cdn.edgemint.localhost:8444/x-a/*",
            ),
        ] {
            assert_eq!(filled(template, subject, claims).as_deref(), Ok(expected));
            assert_eq!(ResourceTemplate::parse(template).unwrap().to_string(), template);
        }
    }

    #[test]
    fn refuses_values_that_mean_more_than_themselves() {
        let long = "x".repeat(MAX_VALUE + 1);
        for value in [
            "", "*", "?", "a*", "../b", "a/b", "a.b", "{sub}", "\"", "\\", "a b", "a\n", "\u{e9}", "a%2fb",
            &long,
        ] {
            let subject = FillError::Value("the subject".into());
            assert_eq!(filled("https://c.e.com/{sub}/*", value, json!({})), Err(subject), "{value:?}");
            let claim = FillError::Value("the value of claim \"t\"".into());
            assert_eq!(
                filled("https://c.e.com/{claim:t}/*", "u1", json!({"t": value})),
                Err(claim),
                "{value:?}"
            );
        }
        for claims in [json!({}), json!({"t": 1}), json!({"t": null}), json!({"t": ["a"]}), json!({"T": "a"})]
        {
            let missing = FillError::ClaimMissing("t".into());
            assert_eq!(filled("https://c.e.com/{claim:t}/*", "u1", claims), Err(missing));
        }
    }

    #[test]
    fn refuses_templates_that_cannot_work() {
        use TemplateError::*;
        let placeholder = |text: &str| Placeholder(text.into());
        let host = |host: &str| Browser(BrowserError::Host(host.into()));
        let port = |host: &str| Browser(BrowserError::Port(host.into()));
        for (template, expected) in [
            ("https://c.e.com/{user}/*", placeholder("{user}")),
            ("https://c.e.com/{sub", placeholder("{sub")),
            ("https://c.e.com/sub}/*", placeholder("}/*")),
            ("https://c.e.com/{}/*", placeholder("{}")),
            ("https://c.e.com/{claim:}/*", placeholder("{claim:}")),
            ("https://c.e.com/{claim:a.b}/*", placeholder("{claim:a.b}")),
            ("https://{sub}.e.com/*", OutsidePath),
            ("https://c.e.com/a\\?u={sub}", OutsidePath),
            ("https://c.e.com/{sub}*", Ambiguous("{sub}".into())),
            ("https://c.e.com/{sub}?v=*", Ambiguous("{sub}".into())),
            ("https://c.e.com/{sub}-old/*", Ambiguous("{sub}".into())),
            ("https://c.e.com/{sub}{claim:a}/*", Ambiguous("{sub}".into())),
            ("https://c.e.com/*/{sub}/*", WildcardBefore("{sub}".into())),
            ("https://*.e.com/*", HostPattern("*.e.com".into())),
            ("https://c?.e.com/*", HostPattern("c?.e.com".into())),
            ("https://c.e.com:*/*", HostPattern("c.e.com:*".into())),
            ("https://CDN.e.com/*", host("CDN.e.com")),
            ("https://c.e.com./*", host("c.e.com.")),
            ("https://.../*", host("...")),
            ("https://c.e.com:443/*", port("c.e.com:443")),
            ("https://c.e.com:99999/*", port("c.e.com:99999")),
            ("https://c.e.com:/*", port("c.e.com:")),
            ("http://localhost:80/*", port("localhost:80")),
            ("http://c.e.com/*", Scheme("http".into())),
            ("*://c.e.com/*", Scheme("*".into())),
            ("http*://c.e.com/*", Scheme("http*".into())),
            ("https://c.e.com/a/../b/*", Browser(BrowserError::DotSegment)),
            ("https://c.e.com/a/%2E./b/*", Browser(BrowserError::DotSegment)),
            ("https://c.e.com/a/..%2F{sub}/*", Browser(BrowserError::DotSegment)),
            ("https://c.e.com/a%5c.%5C*", Browser(BrowserError::DotSegment)),
            ("/podcasts/*", Resource(PolicyError::ResourceScheme)),
            ("https://c.e.com", Resource(PolicyError::ResourcePath)),
        ] {
            assert_eq!(ResourceTemplate::parse(template), Err(expected), "{template}");
        }
    }

    #[test]
    fn knows_its_literal_path() {
        for (template, expected) in [
            ("https://c.e.com/p/*", ("/p/", false)),
            ("https://c.e.com:8443/p/a?.mp3", ("/p/a", false)),
            ("https://c.e.com/p/{sub}/*", ("/p/", false)),
            ("https://c.e.com/p/1.mp3", ("/p/1.mp3", true)),
            ("https://c.e.com/p/1.mp3\\?v=*", ("/p/1.mp3", true)),
            ("https://c.e.com/*", ("/", false)),
        ] {
            let template = ResourceTemplate::parse(template).unwrap();
            assert_eq!(template.literal_path(), expected);
            assert_eq!(template.host(), "c.e.com");
        }
    }
}
