//! The id that CloudFront gave a public key, as somebody copied it from a console.

use crate::cloudfront::{IdKind, KeyPairId};

/// For `value_parser`: a Key-Pair-Id, and none of what is taken for one. An id of another form than CloudFront's is let
/// through, for edges of one's own.
///
/// # Errors
/// A sentence that says what was given in its place and where the right one is found.
pub(super) fn key_pair_id(text: &str) -> Result<KeyPairId, String> {
    const WHERE: &str =
        "write the public key's (K…): CloudFront, Public keys, or `aws cloudfront list-public-keys`";
    let is_own = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match IdKind::of(text) {
        Some(other @ (IdKind::KeyGroup | IdKind::Distribution)) => {
            return Err(format!("this is the id of a {other}; {WHERE}"));
        }
        _ if is_own => {
            return Err(format!(
                "this is edgemint's own id of a key, which CloudFront does not know; {WHERE}"
            ));
        }
        None if IdKind::of(&text.to_ascii_uppercase()) == Some(IdKind::PublicKey) => {
            return Err(format!("CloudFront's ids are in capitals: {}", text.to_ascii_uppercase()));
        }
        _ => {}
    }
    if text.trim() != text {
        return Err("there is a space or a line break around it: give the id alone".to_owned());
    }
    text.parse().map_err(|error: crate::cloudfront::key::InvalidKeyPairId| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_from_the_wrong_place_is_refused() {
        for (text, words) in [
            ("2f1c6a5e-8a0b-4a8e-9d3c-5b7f0e4d1a92", "id of a key group"),
            ("E1U5RQF7T870K0", "id of a distribution"),
            ("0123456789abcdef", "edgemint's own id"),
            ("k2jcjmdehxqw5f", "in capitals: K2JCJMDEHXQW5F"),
            ("K2JCJMDEHXQW5F ", "space or a line break"),
            ("K2JCJMDEHXQW5F\n", "space or a line break"),
            ("", "1 to 64 letters"),
            ("arn:aws:cloudfront::123456789012:public-key/K2JCJMDEHXQW5F", "1 to 64 letters"),
        ] {
            let refused = key_pair_id(text).unwrap_err();
            assert!(refused.contains(words), "{text:?}: {refused}");
        }
        for text in ["K2JCJMDEHXQW5F", "APKAEIBAERJR2EXAMPLE", "K1", "KINVENTED", "LOCAL1", "local-1"] {
            assert_eq!(key_pair_id(text).unwrap().as_str(), text);
        }
    }
}
