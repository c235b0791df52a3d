//! The text of a token, taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::TokenRefusal;

/// The three parts of a compact JWS (RFC 7515 §7.1), still encoded.
pub(super) struct Parts<'a> {
    pub(super) header: &'a str,
    pub(super) claims: &'a str,
    pub(super) signature: &'a str,
    /// What the signature is over: the first two parts and the dot between.
    pub(super) signed: &'a str,
}

impl<'a> Parts<'a> {
    /// Nothing is decoded of a token of more than `most` bytes.
    pub(super) fn split(token: &'a str, most: usize) -> Result<Self, TokenRefusal> {
        if token.len() > most {
            return Err(TokenRefusal::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::NotThreeParts)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenRefusal::NotThreeParts)?;
        if claims.contains('.') || [header, claims, signature].contains(&"") {
            return Err(TokenRefusal::NotThreeParts);
        }
        Ok(Self { header, claims, signature, signed })
    }
}

pub(super) fn decode(part: &str) -> Result<Vec<u8>, TokenRefusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRefusal::BadEncoding)
}
