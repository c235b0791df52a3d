use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

/// A key pair in two files.
pub struct Key {
    pub id: &'static str,
    pub private: PathBuf,
    pub public: PathBuf,
}

pub struct Keys {
    pub rsa: Key,
    pub ecdsa: Key,
    /// An RSA key that no edge here trusts.
    pub stranger: Key,
}

/// One set for all tests of this run, in a directory that the operating system clears.
pub fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let directory = tempfile::Builder::new().prefix("edge-keys-").tempdir().unwrap().keep();
        let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
        let ecdsa = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        Keys {
            rsa: generate(&directory, "KRSA2048EXAMPLE", &rsa),
            ecdsa: generate(&directory, "KP256EXAMPLE", &ecdsa),
            stranger: generate(&directory, "KSTRANGER", &rsa),
        }
    })
}

fn generate(directory: &Path, id: &'static str, options: &[&str]) -> Key {
    let (private, public) = (directory.join(format!("{id}.key")), directory.join(format!("{id}.pem")));
    openssl(&[&["genpkey"], options, &["-out", private.to_str().unwrap()]].concat(), b"");
    openssl(&["pkey", "-in", private.to_str().unwrap(), "-pubout", "-out", public.to_str().unwrap()], b"");
    Key { id, private, public }
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {}: {}", arguments[0], String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A signature as it stands in a cookie. `hash` is `sha1` or `sha256`.
pub fn sign(key: &Key, hash: &str, message: &str) -> String {
    let hash = format!("-{hash}");
    alphabet(&openssl(&["dgst", &hash, "-sign", key.private.to_str().unwrap()], message.as_bytes()))
}

/// CloudFront's alphabet: MIME base64 by openssl, three characters changed (rules §1).
pub fn alphabet(bytes: &[u8]) -> String {
    let text = String::from_utf8(openssl(&["base64", "-A"], bytes)).unwrap();
    text.trim_end().replace('+', "-").replace('=', "_").replace('/', "~")
}

/// A policy of rules §2, written by hand. `more` is what follows `DateLessThan`, with its comma.
pub fn policy(resource: &str, expires: i64, more: &str) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}{more}}}}}]}}"#
    )
}

pub fn canned_policy(url: &str, expires: i64) -> String {
    policy(url, expires, "")
}

/// The `Cookie` header of a custom policy, over SHA-1.
pub fn cookies(key: &Key, policy: &str) -> String {
    format!(
        "CloudFront-Policy={}; CloudFront-Signature={}; CloudFront-Key-Pair-Id={}",
        alphabet(policy.as_bytes()),
        sign(key, "sha1", policy),
        key.id
    )
}

/// Epoch seconds, this far from now.
pub fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() + seconds
}
