//! Keys as people paste them, and what the loader says of keys that CloudFront does not take.

use edgemint::cloudfront::{KeyAlgorithm, PublicKey, SigningKey};

use crate::request::key_file;

fn text(name: &str) -> String {
    String::from_utf8(key_file(name)).unwrap()
}

/// The bytes between the lines of a PEM file.
fn der(name: &str) -> Vec<u8> {
    use base64::Engine as _;

    let base64: String = text(name).lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(base64).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;

    let base64 = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

macro_rules! loads {
    ($($test:ident: $input:expr => $algorithm:ident, $public:literal;)*) => {
        $(#[test]
        fn $test() {
            let key = SigningKey::from_pem($input.as_ref()).unwrap();
            assert_eq!(key.algorithm(), KeyAlgorithm::$algorithm);
            assert_eq!(key.public_key(), &PublicKey::from_pem(&key_file($public)).unwrap());
            // What openssl writes for upload is what we write, and what we store loads again.
            assert_eq!(key.public_key().to_pem(), text($public));
            let stored = SigningKey::from_pem(key.to_pem().unwrap().as_bytes()).unwrap();
            assert_eq!(stored.public_key(), key.public_key());
        })*
    };
}

const RSA: &str = "test-rsa-2048.pkcs1.pem";
const RSA_PKCS8: &str = "test-rsa-2048.pkcs8.pem";
const EC: &str = "test-p256.sec1.pem";
const EC_PKCS8: &str = "test-p256.pkcs8.pem";

loads! {
    rsa_pkcs1: key_file(RSA) => Rsa2048, "test-rsa-2048.public.pem";
    rsa_pkcs8: key_file(RSA_PKCS8) => Rsa2048, "test-rsa-2048.public.pem";
    ec_sec1: key_file(EC) => EcdsaP256, "test-p256.public.pem";
    ec_pkcs8: key_file(EC_PKCS8) => EcdsaP256, "test-p256.public.pem";
    ec_parameters_first: key_file("test-p256-parameters-first.sec1.pem") => EcdsaP256, "test-p256.public.pem";
    ec_without_its_public_half: key_file("test-p256-no-public.sec1.pem") => EcdsaP256, "test-p256.public.pem";
    crlf: text(RSA).replace('\n', "\r\n") => Rsa2048, "test-rsa-2048.public.pem";
    crlf_ec: text(EC).replace('\n', "\r\n") => EcdsaP256, "test-p256.public.pem";
    cr_only: text(EC_PKCS8).replace('\n', "\r") => EcdsaP256, "test-p256.public.pem";
    literal_newlines: text(RSA_PKCS8).replace('\n', "\\n") => Rsa2048, "test-rsa-2048.public.pem";
    literal_crlf: text(EC).replace('\n', "\\r\\n") => EcdsaP256, "test-p256.public.pem";
    spaces_for_newlines: text(RSA).replace('\n', " ") => Rsa2048, "test-rsa-2048.public.pem";
    blank_lines_between: text(EC).replace('\n', "\n\n") => EcdsaP256, "test-p256.public.pem";
    blank_lines_and_crlf: text(RSA).replace('\n', "\r\n\r\n") => Rsa2048, "test-rsa-2048.public.pem";
    no_final_newline: text(RSA).trim_end() => Rsa2048, "test-rsa-2048.public.pem";
    double_quotes: format!("\"{}\"", text(RSA).trim_end().replace('\n', "\\n")) => Rsa2048, "test-rsa-2048.public.pem";
    single_quotes: format!("'{}'\n", text(EC)) => EcdsaP256, "test-p256.public.pem";
    byte_order_mark: format!("\u{feff}{}", text(EC)) => EcdsaP256, "test-p256.public.pem";
    indented: text(EC).replace('\n', "\n    ") => EcdsaP256, "test-p256.public.pem";
    text_before: format!("Bag Attributes\n    friendlyName: x\n{}", text(EC_PKCS8)) => EcdsaP256, "test-p256.public.pem";
    attributes_and_blank_lines_between: format!("Bag Attributes\n    friendlyName: x\n{}", text(EC_PKCS8)).replace('\n', "\n\n")
        => EcdsaP256, "test-p256.public.pem";
    attributes_and_blank_lines_crlf: format!("Bag Attributes\nlocalKeyID: 54\n{}", text(RSA_PKCS8)).replace('\n', "\r\n\r\n")
        => Rsa2048, "test-rsa-2048.public.pem";
    certificate_behind_it: text(RSA) + &text("refused-certificate.pem") => Rsa2048, "test-rsa-2048.public.pem";
    certificates_before_it: text("refused-certificate.pem").repeat(2) + &text(EC) => EcdsaP256, "test-p256.public.pem";
    one_line: pem("PRIVATE KEY", &der(EC_PKCS8)) => EcdsaP256, "test-p256.public.pem";
}

macro_rules! refused {
    ($loader:ident: $($test:ident: $input:expr => $sentence:expr;)*) => {
        $(#[test]
        fn $test() {
            let error = $loader::from_pem($input.as_ref()).unwrap_err();
            assert_eq!(error.to_string(), $sentence);
        })*
    };
}

const ENCRYPTED: &str = "the private key is encrypted: decrypt it with `openssl pkey -in KEY -out PLAIN` and keep \
                         the result readable by you alone";
const PUBLIC_FOUND: &str = "this is a public key: signing needs the private key (PRIVATE KEY, RSA PRIVATE KEY or \
                            EC PRIVATE KEY)";
const PRIVATE_FOUND: &str = "this is a private key: only the public key belongs here (make it with `openssl pkey -in \
                             KEY -pubout`)";
const NOT_PEM: &str = "no readable PEM block was found: an RSA-2048 or ECDSA P-256 private key begins with a \
                       -----BEGIN line and ends with an -----END line";
const BINARY: &str = "this is binary, not PEM: if it is DER, convert it with `openssl pkey -inform DER` (a PEM with an \
                      RSA-2048 or ECDSA P-256 private key was expected)";
const EMPTY: &str = "the file is empty: a PEM with an RSA-2048 or ECDSA P-256 private key was expected";
const DAMAGED: &str =
    "the PEM block is damaged: an RSA-2048 or ECDSA P-256 private key could not be read from it";
const SEVERAL: &str = "the file holds several keys: keep one key per file";

fn size(bits: usize) -> String {
    format!("this is an RSA key of {bits} bits: CloudFront takes RSA keys of exactly 2048 bits")
}

fn curve(name: &str) -> String {
    format!("this is an elliptic-curve key on {name}: CloudFront takes P-256 only")
}

fn algorithm(name: &str) -> String {
    format!("this is a key for {name}: CloudFront takes RSA-2048 and ECDSA P-256")
}

/// The key with the first byte of its last number changed: well-formed, and not a key.
fn inconsistent(name: &str, label: &str, at_end: usize) -> String {
    let mut der = der(name);
    let at = der.len() - at_end;
    der[at] ^= 1;
    pem(label, &der)
}

refused! { SigningKey:
    rsa_1024: key_file("refused-rsa-1024.pkcs1.pem") => size(1024);
    rsa_2047: key_file("refused-rsa-2047.pkcs1.pem") => size(2047);
    rsa_3072: key_file("refused-rsa-3072.pkcs1.pem") => size(3072);
    rsa_4096: key_file("refused-rsa-4096.pkcs1.pem") => size(4096);
    rsa_8192: key_file("refused-rsa-8192.pkcs1.pem") => size(8192);
    p384: key_file("refused-secp384r1.sec1.pem") => curve("P-384");
    p384_pkcs8: key_file("refused-secp384r1.pkcs8.pem") => curve("P-384");
    p521: key_file("refused-secp521r1.sec1.pem") => curve("P-521");
    p521_pkcs8: key_file("refused-secp521r1.pkcs8.pem") => curve("P-521");
    secp256k1: key_file("refused-secp256k1.sec1.pem") => curve("secp256k1");
    secp256k1_pkcs8: key_file("refused-secp256k1.pkcs8.pem") => curve("secp256k1");
    p256_written_out: key_file("refused-p256-explicit.sec1.pem") => curve("a curve that it does not name");
    ed25519: key_file("refused-ed25519.pkcs8.pem") => algorithm("Ed25519");
    rsa_pss: key_file("refused-rsa-pss.pkcs8.pem") => algorithm("RSA-PSS only");
    dsa_pkcs8: key_file("refused-dsa.pkcs8.pem") => algorithm("DSA");
    dsa_traditional: key_file("refused-dsa.traditional.pem") => algorithm("DSA");
    encrypted_pkcs8: key_file("refused-rsa-2048-encrypted.pkcs8.pem") => ENCRYPTED;
    encrypted_pkcs1: key_file("refused-rsa-2048-encrypted.pkcs1.pem") => ENCRYPTED;
    encrypted_sec1: key_file("refused-p256-encrypted.sec1.pem") => ENCRYPTED;
    encrypted_crlf: text("refused-rsa-2048-encrypted.pkcs1.pem").replace('\n', "\r\n") => ENCRYPTED;
    encrypted_literal_newlines: text("refused-p256-encrypted.sec1.pem").replace('\n', "\\n") => ENCRYPTED;
    public_key: key_file("test-rsa-2048.public.pem") => PUBLIC_FOUND;
    public_key_pkcs1: pem("RSA PUBLIC KEY", &der("test-rsa-2048.public.pem")[24..]) => PUBLIC_FOUND;
    certificate: key_file("refused-certificate.pem") => "this is a certificate: CloudFront signs with a bare key, and \
        an RSA-2048 or ECDSA P-256 private key was expected";
    openssh: key_file("refused-openssh.pem") => "this is an OpenSSH key: convert a copy of it with `ssh-keygen -p -m \
        PEM -N '' -f COPY`, or make a key with `openssl genrsa 2048`";
    certificate_request: pem("CERTIFICATE REQUEST", b"x") => "the PEM block is called \"CERTIFICATE REQUEST\", and none \
        that holds an RSA-2048 or ECDSA P-256 private key";
    empty: "" => EMPTY;
    white_space: " \r\n\t\n" => EMPTY;
    byte_order_mark_only: "\u{feff}" => EMPTY;
    der_binary: der(RSA) => BINARY;
    der_binary_ec: der(EC) => BINARY;
    utf_16: text(EC).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>() => BINARY;
    nul: format!("{}\0", text(EC)) => BINARY;
    a_word: "hello" => NOT_PEM;
    base64_alone: text(EC).lines().nth(1).unwrap() => NOT_PEM;
    a_path: "/etc/edgemint/key.pem" => NOT_PEM;
    cut_in_the_middle: &text(RSA)[..800] => NOT_PEM;
    without_its_last_line: text(RSA).lines().take(26).collect::<Vec<_>>().join("\n") => NOT_PEM;
    lines_of_two_kinds: text(EC).replace("END EC", "END RSA") => NOT_PEM;
    not_base64: text(EC).replace('A', "*") => NOT_PEM;
    two_keys: text(RSA) + &text(EC) => SEVERAL;
    the_same_key_twice: text(EC) + &text(EC) => SEVERAL;
    two_keys_and_a_certificate: text(RSA) + &text("refused-certificate.pem") + &text(EC) => SEVERAL;
    private_and_public_key: text(EC) + &text("test-p256.public.pem") => SEVERAL;
    certificates_alone: text("refused-certificate.pem").repeat(2) => "this is a certificate: CloudFront signs with a \
        bare key, and an RSA-2048 or ECDSA P-256 private key was expected";
    unknown_label: pem(&format!("\u{1f511} SOME {}", "THING ".repeat(20)), b"x") => "the PEM block is called \"…\", and none \
        that holds an RSA-2048 or ECDSA P-256 private key";
    parameters_alone: pem("EC PARAMETERS", b"x") => NOT_PEM;
    a_line_missing: text(RSA).lines().enumerate().filter(|(at, _)| *at != 5).map(|(_, line)| format!("{line}\n"))
        .collect::<String>() => DAMAGED;
    der_cut_short: pem("RSA PRIVATE KEY", &der(RSA)[..600]) => DAMAGED;
    der_too_long: pem("EC PRIVATE KEY", &[der(EC), vec![0]].concat()) => DAMAGED;
    der_empty: pem("PRIVATE KEY", b"") => DAMAGED;
    rsa_called_ec: pem("EC PRIVATE KEY", &der(RSA)) => DAMAGED;
    ec_called_rsa: pem("RSA PRIVATE KEY", &der(EC)) => DAMAGED;
    pkcs8_called_rsa: pem("RSA PRIVATE KEY", &der(RSA_PKCS8)) => DAMAGED;
    rsa_modulus_changed: inconsistent(RSA, "RSA PRIVATE KEY", der(RSA).len() - 20) => DAMAGED;
    rsa_prime_changed: inconsistent(RSA, "RSA PRIVATE KEY", 420) => DAMAGED;
    ec_public_half_changed: inconsistent(EC, "EC PRIVATE KEY", 1) => DAMAGED;
}

/// The same for the public keys that an edge is told to trust.
mod public {
    use super::*;

    refused! { PublicKey:
        rsa_1024: key_file("refused-rsa-1024.public.pem") => size(1024);
        rsa_2047: key_file("refused-rsa-2047.public.pem") => size(2047);
        rsa_3072: key_file("refused-rsa-3072.public.pem") => size(3072);
        rsa_4096: key_file("refused-rsa-4096.public.pem") => size(4096);
        rsa_8192: key_file("refused-rsa-8192.public.pem") => size(8192);
        p384: key_file("refused-secp384r1.public.pem") => curve("P-384");
        p521: key_file("refused-secp521r1.public.pem") => curve("P-521");
        secp256k1: key_file("refused-secp256k1.public.pem") => curve("secp256k1");
        ed25519: key_file("refused-ed25519.public.pem") => algorithm("Ed25519");
        private_key: key_file(RSA) => PRIVATE_FOUND;
        private_key_pkcs8: key_file(EC_PKCS8) => PRIVATE_FOUND;
        private_key_encrypted: key_file("refused-rsa-2048-encrypted.pkcs8.pem") => PRIVATE_FOUND;
        private_key_encrypted_traditional: key_file("refused-p256-encrypted.sec1.pem") => PRIVATE_FOUND;
        certificate: key_file("refused-certificate.pem") => "this is a certificate: CloudFront signs with a bare key, \
            and an RSA-2048 or ECDSA P-256 public key (PUBLIC KEY) was expected";
        pkcs1: pem("RSA PUBLIC KEY", &der("test-rsa-2048.public.pem")[24..]) => "this is a public key in the older form \
            (RSA PUBLIC KEY): write it as PUBLIC KEY with `openssl rsa -RSAPublicKey_in -in KEY -pubout`";
        openssh: key_file("refused-openssh.pem") => PRIVATE_FOUND;
        parameters: pem("DH PARAMETERS", b"x") => "the PEM block is called \"DH PARAMETERS\", and none that holds an \
            RSA-2048 or ECDSA P-256 public key (PUBLIC KEY)";
        empty: "\n" => "the file is empty: a PEM with an RSA-2048 or ECDSA P-256 public key (PUBLIC KEY) was expected";
        cut_short: pem("PUBLIC KEY", &der("test-rsa-2048.public.pem")[..200]) => "the PEM block is damaged: an \
            RSA-2048 or ECDSA P-256 public key (PUBLIC KEY) could not be read from it";
        point_not_on_the_curve: inconsistent("test-p256.public.pem", "PUBLIC KEY", 1) => "the PEM block is damaged: \
            an RSA-2048 or ECDSA P-256 public key (PUBLIC KEY) could not be read from it";
    }

    #[test]
    fn crlf_and_literal_newlines_load() {
        for name in ["test-rsa-2048.public.pem", "test-p256.public.pem"] {
            let key = PublicKey::from_pem(&key_file(name)).unwrap();
            for newline in ["\r\n", "\\n", "\\r\\n"] {
                assert_eq!(PublicKey::from_pem(text(name).replace('\n', newline).as_bytes()).unwrap(), key);
            }
        }
    }
}

#[test]
fn no_refusal_and_no_debug_shows_the_key() {
    let key = SigningKey::from_pem(&key_file(EC)).unwrap();
    let stored = key.to_pem().unwrap();
    let secret = stored.lines().nth(1).unwrap();
    assert!(!format!("{key:?}").contains(&secret[..16]));
    let error = SigningKey::from_pem(text(EC).replace("END EC", "END").as_bytes()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&text(EC).lines().nth(1).unwrap()[..16]));
}
