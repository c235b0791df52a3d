//! What a browser makes of a URL before it asks (WHATWG URL Standard): the edge compares policies with
//! what arrives, so one that is written otherwise opens nothing. For the signing side; the verifying
//! side has a reading of its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why no browser asks for such a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrowserError {
    /// Upper case, a final dot, an abbreviated address, a byte that no host holds.
    #[error(
        "the host {0:?} is not as browsers send it; write it in lower case and punycode, without a final dot"
    )]
    Host(String),
    /// The scheme's own port is left out by browsers; the others are 1 to 65535.
    #[error(
        "the port of {0:?} is not as browsers send it; write 1 to 65535, and none where it is the scheme's own (443 for https, 80 for http)"
    )]
    Port(String),
    /// Browsers resolve dot segments, and what CloudFront makes of those that they leave is not
    /// documented (inferred).
    #[error(
        "the path holds a . or .. segment, which browsers resolve before they ask; write the resulting path"
    )]
    DotSegment,
}

/// Checks the host and the port that a browser would send for a URL of this scheme.
///
/// # Errors
/// [`BrowserError::Host`] and [`BrowserError::Port`].
pub(crate) fn check_host(scheme: &str, host_and_port: &str) -> Result<(), BrowserError> {
    let (host, port) = split_port(host_and_port);
    if address(host).is_none() && !is_host_name(host) {
        return Err(BrowserError::Host(host_and_port.to_owned()));
    }
    let own = if scheme == "https" { 443 } else { 80 };
    // Compared as it would be written back: no empty port, no zero in front.
    let is_written =
        |port: &str| port.parse::<u16>().is_ok_and(|n| n != 0 && n != own && n.to_string() == port);
    match port.is_none_or(is_written) {
        true => Ok(()),
        false => Err(BrowserError::Port(host_and_port.to_owned())),
    }
}

/// Refuses `.` and `..` as segments of a path, in every spelling that some reader takes for them: dots
/// percent-encoded, and slashes and backslashes percent-encoded, which browsers leave alone and origins
/// may not.
///
/// # Errors
/// [`BrowserError::DotSegment`].
pub(crate) fn check_path(path: &str) -> Result<(), BrowserError> {
    let mut plain = path.to_ascii_lowercase();
    for (encoded, byte) in [("%2e", "."), ("%2f", "/"), ("%5c", "/")] {
        plain = plain.replace(encoded, byte);
    }
    match plain.split(['/', '\\']).any(|segment| matches!(segment, "." | "..")) {
        true => Err(BrowserError::DotSegment),
        false => Ok(()),
    }
}

/// The host, and the port if a colon stands behind it.
pub(crate) fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

/// Labels of letters, digits, hyphens and underscores; the forms that browsers rewrite before they
/// send them (upper case, a final dot) are none. Nor are names that end in a number, which browsers
/// read as an IPv4 address or refuse.
#[must_use]
pub fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        (1..=63).contains(&label.len())
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or(host);
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    host.len() <= 253 && host.split('.').all(label) && !is_number
}

/// The address that a host is, in the one form that browsers send: four numbers, or IPv6 in brackets.
pub(crate) fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        // RFC 5952 writes the last four bytes of some addresses with dots, browsers do not.
        Some(rest) => rest
            .strip_suffix(']')
            .and_then(|text| {
                text.parse().ok().filter(|v6: &Ipv6Addr| v6.to_string() == text && !text.contains('.'))
            })
            .map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_hosts_as_browsers_send_them() {
        for (scheme, host) in [
            ("https", "cdn.example.com"),
            ("https", "cdn.example.com:8443"),
            ("https", "cdn.example.com:80"),
            ("http", "cdn.example.com:443"),
            ("https", "xn--bcher-kva.example"),
            ("https", "a_b.1.example"),
            ("http", "127.0.0.1:65535"),
            ("http", "[::1]:1"),
            ("http", "localhost"),
        ] {
            assert_eq!(check_host(scheme, host), Ok(()), "{host}");
        }
    }

    #[test]
    fn refuses_hosts_that_they_rewrite_or_refuse() {
        for host in [
            "",
            "CDN.example.com",
            "cdn.example.com.",
            ".",
            "...",
            "a..b",
            "*.example.com",
            "c?n.example.com",
            "-a.example",
            "a-.example",
            "[::1",
            "::1",
            "[::01]",
            "[::ffff:1.2.3.4]",
            "[[::1]]",
            "127.1",
            "1.2.3.4.5",
            "01.2.3.4",
            "cdn.0x7f",
            "cdn.1",
            "2130706433",
            "a:b:1",
        ] {
            assert_eq!(check_host("https", host), Err(BrowserError::Host(host.to_owned())), "{host}");
        }
        for (scheme, host) in [
            ("https", "c.e.com:443"),
            ("http", "c.e.com:80"),
            ("https", "c.e.com:"),
            ("https", "c.e.com:*"),
            ("https", "c.e.com:abc"),
            ("https", "c.e.com:0"),
            ("https", "c.e.com:08443"),
            ("https", "c.e.com:+1"),
            ("https", "c.e.com:65536"),
            ("https", "c.e.com:99999"),
            ("http", "[::1]:80"),
        ] {
            assert_eq!(check_host(scheme, host), Err(BrowserError::Port(host.to_owned())), "{host}");
        }
    }

    #[test]
    fn refuses_dot_segments_in_every_spelling() {
        for path in ["/.", "/..", "/a/../b", "/a/%2E./b", "/a/..%2fb", "/a%2F..%2Fb", "/a/%2e%5Cb", "/..%5c"]
        {
            assert_eq!(check_path(path), Err(BrowserError::DotSegment), "{path}");
        }
        for path in ["/", "/...", "/a..b", "/.well-known/x", "/a%2fb", "/%252e%252e/a", "/a//b"] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
    }
}
