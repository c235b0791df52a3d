use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;
use serde::Serialize;
use serde::ser::SerializeMap as _;
use utoipa::ToSchema;

use super::outline::Outline;
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
    outline: Bytes,
    sent_as: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Minted {
    pub(super) fn sign(signer: &Signer, profile: &Profile, policy: &Policy) -> Result<Self, SignError> {
        let cookies = signer.cookies(policy)?;
        let headers = cookies.set_cookie_headers(profile.cookies());
        let outline = Outline::new(profile, policy);
        let answer = MintedGrant { outline: &outline, cookies: Values(&cookies), set_cookie: &headers };
        // Each value stands in it twice; grown step by step it would be copied four times.
        let mut json = Vec::with_capacity(256 + 2 * headers.iter().map(String::len).sum::<usize>());
        serde_json::to_writer(&mut json, &answer).expect("strings and integers always serialise");
        let outline_json = serde_json::to_vec(&outline).expect("strings and integers always serialise");
        let expires_at = outline.expires_at;
        let set_cookie = headers.into_iter().map(Bytes::from).collect();
        Ok(Self {
            name: profile.name().to_owned(),
            key_pair_id: signer.id().clone(),
            expires_at,
            trace_tag: policy.starts_after(),
            set_cookie,
            json: json.into(),
            outline: outline_json.into(),
            sent_as: OnceLock::new(),
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

    /// What `make` makes of the [`Minted::set_cookie`] values: once, for everybody who is given these cookies. Whoever
    /// sends them needs them in the form of a library that is not known here, and to check them takes longer than to
    /// copy them.
    ///
    /// # Panics
    /// If it is asked for two types.
    pub fn sent_as<T: Any + Send + Sync>(&self, make: impl FnOnce(&[Bytes]) -> T) -> &T {
        let made = self.sent_as.get_or_init(|| Box::new(make(&self.set_cookie)));
        made.downcast_ref().expect("cookies are sent in one form")
    }

    /// A [`MintedGrant`] as a JSON object.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The part of it that is no secret: an [`Outline`] as a JSON object.
    #[must_use]
    pub fn outline(&self) -> &Bytes {
        &self.outline
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

/// Cookies for a back end to set: a secret.
#[derive(Serialize, ToSchema)]
pub struct MintedGrant<'a> {
    #[serde(flatten)]
    outline: &'a Outline<'a>,
    /// From names to values.
    #[schema(value_type = BTreeMap<String, String>)]
    cookies: Values<'a>,
    /// Values of `Set-Cookie`: one for each cookie, and those that delete what an earlier set may have left.
    #[schema(min_items = 3)]
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
