//! What we sign is what the others sign: RSA to the byte, ECDSA as openssl verifies it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock};

use edgemint::cloudfront::{
    EpochSeconds, HashAlgorithm, MediaUrl, Policy, Resource, Signer, SigningKey, encoding,
};
use serde_json::Value;

use crate::programs::needs;
use crate::request::{
    BOTOCORE, COMMUNITY, EC_ID, EXPIRES, OPENSSL, RSA_ID, SDK, STARTS_AFTER, Vectors, key_file,
};

const URL: &str = "https://cdn.example.com/podcasts/episode-1.mp3";
const URL_WITH_QUERY: &str = "https://cdn.example.com/podcasts/episode-1.mp3?v=1&lang=en";
const PATTERN: &str = "https://cdn.example.com/podcasts/*";
const HASHES: [(&str, HashAlgorithm); 2] = [("sha1", HashAlgorithm::Sha1), ("sha256", HashAlgorithm::Sha256)];

static RSA: LazyLock<Arc<SigningKey>> = LazyLock::new(|| key("test-rsa-2048.pkcs1.pem"));
static EC: LazyLock<Arc<SigningKey>> = LazyLock::new(|| key("test-p256.sec1.pem"));

fn key(name: &str) -> Arc<SigningKey> {
    Arc::new(SigningKey::from_pem(&key_file(name)).unwrap())
}

fn rsa_signer(hash: HashAlgorithm) -> Signer {
    Signer::new(RSA_ID.parse().unwrap(), RSA.clone(), hash)
}

fn expires() -> EpochSeconds {
    EpochSeconds::new(EXPIRES).unwrap()
}

/// The policy that the vectors of this name sign.
fn policy(resource: &str, name: &str) -> Policy {
    let policy = Policy::new(Resource::parse(resource).unwrap(), expires());
    let start = EpochSeconds::new(STARTS_AFTER).unwrap();
    match name {
        "pattern" => policy,
        "network" => policy.from_address("203.0.113.0/24".parse().unwrap()),
        "address" => policy.from_address("203.0.113.7".parse().unwrap()),
        "start" => policy.starting_after(start).unwrap(),
        "everything" => policy.from_address("203.0.113.0/24".parse().unwrap()).starting_after(start).unwrap(),
        other => panic!("no policy is called {other}"),
    }
}

