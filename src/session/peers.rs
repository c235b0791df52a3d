//! Peers that are believed, by their addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// Networks of peers whose word is taken. None by default.
#[derive(Debug, Clone, Default)]
pub struct Peers(Vec<IpNet>);

impl From<Vec<IpNet>> for Peers {
    /// A network of IPv4 addresses mapped into IPv6 (RFC 4291 §2.5.5.2) is that of those addresses, as which
    /// peers are compared.
    fn from(networks: Vec<IpNet>) -> Self {
        Self(networks.into_iter().map(canonical).collect())
    }
}

impl Peers {
    /// Whether `network` is all of IPv4 or all of IPv6.
    #[must_use]
    pub fn is_everybody(network: IpNet) -> bool {
        canonical(network).prefix_len() == 0
    }

    /// Whether `address` lies in one of the networks.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn canonical(network: IpNet) -> IpNet {
    /// Bits before the IPv4 address.
    const MAPPED: u8 = 96;
    match network.addr().to_canonical() {
        IpAddr::V4(address) if network.addr().is_ipv6() && network.prefix_len() >= MAPPED => {
            IpNet::new_assert(address.into(), network.prefix_len() - MAPPED)
        }
        _ => network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(network: &str, address: &str) -> bool {
        let network: IpNet = network.parse().unwrap();
        Peers::from(vec![network]).contain(address.parse().unwrap())
    }

    #[test]
    fn everybody_is_told_from_many() {
        for (network, expected) in [
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("::ffff:0.0.0.0/96", true),
            ("10.0.0.0/8", false),
            ("0.0.0.0/1", false),
            ("::ffff:0.0.0.0/97", false),
            ("2000::/3", false),
        ] {
            assert_eq!(Peers::is_everybody(network.parse().unwrap()), expected, "{network}");
        }
    }

    #[test]
    fn mapped_addresses_and_networks_are_those_of_ipv4() {
        for network in ["10.0.0.0/8", "::ffff:10.0.0.0/104", "::ffff:10.0.0.1/128", "::ffff:0:0/96"] {
            assert!(contain(network, "10.0.0.1") && contain(network, "::ffff:10.0.0.1"), "{network}");
        }
        for network in ["::ffff:10.0.0.2/128", "::/0", "::/96", "::fffe:0:0/95"] {
            assert!(!contain(network, "10.0.0.1") && !contain(network, "::ffff:10.0.0.1"), "{network}");
        }
        assert!(!Peers::default().contain(IpAddr::from([127, 0, 0, 1])));
    }
}
