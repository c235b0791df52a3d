//! Where a browser is sent back to: the one parser for every endpoint that redirects.
//!
//! A return URL is a path (`/episodes/7?t=30`) or an absolute URL at a configured origin. Characters that
//! parsers disagree about are refused before parsing; the authority of an absolute URL must be spelled as the
//! configured one, not merely mean it; and what is sent to the browser is the parsed URL, written anew and
//! always absolute. So a disagreement between this parser and a browser's has nothing left to live on.

mod query;

use thiserror::Error;
use url::Url;

use super::origin::Origin;

pub use query::{QueryRefusal, single_parameter};

/// The places that a browser may be sent back to.
///
/// A path resolves against the **first** origin, and is answered as an absolute URL: edgemint is usually on
/// another host than the web app, where a bare path would lead nowhere.
///
/// ```
/// use edgemint::session::{Origin, return_url::ReturnUrls};
///
/// let app = Origin::parse("https://app.example.com")?;
/// let return_urls = ReturnUrls::new(vec![app], "/home")?;
/// assert_eq!(return_urls.accept(None)?, "https://app.example.com/home");
/// assert_eq!(return_urls.accept(Some("/episodes/7"))?, "https://app.example.com/episodes/7");
/// assert!(return_urls.accept(Some("//evil.example")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReturnUrls {
    first: Origin,
    others: Vec<Origin>,
    default: String,
}

impl ReturnUrls {
    /// The longest return URL that is looked at, in bytes.
    pub const MAX_BYTES: usize = 2048;

    /// Return URLs at `origins`; `default` is where a browser goes that brings none, and follows the same
    /// rules.
    ///
    /// # Errors
    /// [`ReturnUrlsError`] when there is no origin, or `default` is not at one of them.
    pub fn new(origins: Vec<Origin>, default: &str) -> Result<Self, ReturnUrlsError> {
        let mut origins = origins.into_iter();
        let first = origins.next().ok_or(ReturnUrlsError::NoOrigin)?;
        let mut urls = Self { first, others: origins.collect(), default: String::new() };
        urls.default = urls.checked(default)?;
        Ok(urls)
    }

    /// The URL to send a browser to that brought `raw`: the value of its parameter, decoded **once**, or
    /// `None` if it brought no such parameter. The answer is absolute, ASCII and without control characters.
    ///
    /// # Errors
    /// [`ReturnUrlRefusal`]; answer with a refusal then, never with the default.
    pub fn accept(&self, raw: Option<&str>) -> Result<String, ReturnUrlRefusal> {
        raw.map_or_else(|| Ok(self.default.clone()), |raw| self.checked(raw))
    }

    fn checked(&self, raw: &str) -> Result<String, ReturnUrlRefusal> {
        check_characters(raw)?;
        let (origin, parsed) = if raw.starts_with('/') {
            if raw.starts_with("//") {
                return Err(ReturnUrlRefusal::SchemeRelative);
            }
            (&self.first, self.first.url().join(raw))
        } else {
            (self.origin_spelled_by(raw)?, Url::parse(raw))
        };
        let url = parsed.map_err(|_| ReturnUrlRefusal::Unparsable)?;
        // What was read character by character above and what the parser made of it must be the same place.
        let has_user_info = !url.username().is_empty() || url.password().is_some();
        if has_user_info || url.origin() != origin.url().origin() {
            return Err(ReturnUrlRefusal::OriginNotAllowed);
        }
        // What dot segments leave behind: nothing here, and another host to whoever cuts the origin off.
        if url.path().starts_with("//") {
            return Err(ReturnUrlRefusal::SchemeRelative);
        }
        Ok(url.into())
    }

    /// The origin whose spelling `raw` begins with. Letters may be of either case; a default port may be
    /// written out.
    fn origin_spelled_by(&self, raw: &str) -> Result<&Origin, ReturnUrlRefusal> {
        let (scheme, rest) = raw.split_once("://").ok_or(ReturnUrlRefusal::NotPathOrHttps)?;
        if !["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(ReturnUrlRefusal::NotPathOrHttps);
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(ReturnUrlRefusal::UserInfo);
        }
        std::iter::once(&self.first)
            .chain(&self.others)
            .find(|origin| origin.is_spelled(scheme, authority))
            .ok_or(ReturnUrlRefusal::OriginNotAllowed)
    }
}

/// Before any parsing: parsers drop tabs and newlines, turn backslashes into slashes, and fold full-width
/// letters and dots into ASCII, each in its own way.
fn check_characters(raw: &str) -> Result<(), ReturnUrlRefusal> {
    if raw.is_empty() {
        Err(ReturnUrlRefusal::Empty)
    } else if raw.len() > ReturnUrls::MAX_BYTES {
        Err(ReturnUrlRefusal::TooLong)
    } else if raw.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'\\') {
        Err(ReturnUrlRefusal::ForbiddenCharacter)
    } else {
        Ok(())
    }
}

/// Why a return URL is refused. Nothing of it is in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReturnUrlRefusal {
    /// It is empty.
    #[error("the return URL is empty; leave the parameter out, or send a path that begins with /")]
    Empty,
    /// It is longer than 2 KiB.
    #[error("the return URL is longer than 2048 bytes; send a shorter one")]
    TooLong,
    /// It has a space, a control character, a backslash, or anything that is not ASCII.
    #[error("the return URL has a space, a backslash, a control or a non-ASCII character; percent-encode it")]
    ForbiddenCharacter,
    /// It, or its path once dot segments are resolved, begins with `//`.
    #[error(
        "the return URL, or its path without dot segments, begins with //; send a path that begins with one /, or an https:// URL of the app"
    )]
    SchemeRelative,
    /// It is neither a path nor an absolute `https://` URL.
    #[error("the return URL is neither a path that begins with / nor an https:// URL of the app")]
    NotPathOrHttps,
    /// It has a user name before the host.
    #[error("the return URL has an @ before its path; send it without user information")]
    UserInfo,
    /// It leads elsewhere than to a configured origin.
    #[error("the return URL is not at one of server.app_origins: scheme, host and port have to be the same")]
    OriginNotAllowed,
    /// It is no URL.
    #[error("the return URL cannot be parsed")]
    Unparsable,
}

impl ReturnUrlRefusal {
    /// A stable name in snake case, for logs and metric labels.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::ForbiddenCharacter => "forbidden_character",
            Self::SchemeRelative => "scheme_relative",
            Self::NotPathOrHttps => "not_path_or_https",
            Self::UserInfo => "user_info",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::Unparsable => "unparsable",
        }
    }
}

/// Why no [`ReturnUrls`] can be made of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReturnUrlsError {
    /// No origin is configured.
    #[error("no origin of the web app is configured; give at least one, such as https://app.example.com")]
    NoOrigin,
    /// The default is refused by the rules it stands in for.
    #[error("the default return URL is refused: {0}")]
    Default(#[from] ReturnUrlRefusal),
}
