//! From the text of a token to claims whose signature holds.

use serde_json::{Map, Value};

use super::TokenRefusal;
use super::header::TokenHeader;
use super::keys::KeySet;
use super::parts::{Parts, decode};
use crate::session::strict_json;

/// What tokens of a kind look like.
#[derive(Debug)]
pub(in crate::session) struct Kind {
    /// The longest that is looked at, in bytes.
    pub(in crate::session) max_bytes: usize,
    /// What `typ` may be, if it is there.
    pub(in crate::session) types: &'static [&'static str],
}

impl Kind {
    /// The claims of a token that one of `keys` signed. Nothing in them is looked at before the signature holds,
    /// nor is any of them compared with anything.
    pub(in crate::session) fn verified_claims(
        &self,
        token: &str,
        keys: &KeySet,
    ) -> Result<Map<String, Value>, TokenRefusal> {
        let parts = Parts::split(token, self.max_bytes)?;
        let header = TokenHeader::parse(&decode(parts.header)?, self.types)?;
        let key = keys.named(header.key_id.as_deref())?;
        if header.algorithm != key.algorithm().as_str() {
            return Err(TokenRefusal::WrongAlgorithm);
        }
        key.verify(parts.signed, parts.signature)?;
        strict_json::parse_object(&decode(parts.claims)?)
            .map_err(|refusal| TokenRefusal::of_json(refusal, TokenRefusal::MalformedClaims))
    }
}
