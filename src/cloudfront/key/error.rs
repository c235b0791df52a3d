/// Why a key was refused. Each sentence says what was found and what is accepted; none holds a
/// byte of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing but white space.
    #[error("the file is empty: a PEM with {0} was expected")]
    Empty(Expected),
    /// Bytes that are no text; most often DER.
    #[error(
        "this is binary, not PEM: if it is DER, convert it with `openssl pkey -inform DER` (a PEM with {0} was expected)"
    )]
    Binary(Expected),
    /// Text without a readable PEM block.
    #[error(
        "no readable PEM block was found: {0} begins with a -----BEGIN line and ends with an -----END line"
    )]
    NotPem(Expected),
    /// More than one key in the file; certificates beside it do not count.
    #[error("the file holds several keys: keep one key per file")]
    Several,
    /// A public key where a private key belongs.
    #[error(
        "this is a public key: signing needs the private key (PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY)"
    )]
    PublicKeyFound,
    /// A private key where a public key belongs.
    #[error(
        "this is a private key: only the public key belongs here (make it with `openssl pkey -in KEY -pubout`)"
    )]
    PrivateKeyFound,
    /// A public key in PKCS#1 form, which CloudFront does not take.
    #[error(
        "this is a public key in the older form (RSA PUBLIC KEY): write it as PUBLIC KEY with `openssl rsa -RSAPublicKey_in -in KEY -pubout`"
    )]
    Pkcs1PublicKeyFound,
    /// A certificate.
    #[error("this is a certificate: CloudFront signs with a bare key, and {0} was expected")]
    CertificateFound(Expected),
    /// A pass phrase protects it.
    #[error(
        "the private key is encrypted: decrypt it with `openssl pkey -in KEY -out PLAIN` and keep the result readable by you alone"
    )]
    Encrypted,
    /// The form that `ssh-keygen` writes by default.
    #[error(
        "this is an OpenSSH key: convert a copy of it with `ssh-keygen -p -m PEM -N '' -f COPY`, or make a key with `openssl genrsa 2048`"
    )]
    OpenSsh,
    /// A PEM block of another kind.
    #[error("the PEM block is called {label:?}, and none that holds {expected}")]
    OtherBlock {
        /// What stands in its first line, if that are a few words in capitals: a line that has lost its end is
        /// followed by the key.
        label: String,
        /// What was wanted.
        expected: Expected,
    },
    /// An RSA key of another size.
    #[error("this is an RSA key of {bits} bits: CloudFront takes RSA keys of exactly 2048 bits")]
    RsaSize {
        /// Bits of the modulus.
        bits: usize,
    },
    /// An elliptic curve other than P-256.
    #[error("this is an elliptic-curve key on {curve}: CloudFront takes P-256 only")]
    Curve {
        /// The curve's usual name, or its object identifier.
        curve: String,
    },
    /// Neither RSA nor ECDSA.
    #[error("this is a key for {algorithm}: CloudFront takes RSA-2048 and ECDSA P-256")]
    Algorithm {
        /// The algorithm's usual name, or its object identifier.
        algorithm: String,
    },
    /// The block is there, but what it holds is damaged.
    #[error("the PEM block is damaged: {0} could not be read from it")]
    Damaged(Expected),
    /// The key does not verify what it signs.
    #[error("the key is inconsistent: it does not verify its own signature, so it cannot be used")]
    SelfTest,
    /// No key could be made.
    #[error("the cryptographic library could not make a key")]
    Generation,
}

impl KeyError {
    pub(super) fn other_block(label: &str, expected: Expected) -> Self {
        // As RFC 7468 has them.
        let is_word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
        let is_shown = label.len() <= 32 && label.chars().all(is_word);
        Self::OtherBlock { label: if is_shown { label } else { "…" }.to_owned(), expected }
    }
}

/// What a loader wanted to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An unencrypted private key.
    PrivateKey,
    /// A public key in SPKI form.
    PublicKey,
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PrivateKey => "an RSA-2048 or ECDSA P-256 private key",
            Self::PublicKey => "an RSA-2048 or ECDSA P-256 public key (PUBLIC KEY)",
        })
    }
}

/// The cryptographic library refused to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library could not sign")]
pub struct SignError;
