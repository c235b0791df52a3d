//! CloudFront's base64: the standard alphabet with padding, then `+`→`-`, `=`→`_`, `/`→`~`
//! (rules §1). It is not base64url.

use base64::Engine as _;
use base64::alphabet::Alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Strict: padding is required and the unused bits of the last character must be zero, so that
/// every byte string has exactly one spelling.
static ENGINE: GeneralPurpose = GeneralPurpose::new(
    &match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~") {
        Ok(alphabet) => alphabet,
        Err(_) => panic!("64 distinct printable characters"),
    },
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The text is not CloudFront's base64: a foreign character, or padding that is missing or misplaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base64 in CloudFront's alphabet (A-Z a-z 0-9 - ~, padded with _)")]
pub struct EncodingError;

/// Encodes bytes for a cookie or a query parameter.
///
/// ```
/// assert_eq!(edgemint::cloudfront::encoding::encode(&[0xfb, 0xff]), "-~8_");
/// ```
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes).replace('=', "_")
}

/// Decodes what [`encode`] makes, and nothing else.
///
/// # Errors
/// [`EncodingError`] for every other text, standard base64 and base64url included.
pub fn decode(text: &str) -> Result<Vec<u8>, EncodingError> {
    if text.contains('=') {
        return Err(EncodingError);
    }
    ENGINE.decode(text.replace('_', "=")).map_err(|_| EncodingError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_openssl_base64_and_tr_do() {
        // printf '\373\377' | openssl base64 | tr '+=/' '-_~'
        assert_eq!(encode(&[0xfb, 0xff]), "-~8_");
        assert_eq!(encode(b""), "");
        assert_eq!(encode(b"a"), "YQ__");
    }

    #[test]
    fn refuses_other_alphabets_and_loose_padding() {
        for text in ["-~8=", "+/8=", "-~8", "-_8_", "-~9_", "-~8__", "_", "A", "-~8_\n", " -~8_", "é"] {
            assert_eq!(decode(text), Err(EncodingError), "{text}");
        }
        assert_eq!(decode("-~8_").unwrap(), [0xfb, 0xff]);
        assert_eq!(decode("").unwrap(), b"");
    }
}
