//! Claims that every kind of token has (RFC 7519 §4.1), each read as its type.

use serde_json::{Map, Value};

use super::TokenRefusal;

/// The longest `iss`, `aud`, `jti` or `sid`, in bytes.
pub(in crate::session) const MAX_TEXT_BYTES: usize = 256;

/// A claim that has to be there.
pub(in crate::session) fn required<'m>(
    members: &'m Map<String, Value>,
    name: &'static str,
) -> Result<&'m Value, TokenRefusal> {
    members.get(name).ok_or(TokenRefusal::MissingClaim(name))
}

/// A text of 1 to [`MAX_TEXT_BYTES`].
pub(in crate::session) fn bounded_text<'v>(
    name: &'static str,
    value: &'v Value,
) -> Result<&'v str, TokenRefusal> {
    match value {
        Value::String(text) if (1..=MAX_TEXT_BYTES).contains(&text.len()) => Ok(text),
        _ => Err(TokenRefusal::MalformedClaim(name)),
    }
}

/// A whole number of seconds since the epoch. RFC 7519 allows fractions; no token has a use for them.
pub(in crate::session) fn seconds(name: &'static str, value: &Value) -> Result<i64, TokenRefusal> {
    value.as_i64().filter(|seconds| *seconds >= 0).ok_or(TokenRefusal::MalformedClaim(name))
}

/// Reads `iss` and `aud`: by whom a token is, and for whom.
///
/// # Errors
/// [`TokenRefusal`] unless they are there and well formed; [`Parties::are`] compares them.
pub(in crate::session) fn parties(members: &Map<String, Value>) -> Result<Parties<'_>, TokenRefusal> {
    let issuer = bounded_text("iss", required(members, "iss")?)?;
    let audiences = match required(members, "aud")? {
        Value::Array(list) => list.iter().map(|one| bounded_text("aud", one)).collect::<Result<_, _>>()?,
        one => vec![bounded_text("aud", one)?],
    };
    Ok(Parties { issuer, audiences })
}

/// `iss` and `aud`.
pub(in crate::session) struct Parties<'m> {
    issuer: &'m str,
    audiences: Vec<&'m str>,
}

impl Parties<'_> {
    /// # Errors
    /// [`TokenRefusal`] unless the token is by `issuer`, and for `audience` among others.
    pub(in crate::session) fn are(&self, issuer: &str, audience: &str) -> Result<(), TokenRefusal> {
        if self.issuer != issuer {
            Err(TokenRefusal::WrongIssuer)
        } else if !self.audiences.iter().any(|one| *one == audience) {
            Err(TokenRefusal::WrongAudience)
        } else {
            Ok(())
        }
    }
}
