use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::Ipv4Net;

use super::PolicyError;

/// One IPv4 address or network; IPv6 is not supported by CloudFront (rules §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceIp(Ipv4Net);

impl From<Ipv4Addr> for SourceIp {
    fn from(address: Ipv4Addr) -> Self {
        Self(Ipv4Net::from(address))
    }
}

impl FromStr for SourceIp {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let network = match text.contains('/') {
            true => text.parse().ok(),
            false => text.parse().ok().map(|address: Ipv4Addr| Ipv4Net::from(address)),
        };
        network.map(Self).ok_or(PolicyError::SourceIp)
    }
}

/// Always with its prefix length: `203.0.113.7/32`.
impl fmt::Display for SourceIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
