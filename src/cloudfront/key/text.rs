//! Reads the one PEM block that matters from a text as people paste it: CRLF, a literal `\n`
//! from an environment variable, quotes around it, no final newline (rules §3); and writes one.
//!
//! Every copy of a private key that is made here is wiped. What the libraries copy in passing is not:
//! the base64 text without its line ends while `pem` decodes a block, and a small buffer on the stack
//! while `base64` encodes one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pem::Pem;
use zeroize::Zeroizing;

use super::error::{Expected, KeyError};

/// One PEM block: its label and what it holds, wiped when dropped.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) der: Zeroizing<Vec<u8>>,
    is_encrypted: bool,
}

/// Finds the only key block. Blocks of curve parameters, which `openssl ecparam -genkey` writes before
/// the key, are passed over; so are certificates beside a key, as servers keep them.
pub(super) fn only_block(input: &[u8], expected: Expected) -> Result<Block, KeyError> {
    let text = normalised(input, expected)?;
    if text.is_empty() {
        return Err(KeyError::Empty(expected));
    }
    let blocks = pem::parse_many(text.as_bytes()).map_err(|_| KeyError::NotPem(expected))?;
    let blocks = blocks.into_iter().map(Block::from).filter(|block| block.label != "EC PARAMETERS");
    let (certificates, keys): (Vec<Block>, Vec<Block>) =
        blocks.partition(|block| block.label == "CERTIFICATE");
    let has_key = !keys.is_empty();
    let mut found = keys.into_iter().chain(certificates);
    let block = found.next().ok_or(KeyError::NotPem(expected))?;
    if has_key && found.next().is_some_and(|other| other.label != "CERTIFICATE") {
        return Err(KeyError::Several);
    }
    if block.is_encrypted {
        return Err(match expected {
            Expected::PrivateKey => KeyError::Encrypted,
            Expected::PublicKey => KeyError::PrivateKeyFound,
        });
    }
    Ok(block)
}

/// A private key as `openssl` writes it: lines of 64 characters and a final newline.
pub(super) fn private_pem(der: &[u8]) -> Zeroizing<String> {
    const BEGIN: &str = "-----BEGIN PRIVATE KEY-----\n";
    const END: &str = "-----END PRIVATE KEY-----\n";
    let lines = der.chunks(48);
    // Made large enough at once: growing would leave copies of the key behind.
    let mut text = Zeroizing::new(String::with_capacity(BEGIN.len() + lines.len() * 65 + END.len()));
    text.push_str(BEGIN);
    for line in lines {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text.push_str(END);
    text
}

fn normalised(input: &[u8], expected: Expected) -> Result<Zeroizing<String>, KeyError> {
    let text = std::str::from_utf8(input).map_err(|_| KeyError::Binary(expected))?;
    if text.bytes().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) {
        return Err(KeyError::Binary(expected));
    }
    let trimmed = text.trim_start_matches('\u{feff}').trim().trim_matches(['"', '\'']);
    // `openssl pkcs12` writes attributes before the key; their colons are no PEM headers.
    let begin = trimmed.find("-----BEGIN").unwrap_or_default();
    let mut lines = Zeroizing::new(trimmed[begin..].to_owned());
    // A lone CR ends a line too.
    for (from, to) in [("\\r", ""), ("\\n", "\n"), ("\r\n", "\n"), ("\r", "\n")] {
        lines = Zeroizing::new(lines.replace(from, to));
    }
    // An empty line ends PEM headers, so where there are none, the empty lines that pasting doubled
    // are left out.
    if !lines.contains(':') {
        while lines.contains("\n\n") {
            lines = Zeroizing::new(lines.replace("\n\n", "\n"));
        }
    }
    Ok(Zeroizing::new(lines.trim().to_owned()))
}

impl From<Pem> for Block {
    /// Takes what the block holds without copying it, so that it is wiped on every path.
    fn from(block: Pem) -> Self {
        // PKCS#8 says so in its label, the older forms in a header (RFC 1421 §4.6.1.1).
        let is_encrypted = block.tag() == "ENCRYPTED PRIVATE KEY"
            || block.headers().get("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"));
        Self { label: block.tag().to_owned(), der: Zeroizing::new(block.into_contents()), is_encrypted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_pem_as_the_library_does() {
        let config = || pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        for length in [1, 47, 48, 49, 96, 121, 1218] {
            let der: Vec<u8> = (0..length).map(|n: u16| n.to_le_bytes()[0]).collect();
            let text = private_pem(&der);
            assert_eq!(*text, pem::encode_config(&Pem::new("PRIVATE KEY", der), config()), "{length}");
        }
    }
}
