//! A listener named in a header by a proxy in front of this service (oauth2-proxy, an ALB, nginx).

use serde_json::Map;

use super::{Peers, Presented, ProviderRefusal, Session, Subject};

/// Believes a header of configured peers, and of nobody else.
#[derive(Debug)]
pub struct HeaderProvider {
    name: String,
    peers: Peers,
}

impl HeaderProvider {
    /// The subject stands in the header `name` (any case) of requests whose connection comes from one of `peers`.
    #[must_use]
    pub fn new(name: &str, peers: Peers) -> Self {
        Self { name: name.to_ascii_lowercase(), peers }
    }

    /// The session of whom the proxy names. A stranger's header is not even read.
    pub(super) fn identify(&self, presented: &dyn Presented) -> Result<Session, ProviderRefusal> {
        if !presented.peer().is_some_and(|peer| self.peers.contain(peer)) {
            return Err(ProviderRefusal::Refused("untrusted_peer"));
        }
        let value = presented.single_header(&self.name)?.ok_or(ProviderRefusal::Missing)?;
        let subject = std::str::from_utf8(value).ok().and_then(|name| Subject::parse(name.trim()).ok());
        let subject = subject.ok_or(ProviderRefusal::Refused("malformed_subject"))?;
        Ok(Session::new(subject, Map::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::presented::tests::Fake;
    use super::*;

    fn identify(peers: &[&str], headers: &[(&'static str, &str)]) -> Result<Session, ProviderRefusal> {
        let peers: Vec<ipnet::IpNet> = peers.iter().map(|peer| peer.parse().unwrap()).collect();
        HeaderProvider::new("X-Forwarded-User", peers.into()).identify(&Fake::new(headers))
    }

    #[test]
    fn a_configured_peer_names_the_listener() {
        let session = identify(&["203.0.113.0/24"], &[("x-forwarded-user", " listener-7 ")]).unwrap();
        assert_eq!(session.subject.as_str(), "listener-7");
    }

    #[test]
    fn everybody_else_is_refused_whatever_the_header_says() {
        let named = [("x-forwarded-user", "listener-7")];
        for peers in [&[][..], &["127.0.0.1/32"], &["203.0.113.8/32", "::/0"]] {
            assert_eq!(identify(peers, &named), Err(ProviderRefusal::Refused("untrusted_peer")), "{peers:?}");
        }
    }

    #[test]
    fn a_peer_that_names_nobody_or_two_is_refused() {
        let peers = &["203.0.113.7/32"][..];
        assert_eq!(identify(peers, &[]), Err(ProviderRefusal::Missing));
        for (headers, reason) in [
            (&[("x-forwarded-user", "a"), ("x-forwarded-user", "b")][..], "ambiguous"),
            (&[("x-forwarded-user", "")], "malformed_subject"),
            (&[("x-forwarded-user", " ")], "malformed_subject"),
            (&[("x-forwarded-user", "a\tb")], "malformed_subject"),
        ] {
            assert_eq!(identify(peers, headers), Err(ProviderRefusal::Refused(reason)), "{headers:?}");
        }
    }
}
