//! Tickets that PyJWT made, and keys that people give by mistake. `tests/vectors/tickets/make.py` makes both
//! again.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

use std::collections::HashMap;
use std::str::FromStr as _;

use edgemint::session::ticket::{Algorithm, TicketKey, TicketKeyError, TicketSettings, TicketVerifier};
use serde::Deserialize;

#[derive(Deserialize)]
struct Tickets {
    issued: i64,
    tickets: Vec<Ticket>,
}

#[derive(Deserialize)]
struct Ticket {
    algorithm: String,
    name: String,
    refused: Option<String>,
    token: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: HashMap<String, Pair>,
    refused: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Pair {
    private: String,
    public: String,
}

fn tickets() -> Tickets {
    serde_json::from_str(include_str!("vectors/tickets/tickets.json")).unwrap()
}

fn keys() -> Keys {
    serde_json::from_str(include_str!("vectors/tickets/keys.json")).unwrap()
}

fn verify_all(algorithm: &str) {
    let key = TicketKey::new(
        None,
        Algorithm::from_str(algorithm).unwrap(),
        keys().keys[algorithm].public.as_bytes(),
    );
    let settings =
        TicketSettings::new("https://app.example.com", "https://mint.example.com", vec![key.unwrap()]);
    let verifier = TicketVerifier::new(settings).unwrap();
    let Tickets { issued, tickets } = tickets();
    let mine: Vec<Ticket> = tickets.into_iter().filter(|ticket| ticket.algorithm == algorithm).collect();
    let refused = mine.iter().filter(|ticket| ticket.refused.is_some()).count();
    assert!(refused > mine.len() / 2 && refused < mine.len(), "{refused} of {}", mine.len());
    for Ticket { name, refused, token, .. } in mine {
        match (verifier.verify(&token, issued + 30), refused) {
            (Ok(verified), None) => {
                assert_eq!(verified.expires, issued + 65, "{name}");
                assert_eq!(verified.session.claims["plan"], "gold", "{name}");
                assert_eq!(verified.session.claims.len(), 2, "{name}");
            }
            (Err(refusal), Some(expected)) => assert_eq!(refusal.code(), expected, "{name}"),
            (outcome, expected) => panic!("{algorithm}, {name}: {outcome:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn hs256_tickets_by_pyjwt() {
    verify_all("HS256");
}

#[test]
fn eddsa_tickets_by_pyjwt() {
    verify_all("EdDSA");
}

#[test]
fn es256_tickets_by_pyjwt() {
    verify_all("ES256");
}

#[test]
fn rs256_tickets_by_pyjwt() {
    verify_all("RS256");
}

const PUBLIC_KEY_ALGORITHMS: [Algorithm; 3] = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256];

fn refusal(algorithm: Algorithm, material: &str) -> TicketKeyError {
    TicketKey::new(None, algorithm, material.as_bytes()).unwrap_err()
}

#[test]
fn public_keys_are_read_as_people_paste_them() {
    for algorithm in PUBLIC_KEY_ALGORITHMS {
        let public = keys().keys[algorithm.as_str()].public.clone();
        for pasted in [
            public.replace('\n', "\r\n"),
            public.replace('\n', "\\n"),
            public.trim_end().to_owned(),
            format!("\n\n{public}\n"),
            public,
        ] {
            assert!(TicketKey::new(None, algorithm, pasted.as_bytes()).is_ok(), "{algorithm}: {pasted:?}");
        }
    }
}

#[test]
fn private_keys_are_refused_as_such() {
    let Keys { keys, refused } = keys();
    for algorithm in PUBLIC_KEY_ALGORITHMS {
        let pair = &keys[algorithm.as_str()];
        let both = format!("{}{}", pair.public, pair.private);
        let given = [&pair.private, &both, &pair.private.replace('\n', "\\n")].map(String::clone);
        let others = ["private encrypted", "private pkcs1", "private sec1"].map(|name| refused[name].clone());
        for material in given.iter().chain(&others) {
            assert_eq!(refusal(algorithm, material), TicketKeyError::PrivateKey, "{algorithm}");
        }
    }
}

#[test]
fn keys_of_another_type_are_named() {
    let Keys { keys, refused } = keys();
    for (algorithm, material, found) in [
        (Algorithm::EdDSA, &keys["RS256"].public, "an RSA key"),
        (Algorithm::EdDSA, &keys["ES256"].public, "a P-256 key"),
        (Algorithm::ES256, &keys["EdDSA"].public, "an Ed25519 key"),
        (Algorithm::ES256, &keys["RS256"].public, "an RSA key"),
        (Algorithm::RS256, &keys["ES256"].public, "a P-256 key"),
        (Algorithm::RS256, &keys["EdDSA"].public, "an Ed25519 key"),
        (Algorithm::ES256, &refused["p384"], "a P-384 key"),
        (Algorithm::ES256, &refused["p521"], "a P-521 key"),
    ] {
        let sentence = refusal(algorithm, material).to_string();
        assert!(sentence.contains(found) && sentence.contains(algorithm.as_str()), "{sentence}");
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    let refused = keys().refused;
    let certificate = refusal(Algorithm::RS256, &refused["certificate"]);
    assert_eq!(certificate, TicketKeyError::Certificate);
    assert_eq!(refusal(Algorithm::RS256, &refused["rsa 1024"]), TicketKeyError::RsaTooSmall { bits: 1024 });
    assert_eq!(refusal(Algorithm::RS256, &refused["rsa 8192"]), TicketKeyError::RsaTooLarge);
    assert_eq!(refusal(Algorithm::RS256, &refused["public pkcs1"]), TicketKeyError::NotPublicKeyPem);
    assert_eq!(refusal(Algorithm::ES256, &refused["secp256k1"]), TicketKeyError::NotPublicKeyPem);
    let public = &keys().keys["EdDSA"].public;
    let cut = public.replacen("MCow", "MCo", 1);
    for material in ["", "a secret", "-----BEGIN PUBLIC KEY-----", &format!("{public}{public}"), &cut] {
        assert_eq!(refusal(Algorithm::EdDSA, material), TicketKeyError::NotOnePem, "{material:?}");
    }
    let empty = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    assert_eq!(refusal(Algorithm::EdDSA, empty), TicketKeyError::NotPublicKeyPem);
    let binary = TicketKey::new(None, Algorithm::EdDSA, &[0xff, 0xfe, 0x00]).unwrap_err();
    assert_eq!(binary, TicketKeyError::NotOnePem);
}

#[test]
fn secrets_are_long_and_no_public_keys() {
    for length in [0, 1, 31] {
        let error = refusal(Algorithm::HS256, &"s".repeat(length));
        assert_eq!(error, TicketKeyError::ShortSecret { found: length });
    }
    let Keys { keys, refused } = keys();
    for material in
        [&keys["RS256"].public, &keys["ES256"].public, &keys["EdDSA"].private, &refused["certificate"]]
    {
        assert_eq!(refusal(Algorithm::HS256, material), TicketKeyError::SecretIsPem);
        assert_eq!(refusal(Algorithm::HS256, &format!("\n {material}")), TicketKeyError::SecretIsPem);
    }
    assert!(TicketKey::new(None, Algorithm::HS256, &[7; 32]).is_ok());
}

#[test]
fn key_ids_and_algorithms_are_bounded() {
    for key_id in ["", "a\nb", &"k".repeat(129)] {
        let error = TicketKey::new(Some(key_id.to_owned()), Algorithm::HS256, &[7; 32]).unwrap_err();
        assert_eq!(error, TicketKeyError::KeyId, "{key_id:?}");
    }
    for name in ["", "none", "hs256", "HS512", "PS256", "ES384", "ES256K", "Ed25519"] {
        assert!(Algorithm::from_str(name).is_err(), "{name}");
    }
}