fn cookies_of(vectors: &Vectors, name: &str) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let cookies = vectors[name]["cookies"].as_object().unwrap();
    cookies.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn our_cookies(signer: &Signer, policy: &Policy) -> BTreeMap<String, String> {
    let signed = signer.cookies(policy).unwrap();
    signed.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn rsa_signatures_are_those_of_openssl() {
    for (name, vector) in OPENSSL.iter().filter(|(_, vector)| vector["key"] == "rsa") {
        let hash: HashAlgorithm = vector["hash"].as_str().unwrap().parse().unwrap();
        let signature = RSA.sign(hash, vector["document"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(encoding::encode(&signature), vector["cookies"]["CloudFront-Signature"], "{name}");
    }
}

#[test]
fn cookies_are_those_of_openssl() {
    for (suffix, hash) in HASHES {
        for name in ["pattern", "network", "address", "start", "everything"] {
            let ours = our_cookies(&rsa_signer(hash), &policy(PATTERN, name));
            assert_eq!(ours, cookies_of(&OPENSSL, &format!("{name} rsa {suffix}")), "{name} {suffix}");
        }
    }
}

#[test]
fn cookies_are_those_of_the_javascript_sdk() {
    for (suffix, hash) in HASHES {
        for name in ["pattern", "network", "address", "start"] {
            let ours = our_cookies(&rsa_signer(hash), &policy(PATTERN, name));
            assert_eq!(ours, cookies_of(&SDK, &format!("cookies {name} rsa {suffix}")), "{name} {suffix}");
        }
    }
}

/// With both a start and an address, the JavaScript SDK writes the start first; botocore and we do not.
#[test]
fn the_javascript_sdk_differs_only_in_the_order_of_two_conditions() {
    let ours = policy(PATTERN, "everything").canonical();
    let theirs = cookies_of(&SDK, "cookies everything rsa sha1")["CloudFront-Policy"].clone();
    let theirs = String::from_utf8(encoding::decode(&theirs).unwrap()).unwrap();
    assert_ne!(ours, theirs);
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&ours), read(&theirs));
}

#[test]
fn cookies_are_those_of_aws_cloudfront_sign() {
    let ours = our_cookies(&rsa_signer(HashAlgorithm::Sha1), &policy(PATTERN, "pattern"));
    assert_eq!(ours, cookies_of(&COMMUNITY, "cookies pattern"));
}

#[test]
fn canned_cookies_are_those_of_openssl_and_the_javascript_sdk() {
    for (suffix, hash) in HASHES {
        let ours = |url: &str| -> BTreeMap<String, String> {
            let signed = rsa_signer(hash).canned_cookies(&MediaUrl::parse(url).unwrap(), expires()).unwrap();
            signed.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        assert_eq!(ours(URL), cookies_of(&SDK, &format!("cookies canned rsa {suffix}")));
        assert_eq!(ours(URL), cookies_of(&OPENSSL, &format!("canned rsa {suffix}")));
        assert_eq!(ours(URL_WITH_QUERY), cookies_of(&OPENSSL, &format!("canned query rsa {suffix}")));
    }
}

/// The canned and the custom URLs, by the name of the vector.
fn our_urls(hash: HashAlgorithm) -> Vec<(&'static str, String)> {
    let signer = rsa_signer(hash);
    let url = MediaUrl::parse(URL).unwrap();
    let canned = |url: &str| {
        let url = MediaUrl::parse(url).unwrap();
        signer.canned_url(&url, expires()).unwrap().as_str().to_owned()
    };
    let mut urls = vec![("canned", canned(URL)), ("canned query", canned(URL_WITH_QUERY))];
    for name in ["pattern", "network", "address", "start", "everything"] {
        let signed = signer.custom_url(&url, &policy(PATTERN, name)).unwrap();
        urls.push((name, signed.as_str().to_owned()));
    }
    urls
}

#[test]
fn urls_are_those_of_botocore_to_the_byte() {
    for (suffix, hash) in HASHES {
        for (name, ours) in our_urls(hash) {
            assert_eq!(ours, BOTOCORE[&format!("url {name} rsa {suffix}")]["url"], "{name} {suffix}");
        }
    }
}

/// The JavaScript SDK writes the same parameters in another order.
#[test]
fn urls_are_those_of_the_javascript_sdk_but_for_the_order_of_parameters() {
    let parameters = |url: &str| {
        let mut parts: Vec<String> = url.split(['?', '&']).map(str::to_owned).collect();
        parts[1..].sort_unstable();
        parts
    };
    for (suffix, hash) in HASHES {
        let ours = our_urls(hash).into_iter().filter(|(name, _)| {
            // The others are signed for a pattern here and for the file there.
            ["canned", "canned query", "pattern"].contains(name)
        });
        for (name, ours) in ours {
            let theirs = SDK[&format!("url {name} rsa {suffix}")]["url"].as_str().unwrap();
            assert_eq!(parameters(&ours), parameters(theirs), "{name} {suffix}");
        }
    }
}

#[test]
fn openssl_verifies_ecdsa_signatures() {
    needs!("openssl");
    let document = policy(PATTERN, "everything").canonical();
    for (suffix, hash) in HASHES {
        let signer = Signer::new(EC_ID.parse().unwrap(), EC.clone(), hash);
        let signed = signer.cookies(&policy(PATTERN, "everything")).unwrap();
        let signature = signed.pairs().find(|(name, _)| *name == "CloudFront-Signature").unwrap().1;
        let signature = encoding::decode(signature).unwrap();
        assert!(openssl_verifies(suffix, document.as_bytes(), &signature), "{suffix}");
        assert!(!openssl_verifies(suffix, b"another document", &signature), "{suffix}");
    }
}

fn openssl_verifies(hash: &str, document: &[u8], signature: &[u8]) -> bool {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [message, sealed] =
        ["document", "signature"].map(|what| folder.join(format!("verify-{hash}.{what}")));
    std::fs::write(&message, document).unwrap();
    std::fs::write(&sealed, signature).unwrap();
    let run = Command::new("openssl")
        .args(["dgst", &format!("-{hash}"), "-verify"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/keys/test-p256.public.pem"))
        .arg("-signature")
        .args([sealed, message])
        .output();
    run.unwrap().status.success()
}
