use clap::ValueEnum;
use serde::Serializer as _;

use super::signing::SigningError;
use crate::cloudfront::{CookieScope, Resource, SameSite, SignedCookies};

/// How cookies are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CookieFormat {
    /// One JSON object: cookie names to values
    Json,
    /// The Set-Cookie lines that the resource's own host would send, those that delete what an
    /// earlier set may have left included
    Header,
    /// Arguments for curl, quoted for a shell: eval "curl $(edgemint mint ...) URL"
    Curl,
    /// A cookie file with session cookies, for curl -b FILE and others
    Netscape,
}

impl CookieFormat {
    /// Without a final newline.
    pub(super) fn print(self, cookies: &SignedCookies, resource: &Resource) -> Result<String, SigningError> {
        match self {
            Self::Json => Ok(json(cookies)),
            Self::Header => set_cookie_lines(cookies, resource),
            Self::Curl => Ok(curl_arguments(cookies)),
            Self::Netscape => netscape(cookies, resource),
        }
    }
}

fn json(cookies: &SignedCookies) -> String {
    let mut text = Vec::new();
    serde_json::Serializer::new(&mut text).collect_map(cookies.pairs()).expect("texts always serialise");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// One `-b` for all: curl joins several without the space that RFC 6265 §4.2.1 has between cookies.
/// No value holds a quote (rules §1).
fn curl_arguments(cookies: &SignedCookies) -> String {
    let pairs: Vec<String> = cookies.pairs().map(|(name, value)| format!("{name}={value}")).collect();
    format!("-b '{}'", pairs.join("; "))
}

fn set_cookie_lines(cookies: &SignedCookies, resource: &Resource) -> Result<String, SigningError> {
    let path = cookie_path(resource).to_owned();
    let scope = CookieScope::new(None, path, SameSite::Lax, is_secure(resource), true)?;
    let lines = cookies.set_cookie_headers(&scope).into_iter().map(|value| format!("Set-Cookie: {value}"));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// The seven tab-separated fields that browsers once wrote and curl still reads: domain, whether
/// its subdomains too, path, only over TLS, expiry (0: the policy is what expires), name, value.
fn netscape(cookies: &SignedCookies, resource: &Resource) -> Result<String, SigningError> {
    let (domain, subdomains) = cookie_file_domain(resource.host())?;
    let (path, secure) = (cookie_path(resource), flag(is_secure(resource)));
    let mut text = "# Netscape HTTP Cookie File".to_owned();
    for (name, value) in cookies.pairs() {
        let subdomains = flag(subdomains);
        text.push_str(&format!("\n{domain}\t{subdomains}\t{path}\t{secure}\t0\t{name}\t{value}"));
    }
    Ok(text)
}

/// `*.example.com` is what a leading dot says in a cookie file; no other wildcard can be said.
fn cookie_file_domain(host: &str) -> Result<(&str, bool), SigningError> {
    // A port may be a pattern too; behind a bracket the colons are those of an IPv6 address.
    let name = match host.rsplit_once(':') {
        Some((name, _)) if !host.ends_with(']') => name,
        _ => host,
    };
    let (plain, subdomains) = match name.strip_prefix("*.") {
        Some(parent) => (parent, true),
        None => (name, false),
    };
    if plain.is_empty() || plain.contains(['*', '?']) {
        return Err(SigningError::HostPattern(host.to_owned()));
    }
    Ok((if subdomains { &name[1..] } else { plain }, subdomains))
}

fn flag(set: bool) -> &'static str {
    if set { "TRUE" } else { "FALSE" }
}

fn is_secure(resource: &Resource) -> bool {
    resource.scheme() == "https"
}

/// The narrowest cookie Path that all of the resource lies under: a single file's own path, else
/// the folder before the first wildcard (rules §6). A `;` would end the attribute, and some readers
/// take a comma for its end: the path is cut before what a scope refuses, too.
fn cookie_path(resource: &Resource) -> &str {
    let path = resource.path_and_query();
    let path = path.split_once("\\?").map_or(path, |(path, _)| path);
    match path.find(['*', '?', ';', ',', '{', '}']) {
        Some(end) => path[..end].rfind('/').map_or("/", |slash| &path[..=slash]),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_path_covers_the_resource() {
        for (resource, expected) in [
            ("https://cdn.example.com/podcasts/*", "/podcasts/"),
            ("https://cdn.example.com/podcasts/1.mp3", "/podcasts/1.mp3"),
            ("https://cdn.example.com/podcasts/1.mp3\\?v=*", "/podcasts/1.mp3"),
            ("https://cdn.example.com/podcasts/a*", "/podcasts/"),
            ("https://cdn.example.com/podcasts/?.mp3", "/podcasts/"),
            ("https://cdn.example.com/*", "/"),
            ("https://cdn.example.com/a/b;Domain=example.com/*", "/a/"),
            ("https://cdn.example.com/a/b,c/*", "/a/"),
            ("https://cdn.example.com/a/{b}/c.mp3", "/a/"),
        ] {
            assert_eq!(cookie_path(&Resource::parse(resource).unwrap()), expected, "{resource}");
        }
    }

    #[test]
    fn a_cookie_file_names_hosts_only() {
        for host in ["*", "cdn*.example.com", "*.*.example.com", "c?n.example.com", "*.", "*.:443"] {
            assert!(matches!(cookie_file_domain(host), Err(SigningError::HostPattern(_))), "{host}");
        }
        assert_eq!(cookie_file_domain("cdn.example.com:8443").unwrap(), ("cdn.example.com", false));
        assert_eq!(cookie_file_domain("cdn.example.com:*").unwrap(), ("cdn.example.com", false));
        assert_eq!(cookie_file_domain("[::1]").unwrap(), ("[::1]", false));
        assert_eq!(cookie_file_domain("*.example.com").unwrap(), (".example.com", true));
    }
}
