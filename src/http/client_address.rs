use std::net::IpAddr;

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The proxies whose word on where a request came from is taken. None by default.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl From<Vec<IpNet>> for TrustedProxies {
    fn from(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }
}

impl TrustedProxies {
    /// Where a request came from. `X-Forwarded-For` counts only if the peer is a trusted proxy, and
    /// is then read from right to left: each trusted proxy vouches for the entry to its left, and the
    /// first address that is no trusted proxy is the client. `None` if a proxy vouched for
    /// something that is no address.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return Some(peer);
        }
        let mut client = peer;
        // Several header lines are one list, in their order (RFC 9110 §5.3).
        let lines: Vec<&str> =
            headers.get_all("x-forwarded-for").map(|line| line.to_str()).collect::<Result<_, _>>().ok()?;
        for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            client = entry.trim().parse::<IpAddr>().ok()?.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        Some(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> Option<String> {
        let proxies = TrustedProxies(trusted.iter().map(|network| network.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(line).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).map(|address| address.to_string())
    }

    #[test]
    fn a_stranger_speaks_for_himself_only() {
        assert_eq!(client(&[], "198.51.100.9", &["203.0.113.7"]).unwrap(), "198.51.100.9");
        assert_eq!(client(&["10.0.0.0/8"], "198.51.100.9", &["203.0.113.7"]).unwrap(), "198.51.100.9");
        assert_eq!(client(&[], "::ffff:198.51.100.9", &[]).unwrap(), "198.51.100.9");
    }

    #[test]
    fn reads_the_list_from_right_to_left() {
        let proxies = ["10.0.0.0/8", "2001:db8::/32"];
        assert_eq!(client(&proxies, "10.0.0.1", &["203.0.113.7"]).unwrap(), "203.0.113.7");
        assert_eq!(client(&proxies, "10.0.0.1", &["1.1.1.1, 203.0.113.7"]).unwrap(), "203.0.113.7");
        assert_eq!(
            client(&proxies, "10.0.0.1", &["1.1.1.1", "203.0.113.7, 10.2.2.2"]).unwrap(),
            "203.0.113.7"
        );
        assert_eq!(client(&proxies, "::ffff:10.0.0.1", &["203.0.113.7"]).unwrap(), "203.0.113.7");
        assert_eq!(client(&proxies, "2001:db8::1", &["2001:db9::5"]).unwrap(), "2001:db9::5");
        assert_eq!(client(&proxies, "10.0.0.1", &[]).unwrap(), "10.0.0.1");
    }

    #[test]
    fn what_is_no_address_is_nobody() {
        for line in ["unknown", "", "203.0.113.7:443", "1.1.1.1, ,10.0.0.2", "_hidden"] {
            assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[line]), None, "{line:?}");
        }
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["garbage, 203.0.113.7"]).unwrap(), "203.0.113.7");
    }
}
