use std::net::IpAddr;

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

use crate::session::Peers;

/// The proxies whose word on where a request came from is taken. None by default.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Peers);

impl From<Vec<IpNet>> for TrustedProxies {
    fn from(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }
}

impl TrustedProxies {
    /// Whether `peer` is one of them.
    #[must_use]
    pub fn contain(&self, peer: IpAddr) -> bool {
        self.0.contain(peer)
    }

    /// Where a request came from. `X-Forwarded-For` counts only if the peer is a trusted proxy, and
    /// is then read from right to left: each trusted proxy vouches for the entry to its left, and the
    /// first address that is no trusted proxy is the client. `None` if a proxy vouched for
    /// something that is no address, or for nobody but proxies: their own addresses are no listener's.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !self.0.contain(peer) {
            return Some(peer);
        }
        // Several header lines are one list, in their order (RFC 9110 §5.3).
        let lines: Vec<&str> =
            headers.get_all("x-forwarded-for").map(|line| line.to_str()).collect::<Result<_, _>>().ok()?;
        for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let client = entry.trim().parse::<IpAddr>().ok()?.to_canonical();
            if !self.0.contain(client) {
                return Some(client);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> Option<String> {
        let networks: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let proxies = TrustedProxies::from(networks);
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
    }

    #[test]
    fn proxies_alone_are_nobody() {
        let proxies = ["10.0.0.0/8", "2001:db8::/32"];
        for lines in [&[][..], &["10.0.0.2"], &["10.0.0.3, 10.0.0.2"], &["2001:db8::2", "::ffff:10.1.1.1"]] {
            assert_eq!(client(&proxies, "10.0.0.1", lines), None, "{lines:?}");
        }
    }

    #[test]
    fn mapped_networks_are_those_of_ipv4() {
        for network in ["::ffff:10.0.0.0/104", "::ffff:10.0.0.1/128", "::ffff:0:0/96"] {
            let found = client(&[network], "10.0.0.1", &["2001:db8::1"]);
            assert_eq!(found.unwrap(), "2001:db8::1", "{network}");
        }
        for network in ["::ffff:10.0.0.2/128", "::/0", "::/96", "::fffe:0:0/95"] {
            assert_eq!(client(&[network], "10.0.0.1", &["203.0.113.7"]).unwrap(), "10.0.0.1", "{network}");
        }
    }

    #[test]
    fn what_is_no_address_is_nobody() {
        for line in ["unknown", "", "203.0.113.7:443", "1.1.1.1, ,10.0.0.2", "_hidden"] {
            assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[line]), None, "{line:?}");
        }
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["garbage, 203.0.113.7"]).unwrap(), "203.0.113.7");
    }
}
