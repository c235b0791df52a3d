//! A listener named in a header by a proxy in front of this service (oauth2-proxy, an ALB, nginx).

use ipnet::IpNet;
use serde_json::{Map, Value};

use super::{Peers, Presented, ProviderRefusal, Session, Subject};

/// Which header of whom is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderSettings {
    /// The header that holds the subject, in any case.
    pub name: String,
    /// The networks of the proxies that set it. From anybody else it is not read.
    pub peers: Vec<IpNet>,
    /// Claims and the headers that hold them, if the proxy sends any.
    pub claims: Vec<(String, String)>,
}

impl HeaderSettings {
    /// The header that oauth2-proxy sets for what is behind it.
    pub const DEFAULT_NAME: &str = "X-Forwarded-User";
}

/// Believes headers of configured peers, and of nobody else.
#[derive(Debug)]
pub struct HeaderProvider {
    name: String,
    peers: Peers,
    claims: Vec<(String, String)>,
}

impl HeaderProvider {
    /// The longest claim, in bytes.
    pub const MAX_CLAIM_BYTES: usize = 1024;

    /// A provider with `settings`.
    #[must_use]
    pub fn new(settings: HeaderSettings) -> Self {
        let lower = |(claim, header): (String, String)| (claim, header.to_ascii_lowercase());
        Self {
            name: settings.name.to_ascii_lowercase(),
            peers: settings.peers.into(),
            claims: settings.claims.into_iter().map(lower).collect(),
        }
    }

    /// The session of whom the proxy names. A stranger's header is not even read.
    pub(super) fn identify(&self, presented: &dyn Presented) -> Result<Session, ProviderRefusal> {
        if !presented.peer().is_some_and(|peer| self.peers.contain(peer)) {
            return Err(ProviderRefusal::Refused("untrusted_peer"));
        }
        let value = presented.single_header(&self.name)?.ok_or(ProviderRefusal::Missing)?;
        let subject = std::str::from_utf8(value).ok().and_then(|name| Subject::parse(trim(name)).ok());
        let subject = subject.ok_or(ProviderRefusal::Refused("malformed_subject"))?;
        let mut claims = Map::new();
        for (claim, header) in &self.claims {
            if let Some(value) = presented.single_header(header)? {
                let text = claim_text(value).ok_or(ProviderRefusal::Refused("malformed_claim"))?;
                claims.insert(claim.clone(), Value::from(text));
            }
        }
        Ok(Session::new(subject, claims))
    }
}

fn claim_text(value: &[u8]) -> Option<&str> {
    let text = trim(std::str::from_utf8(value).ok()?);
    (text.len() <= HeaderProvider::MAX_CLAIM_BYTES && !text.chars().any(char::is_control)).then_some(text)
}

/// Without the spaces and tabs around a value (RFC 9110 §5.5). A name with any other space about it is another name.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::presented::tests::Fake;
    use super::*;

    fn identify(peers: &[&str], headers: &[(&'static str, &str)]) -> Result<Session, ProviderRefusal> {
        let peers = peers.iter().map(|peer| peer.parse().unwrap()).collect();
        let claims = [("email", "X-Forwarded-Email"), ("groups", "x-forwarded-groups")];
        let claims = claims.map(|(claim, header)| (claim.to_owned(), header.to_owned())).to_vec();
        let settings = HeaderSettings { name: HeaderSettings::DEFAULT_NAME.to_owned(), peers, claims };
        HeaderProvider::new(settings).identify(&Fake::new(headers))
    }

    #[test]
    fn a_configured_peer_names_the_listener() {
        let session = identify(&["203.0.113.0/24"], &[("x-forwarded-user", " listener-7 ")]).unwrap();
        assert_eq!(session.subject.as_str(), "listener-7");
        assert!(session.claims.is_empty());
        let another = identify(&["203.0.113.0/24"], &[("x-forwarded-user", "\u{a0}listener-7")]).unwrap();
        assert_ne!(another.subject, session.subject, "a space that is not HTTP's is of the name");
    }

    #[test]
    fn a_name_with_a_space_of_unicode_about_it_is_not_the_name_without() {
        for name in ["\u{a0}listener-7", "listener-7\u{2003}", "\u{3000}listener-7\u{3000}"] {
            let headers = [("x-forwarded-user", name), ("x-forwarded-groups", name)];
            let session = identify(&["203.0.113.0/24"], &headers).unwrap();
            assert_eq!((session.subject.as_str(), &session.claims["groups"]), (name, &json!(name)));
        }
    }

    #[test]
    fn further_headers_are_claims() {
        let headers = [
            ("x-forwarded-user", "listener-7"),
            ("x-forwarded-email", "zoë@example.com"),
            ("x-forwarded-roles", "admin"),
        ];
        let session = identify(&["203.0.113.0/24"], &headers).unwrap();
        assert_eq!(Value::Object(session.claims), json!({"email": "zoë@example.com"}));
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
        let long = "x".repeat(1025);
        let user = ("x-forwarded-user", "listener-7");
        for (headers, reason) in [
            (&[("x-forwarded-user", "a"), ("x-forwarded-user", "b")][..], "ambiguous"),
            (&[("x-forwarded-user", "")], "malformed_subject"),
            (&[("x-forwarded-user", " ")], "malformed_subject"),
            (&[("x-forwarded-user", "a\tb")], "malformed_subject"),
            (&[user, ("x-forwarded-email", "a"), ("x-forwarded-email", "b")], "ambiguous"),
            (&[user, ("x-forwarded-email", "a\u{85}b")], "malformed_claim"),
            (&[user, ("x-forwarded-email", &long)], "malformed_claim"),
        ] {
            assert_eq!(identify(peers, headers), Err(ProviderRefusal::Refused(reason)), "{headers:?}");
        }
    }
}
