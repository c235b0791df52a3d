use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::ViewerRequest;
use crate::cloudfront::{HashAlgorithm, encoding};

/// Names in the query and in the cookies. Written out here, apart from what signing writes.
const EXPIRES: &str = "Expires";
const POLICY: &str = "Policy";
const SIGNATURE: &str = "Signature";
const KEY_PAIR_ID: &str = "Key-Pair-Id";
const HASH_ALGORITHM: &str = "Hash-Algorithm";
const COOKIE_PREFIX: &str = "CloudFront-";

/// No signature of rules §3 is half as long; a longer text is not decoded (inferred).
const MAX_SIGNATURE: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Cookies,
    Url,
}

/// What a request shows for itself, undecoded.
#[derive(Clone)]
pub(super) struct Credentials<'a> {
    pub(super) source: Source,
    expires: Option<Cow<'a, str>>,
    policy: Option<Cow<'a, str>>,
    signature: Option<Cow<'a, str>>,
    key_pair_id: Option<Cow<'a, str>>,
    hash: Option<Cow<'a, str>>,
    /// Names that came more than once, each once.
    pub(super) repeated: Vec<&'static str>,
}

/// Which kind of policy is shown.
#[derive(Clone, Copy)]
pub(super) enum Proof<'a> {
    /// An encoded policy.
    Custom(&'a str),
    /// An expiry; the policy is rebuilt from the URL.
    Canned(&'a str),
}

impl<'a> Credentials<'a> {
    /// Any of the query names makes the URL speak, and then the cookies are not looked at (rules §1).
    pub(super) fn of(request: &ViewerRequest<'a>) -> Self {
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
    pub(super) fn proof(&self) -> Option<Proof<'_>> {
        match (&self.policy, &self.expires) {
            (Some(policy), _) => Some(Proof::Custom(policy)),
            (None, Some(expires)) => Some(Proof::Canned(expires)),
            (None, None) => None,
        }
    }

    /// An empty id is none (inferred).
    pub(super) fn key_pair_id(&self) -> Result<&str, &'static str> {
        match self.key_pair_id.as_deref() {
            None if self.source == Source::Url => {
                Err("missing in the query, which has others of its kind, so that no cookie counts")
            }
            None => Err("missing"),
            Some("") => Err("empty"),
            Some(id) => Ok(id),
        }
    }

    /// Absent means SHA-1 (rules §1); a value that CloudFront does not know is handed back, cut to what
    /// is enough to recognise it.
    pub(super) fn hash(&self) -> Result<HashAlgorithm, String> {
        match self.hash.as_deref() {
            None | Some("SHA1") => Ok(HashAlgorithm::Sha1),
            Some("SHA256") => Ok(HashAlgorithm::Sha256),
            Some(other) => {
                let shown: String = other.chars().filter(char::is_ascii_graphic).take(16).collect();
                Err(format!("neither SHA1 nor SHA256 but {shown:?}"))
            }
        }
    }

    /// The bytes of the signature.
    pub(super) fn signature(&self) -> Result<Vec<u8>, &'static str> {
        let text = self.signature.as_deref().ok_or("missing")?;
        if text.len() > MAX_SIGNATURE {
            return Err("longer than any signature");
        }
        encoding::decode(text).map_err(|_| "not in the alphabet")
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
        if slot.is_none() {
            *slot = Some(value());
        } else if !self.repeated.contains(&name) {
            self.repeated.push(name);
        }
    }
}

/// Whether a query parameter of this name is for the edge alone.
pub(super) fn is_credential(name: &str) -> bool {
    [EXPIRES, POLICY, SIGNATURE, KEY_PAIR_ID, HASH_ALGORITHM].contains(&name)
}

fn parameters(path_and_query: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = path_and_query.split_once('?').map(|(_, query)| query);
    query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}
