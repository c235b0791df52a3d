use std::fmt;

use super::PolicyError;

/// CloudFront takes no URL longer than 8192 bytes.
const MAX_BYTES: usize = 8192;

const SCHEMES: [&str; 4] = ["https", "http", "*", "http*"];

/// A URL pattern: `*` is any run of characters, `?` exactly one, `\?` a literal question mark
/// before a query (rules §2). It holds only bytes that can stand in a request URL, so it cannot
/// change the shape of the policy that it is written into.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    text: String,
    host: std::ops::Range<usize>,
}

impl Resource {
    /// # Errors
    /// [`PolicyError`] saying which part was refused: scheme, host, path, a byte or the length.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MAX_BYTES {
            return Err(PolicyError::ResourceLength { limit: MAX_BYTES });
        }
        let (scheme, rest) = text.split_once("://").ok_or(PolicyError::ResourceScheme)?;
        if !SCHEMES.contains(&scheme) {
            return Err(PolicyError::ResourceScheme);
        }
        request_bytes_only(text)?;
        let slash = rest.find('/').ok_or(PolicyError::ResourcePath)?;
        let start = scheme.len() + "://".len();
        if !is_host_pattern(&rest[..slash]) {
            return Err(PolicyError::ResourceHost);
        }
        Ok(Self { text: text.to_owned(), host: start..start + slash })
    }

    /// The whole pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `https`, `http`, `*` or `http*`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.text[..self.host.start - "://".len()]
    }

    /// The host pattern, with its port if it has one.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.text[self.host.clone()]
    }

    /// From the first slash after the host to the end: the path pattern and, behind `\?`, the
    /// query pattern.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        &self.text[self.host.end..]
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Refuses control bytes, space, DEL, non-ASCII, quotes, angle brackets and `#`: a browser sends
/// none of them unencoded, so a resource that holds one matches nothing.
pub(crate) fn request_bytes_only(text: &str) -> Result<(), PolicyError> {
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'\\' if text.as_bytes().get(offset + 1) == Some(&b'?') => {}
            b'\\' => return Err(PolicyError::ResourceBackslash),
            b'"' | b'<' | b'>' | b'#' | 0..=b' ' | 0x7f.. => {
                return Err(PolicyError::ResourceByte { byte, offset });
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_host_pattern(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_*?:[]".contains(&byte);
    !host.is_empty() && host.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_apart_what_it_accepts() {
        let resource = Resource::parse("https://cdn.example.com:8443/a/*.mp3\\?x=?").unwrap();
        assert_eq!((resource.scheme(), resource.host()), ("https", "cdn.example.com:8443"));
        assert_eq!(resource.path_and_query(), "/a/*.mp3\\?x=?");
        for scheme in SCHEMES {
            assert_eq!(Resource::parse(&format!("{scheme}://*/*")).unwrap().scheme(), scheme);
        }
    }

    #[test]
    fn refuses_what_could_never_match() {
        use PolicyError::*;
        let byte = |byte, offset| ResourceByte { byte, offset };
        for (text, expected) in [
            ("", ResourceScheme),
            ("*", ResourceScheme),
            ("/podcasts/*", ResourceScheme),
            ("cdn.example.com/*", ResourceScheme),
            ("ftp://cdn.example.com/*", ResourceScheme),
            ("HTTPS://cdn.example.com/*", ResourceScheme),
            ("https:///podcasts/*", ResourceHost),
            ("https://user@cdn.example.com/*", ResourceHost),
            ("https://cdn.example.com", ResourcePath),
            ("https://cdn.example.com/a b", byte(b' ', 25)),
            ("https://cdn.example.com/\"", byte(b'"', 24)),
            ("https://cdn.example.com/\u{e9}", byte(0xc3, 24)),
            ("https://cdn.example.com/a\n", byte(b'\n', 25)),
            ("https://cdn.example.com/a#b", byte(b'#', 25)),
            ("https://cdn.example.com/\\", ResourceBackslash),
            ("https://cdn.example.com/\\u0022", ResourceBackslash),
        ] {
            assert_eq!(Resource::parse(text), Err(expected), "{text}");
        }
        let long = format!("https://cdn.example.com/{}", "a".repeat(MAX_BYTES));
        assert_eq!(Resource::parse(&long), Err(ResourceLength { limit: MAX_BYTES }));
    }
}
