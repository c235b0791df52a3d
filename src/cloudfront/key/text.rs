//! Reads the one PEM block that matters from a text as people paste it: CRLF, a literal `\n`
//! from an environment variable, quotes around it, no final newline (rules §3).

use pem::Pem;
use zeroize::Zeroizing;

use super::error::{Expected, KeyError};

/// One PEM block: its label and what it holds, wiped when dropped.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// Finds the only key block; blocks of curve parameters, which `openssl ecparam -genkey` writes
/// before the key, are passed over.
pub(super) fn only_block(input: &[u8], expected: Expected) -> Result<Block, KeyError> {
    let text = normalised(input, expected)?;
    if text.is_empty() {
        return Err(KeyError::Empty(expected));
    }
    let blocks = pem::parse_many(text.as_bytes()).map_err(|_| KeyError::NotPem(expected))?;
    let mut keys = blocks.into_iter().filter(|block| block.tag() != "EC PARAMETERS");
    let block = keys.next().ok_or(KeyError::NotPem(expected))?;
    if keys.next().is_some() {
        return Err(KeyError::Several);
    }
    if is_encrypted(&block) {
        return Err(match expected {
            Expected::PrivateKey => KeyError::Encrypted,
            Expected::PublicKey => KeyError::PrivateKeyFound,
        });
    }
    Ok(Block { label: block.tag().to_owned(), der: Zeroizing::new(block.into_contents()) })
}

fn normalised(input: &[u8], expected: Expected) -> Result<Zeroizing<String>, KeyError> {
    let text = std::str::from_utf8(input).map_err(|_| KeyError::Binary(expected))?;
    if text.bytes().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) {
        return Err(KeyError::Binary(expected));
    }
    let trimmed = text.trim_start_matches('\u{feff}').trim().trim_matches(['"', '\'']);
    let unescaped = Zeroizing::new(trimmed.replace("\\r", "").replace("\\n", "\n"));
    // A lone CR ends a line too. An empty line ends PEM headers, so where there are none, the empty
    // lines that pasting doubled are left out.
    let mut lines = Zeroizing::new(unescaped.replace("\r\n", "\n").replace('\r', "\n"));
    if !lines.contains(':') {
        while lines.contains("\n\n") {
            lines = Zeroizing::new(lines.replace("\n\n", "\n"));
        }
    }
    Ok(Zeroizing::new(lines.trim().to_owned()))
}

/// PKCS#8 says so in its label, the older forms in a header (RFC 1421 §4.6.1.1).
fn is_encrypted(block: &Pem) -> bool {
    block.tag() == "ENCRYPTED PRIVATE KEY"
        || block.headers().get("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"))
}
