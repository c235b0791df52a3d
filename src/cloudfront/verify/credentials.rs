use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::ViewerRequest;
use crate::cloudfront::HashAlgorithm;

/// Names in the query and in the cookies. Written out here, apart from what signing writes.
const EXPIRES: &str = "Expires";
const POLICY: &str = "Policy";
const SIGNATURE: &str = "Signature";
const KEY_PAIR_ID: &str = "Key-Pair-Id";
const HASH_ALGORITHM: &str = "Hash-Algorithm";
const COOKIE_PREFIX: &str = "CloudFront-";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Cookies,
    Url,
}

/// What a request shows for itself, undecoded.
#[derive(Clone)]
pub struct Credentials<'a> {
    pub(super) source: Source,
    expires: Option<Cow<'a, str>>,
    policy: Option<Cow<'a, str>>,
    pub(super) signature: Option<Cow<'a, str>>,
    pub(super) key_pair_id: Option<Cow<'a, str>>,
    hash: Option<Cow<'a, str>>,
    /// Names that came more than once.
    pub(super) repeated: Vec<&'static str>,
}

/// Which kind of policy is shown.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// An encoded policy.
    Custom(&'a str),
    /// An expiry; the policy is rebuilt from the URL.
    Canned(&'a str),
}

impl<'a> Credentials<'a> {
    /// Any of the query names makes the URL speak, and then the cookies are not looked at (rules §1).
    #[must_use]
    pub fn of(request: &ViewerRequest<'a>) -> Self {
        let mut found = Self::empty(Source::Url);
        for (name, value) in parameters(request.path_and_query) {
            found.take(name, || percent_decode_str(value).decode_utf8_lossy());
        }
        if found.is_empty() {
            found = Self::empty(Source::Cookies);
            for &(name, value) in request.cookies {
                if let Some(name) = name.strip_prefix(COOKIE_PREFIX) {
                    found.take(name, || Cow::Borrowed(value));
                }
            }
        }
        found
    }

    /// The policy or the expiry. With both, the policy is what counts (inferred).
    #[must_use]
    pub fn proof(&self) -> Option<Proof<'_>> {
        match (&self.policy, &self.expires) {
            (Some(policy), _) => Some(Proof::Custom(policy)),
            (None, Some(expires)) => Some(Proof::Canned(expires)),
            (None, None) => None,
        }
    }

    /// `None` for a value that CloudFront does not know; absent means SHA-1 (rules §1).
    pub(super) fn hash(&self) -> Option<HashAlgorithm> {
        match self.hash.as_deref() {
            None | Some("SHA1") => Some(HashAlgorithm::Sha1),
            Some("SHA256") => Some(HashAlgorithm::Sha256),
            Some(_) => None,
        }
    }

    /// The URL that a policy is about: as requested, without the parameters that signing added.
    pub(super) fn url(&self, request: &ViewerRequest<'_>) -> String {
        let ViewerRequest { scheme, host, path_and_query, .. } = request;
        match (self.source, path_and_query.split_once('?')) {
            (Source::Url, Some((path, query))) => {
                let kept: Vec<&str> = query.split('&').filter(|pair| !is_credential(name_of(pair))).collect();
                let separator = if kept.is_empty() { "" } else { "?" };
                format!("{scheme}://{host}{path}{separator}{}", kept.join("&"))
            }
            _ => format!("{scheme}://{host}{path_and_query}"),
        }
    }

    fn empty(source: Source) -> Self {
        Self {
            source,
            expires: None,
            policy: None,
            signature: None,
            key_pair_id: None,
            hash: None,
            repeated: vec![],
        }
    }

    fn is_empty(&self) -> bool {
        let all = [&self.expires, &self.policy, &self.signature, &self.key_pair_id, &self.hash];
        all.into_iter().all(Option::is_none)
    }

    fn take(&mut self, name: &str, value: impl FnOnce() -> Cow<'a, str>) {
        let (slot, name) = match name {
            EXPIRES => (&mut self.expires, EXPIRES),
            POLICY => (&mut self.policy, POLICY),
            SIGNATURE => (&mut self.signature, SIGNATURE),
            KEY_PAIR_ID => (&mut self.key_pair_id, KEY_PAIR_ID),
            HASH_ALGORITHM => (&mut self.hash, HASH_ALGORITHM),
            _ => return,
        };
        if slot.is_some() {
            self.repeated.push(name);
        } else {
            *slot = Some(value());
        }
    }
}

fn is_credential(name: &str) -> bool {
    [EXPIRES, POLICY, SIGNATURE, KEY_PAIR_ID, HASH_ALGORITHM].contains(&name)
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

fn parameters(path_and_query: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = path_and_query.split_once('?').map(|(_, query)| query);
    query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}
