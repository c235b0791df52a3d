use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde::ser::SerializeMap as _;

use super::profile::Profile;
use crate::cloudfront::{EpochSeconds, KeyPairId, Policy, SignError, SignedCookies, Signer};

/// What a mint gives: the cookies, ready to be copied into an answer. A secret; `Debug` shows no value.
pub struct Minted {
    name: String,
    key_pair_id: KeyPairId,
    expires_at: i64,
    trace_tag: Option<EpochSeconds>,
    set_cookie: Vec<Bytes>,
    json: Bytes,
}

impl Minted {
    pub(super) fn sign(signer: &Signer, profile: &Profile, policy: &Policy) -> Result<Self, SignError> {
        let cookies = signer.cookies(policy)?;
        let headers = cookies.set_cookie_headers(profile.cookies());
        let expires_at = policy.expires().get();
        let answer = Answer {
            name: profile.name(),
            resource: policy.resource().as_str(),
            expires_at,
            renew_at: renew_at(expires_at, profile),
            cookies: Values(&cookies),
            set_cookie: &headers,
        };
        // Each value stands in it twice; grown step by step it would be copied four times.
        let mut json = Vec::with_capacity(256 + 2 * headers.iter().map(String::len).sum::<usize>());
        serde_json::to_writer(&mut json, &answer).expect("strings and integers always serialise");
        let set_cookie = headers.into_iter().map(Bytes::from).collect();
        Ok(Self {
            name: profile.name().to_owned(),
            key_pair_id: signer.id().clone(),
            expires_at,
            trace_tag: policy.starts_after(),
            set_cookie,
            json: json.into(),
        })
    }

    /// The grant's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Epoch seconds.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// The key that signed.
    #[must_use]
    pub fn key_pair_id(&self) -> &KeyPairId {
        &self.key_pair_id
    }

    /// What tells for which session it was signed, if the grant is traced: the policy's `DateGreaterThan`.
    #[must_use]
    pub fn trace_tag(&self) -> Option<EpochSeconds> {
        self.trace_tag
    }

    /// `Set-Cookie` values: one for each cookie, and those that delete what an earlier set with other
    /// names may have left.
    #[must_use]
    pub fn set_cookie(&self) -> &[Bytes] {
        &self.set_cookie
    }

    /// A JSON object: `name`, `resource`, `expires_at` and `renew_at` in epoch seconds, `cookies`
    /// from names to values, `set_cookie` as a list of header values.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }
}

impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minted")
            .field("name", &self.name)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// With a third of the lifetime left: time for several attempts while the cookies still work.
/// It depends on the expiry alone, so that a shared answer is the same for everybody.
fn renew_at(expires_at: i64, profile: &Profile) -> i64 {
    let third = i64::try_from(profile.ttl().as_secs() / 3).unwrap_or(i64::MAX);
    expires_at.saturating_sub(third.max(1))
}

#[derive(Serialize)]
struct Answer<'a> {
    name: &'a str,
    resource: &'a str,
    expires_at: i64,
    renew_at: i64,
    cookies: Values<'a>,
    set_cookie: &'a [String],
}

struct Values<'a>(&'a SignedCookies);

impl Serialize for Values<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.pairs().len()))?;
        for (name, value) in self.0.pairs() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
