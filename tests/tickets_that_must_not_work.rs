//! Tickets that must not work, one row each with its reason, and those that must.
//!
//! HMAC tickets are put together by hand here, byte by byte, so that no library tidies them up first.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use edgemint::session::ticket::{
    Algorithm, TicketKey, TicketRefusal as Refusal, TicketSettings, TicketSettingsError, TicketVerifier,
};
use edgemint::session::{Subject, SubjectError};
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const SECRET: &[u8] = b"only in this test, thirty-two b.";
const ISSUER: &str = "https://app.example.com";
const AUDIENCE: &str = "https://mint.example.com";
const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn settings(keys: Vec<TicketKey>) -> TicketSettings {
    TicketSettings::new(ISSUER, AUDIENCE, keys)
}

fn verifier() -> TicketVerifier {
    let key = TicketKey::new(None, Algorithm::HS256, SECRET).unwrap();
    TicketVerifier::new(settings(vec![key])).unwrap()
}

fn hmac_over(secret: &[u8], signed: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes()).as_ref().to_vec()
}

/// Signs two encoded parts, whatever they are.
fn signed_parts(header: &str, claims: &str) -> String {
    let signed = format!("{header}.{claims}");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac_over(SECRET, &signed)))
}

fn ticket(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
    signed_parts(&URL_SAFE_NO_PAD.encode(header), &URL_SAFE_NO_PAD.encode(claims))
}

fn good_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "listener-7", "jti": "4d0e", "iat": NOW, "exp": NOW + 60,
        "plan": "gold",
    })
}

/// A good ticket but for one claim.
fn with(name: &str, value: Value) -> String {
    let mut claims = good_claims();
    claims[name] = value;
    ticket(HS256, claims.to_string())
}

fn without(name: &str) -> String {
    let mut claims = good_claims();
    claims.as_object_mut().unwrap().remove(name);
    ticket(HS256, claims.to_string())
}

fn with_times(issued: i64, expires: i64) -> String {
    let mut claims = good_claims();
    claims["iat"] = issued.into();
    claims["exp"] = expires.into();
    ticket(HS256, claims.to_string())
}

/// A good ticket but for its header.
fn headed(header: &str) -> String {
    ticket(header, good_claims().to_string())
}

/// A good ticket with `members` written into its claims as they are.
fn with_raw_claims(members: &str) -> String {
    let claims = good_claims().to_string();
    ticket(HS256, format!("{},{members}}}", &claims[..claims.len() - 1]))
}

type Row = (&'static str, String, Refusal);

fn assert_refused(rows: &[Row]) {
    let verifier = verifier();
    for (name, token, expected) in rows {
        assert_eq!(verifier.verify(token, NOW).unwrap_err(), *expected, "{name}");
    }
}

fn good() -> String {
    ticket(HS256, good_claims().to_string())
}

#[test]
fn the_ticket_that_all_rows_change_works() {
    let verified = verifier().verify(&good(), NOW).unwrap();
    assert_eq!(verified.session.subject, Subject::parse("listener-7").unwrap());
    assert_eq!(Value::Object(verified.session.claims), json!({"plan": "gold"}));
    assert_eq!(verified.expires, NOW + 65);
}

#[test]
fn shapes() {
    let token = good();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let long = "x".repeat(5000);
    assert_refused(&[
        ("empty", String::new(), Refusal::NotThreeParts),
        ("one part", header.to_owned(), Refusal::NotThreeParts),
        ("two parts", signed.to_owned(), Refusal::NotThreeParts),
        ("no signature", format!("{signed}."), Refusal::NotThreeParts),
        ("no claims", format!("{header}..{signature}"), Refusal::NotThreeParts),
        ("no header", format!(".{claims}.{signature}"), Refusal::NotThreeParts),
        ("four parts", format!("{token}.x"), Refusal::NotThreeParts),
        ("five parts, as encrypted ones have", format!("{token}.x.y"), Refusal::NotThreeParts),
        ("dots alone", "..".to_owned(), Refusal::NotThreeParts),
        ("4097 bytes of no shape at all", "x".repeat(4097), Refusal::TooLong),
        ("too long, and good but for that", with("plan", json!(long)), Refusal::TooLong),
        ("a space before", format!(" {token}"), Refusal::BadEncoding),
        ("a newline after", format!("{token}\n"), Refusal::BadEncoding),
        ("Bearer before", format!("Bearer {token}"), Refusal::BadEncoding),
        ("beyond ASCII", format!("{token}é"), Refusal::BadEncoding),
    ]);
}

#[test]
fn encodings() {
    let token = good();
    let header = URL_SAFE_NO_PAD.encode(HS256);
    // 27 bytes of header leave no padding; 28 do. These claims encode with `-`, `_` and padding.
    let padded_header = URL_SAFE.encode(r#"{"alg":"HS256","typ":"JWT" }"#);
    let mut others = good_claims();
    others["plan"] = json!("~~~???>>>\u{ff}\u{3ff}");
    others["pad"] = json!("");
    while others.to_string().len().is_multiple_of(3) {
        others["pad"] = json!(format!("{} ", others["pad"].as_str().unwrap()));
    }
    let (padded, standard) = (URL_SAFE.encode(others.to_string()), STANDARD.encode(others.to_string()));
    assert!(padded.ends_with('=') && padded_header.ends_with('=') && standard.contains(['+', '/']));
    let loose_bits = {
        let unpadded = URL_SAFE_NO_PAD.encode(others.to_string());
        let last = unpadded.chars().next_back().unwrap();
        let next = char::from(last as u8 + 1);
        format!("{}{next}", &unpadded[..unpadded.len() - 1])
    };
    assert_refused(&[
        ("padded header", signed_parts(&padded_header, &padded), Refusal::BadEncoding),
        ("padded claims", signed_parts(&header, &padded), Refusal::BadEncoding),
        ("padded signature", format!("{token}="), Refusal::BadEncoding),
        ("standard alphabet", signed_parts(&header, standard.trim_end_matches('=')), Refusal::BadEncoding),
        ("loose bits at the end", signed_parts(&header, &loose_bits), Refusal::BadEncoding),
        ("percent signs", signed_parts(&header, "%7B%22sub%22%3A1%7D"), Refusal::BadEncoding),
        ("not encoded", signed_parts(&header, r#"{"sub":1}"#), Refusal::BadEncoding),
        ("a newline in the claims", signed_parts(&header, "e30\n"), Refusal::BadEncoding),
    ]);
}

#[test]
fn headers() {
    let deep = format!(r#"{{"alg":"HS256","x":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    let long_kid = format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(500));
    assert_refused(&[
        ("alg none", headed(r#"{"alg":"none"}"#), Refusal::WrongAlgorithm),
        ("alg None", headed(r#"{"alg":"None"}"#), Refusal::WrongAlgorithm),
        ("alg in lower case", headed(r#"{"alg":"hs256"}"#), Refusal::WrongAlgorithm),
        ("alg with a space", headed(r#"{"alg":"HS256 "}"#), Refusal::WrongAlgorithm),
        ("alg empty", headed(r#"{"alg":""}"#), Refusal::WrongAlgorithm),
        ("HS512", headed(r#"{"alg":"HS512"}"#), Refusal::WrongAlgorithm),
        ("RS256 over an HMAC", headed(r#"{"alg":"RS256"}"#), Refusal::WrongAlgorithm),
        ("no alg", headed(r#"{"typ":"JWT"}"#), Refusal::MalformedHeader),
        ("alg in a list", headed(r#"{"alg":["HS256"]}"#), Refusal::MalformedHeader),
        ("alg null", headed(r#"{"alg":null}"#), Refusal::MalformedHeader),
        ("alg twice", headed(r#"{"alg":"none","alg":"HS256"}"#), Refusal::DuplicateMember),
        ("alg twice, once escaped", headed(r#"{"al\u0067":"none","alg":"HS256"}"#), Refusal::DuplicateMember),
        ("twice further down", headed(r#"{"alg":"HS256","x":[{"a":1,"a":2}]}"#), Refusal::DuplicateMember),
        ("crit", headed(r#"{"alg":"HS256","crit":["exp"],"exp":1}"#), Refusal::CriticalHeader),
        ("crit empty", headed(r#"{"alg":"HS256","crit":[]}"#), Refusal::CriticalHeader),
        ("b64", headed(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#), Refusal::CriticalHeader),
        ("b64 alone", headed(r#"{"alg":"HS256","b64":false}"#), Refusal::EncodedPayload),
        ("b64 true", headed(r#"{"alg":"HS256","b64":true}"#), Refusal::EncodedPayload),
        ("b64 null", headed(r#"{"alg":"HS256","b64":null}"#), Refusal::EncodedPayload),
        ("zip", headed(r#"{"alg":"HS256","zip":"DEF"}"#), Refusal::EncodedPayload),
        ("zip empty", headed(r#"{"alg":"HS256","zip":""}"#), Refusal::EncodedPayload),
        ("jwk", headed(r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#), Refusal::EmbeddedKey),
        ("jku", headed(r#"{"alg":"HS256","jku":"https://evil.example/jwks"}"#), Refusal::EmbeddedKey),
        ("x5u", headed(r#"{"alg":"HS256","x5u":"https://evil.example/cert"}"#), Refusal::EmbeddedKey),
        ("x5c", headed(r#"{"alg":"HS256","x5c":["AA"]}"#), Refusal::EmbeddedKey),
        ("jwk null", headed(r#"{"alg":"HS256","jwk":null}"#), Refusal::EmbeddedKey),
        ("typ at+jwt", headed(r#"{"alg":"HS256","typ":"at+jwt"}"#), Refusal::WrongTokenType),
        ("typ empty", headed(r#"{"alg":"HS256","typ":""}"#), Refusal::WrongTokenType),
        ("typ a number", headed(r#"{"alg":"HS256","typ":1}"#), Refusal::WrongTokenType),
        ("a kid where the key has none", headed(r#"{"alg":"HS256","kid":"a"}"#), Refusal::UnknownKey),
        ("kid a path", headed(r#"{"alg":"HS256","kid":"../../dev/null"}"#), Refusal::UnknownKey),
        ("kid an injection", headed(r#"{"alg":"HS256","kid":"' or 1=1"}"#), Refusal::UnknownKey),
        ("kid empty", headed(r#"{"alg":"HS256","kid":""}"#), Refusal::UnknownKey),
        ("kid long", headed(&long_kid), Refusal::UnknownKey),
        ("kid a number", headed(r#"{"alg":"HS256","kid":0}"#), Refusal::MalformedHeader),
        ("kid null", headed(r#"{"alg":"HS256","kid":null}"#), Refusal::MalformedHeader),
        ("a list", headed(r#"["HS256"]"#), Refusal::MalformedHeader),
        ("not JSON", headed("alg=HS256"), Refusal::MalformedHeader),
        ("two objects", headed(r#"{"alg":"HS256"}{}"#), Refusal::MalformedHeader),
        ("no UTF-8", ticket(b"{\"alg\":\"HS256\",\"x\":\"\xff\"}", "{}"), Refusal::MalformedHeader),
        ("nested deeply", headed(&deep), Refusal::MalformedHeader),
    ]);
}

#[test]
fn signatures() {
    let token = good();
    let (signed, encoded) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(encoded).unwrap();
    let resigned = |bytes: &[u8]| format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bytes));
    let mut flipped = signature.clone();
    flipped[31] ^= 1;
    let other = with("sub", json!("listener-8"));
    let (other_signed, _) = other.rsplit_once('.').unwrap();
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_refused(&[
        ("one bit", resigned(&flipped), Refusal::BadSignature),
        ("zeros", resigned(&[0; 32]), Refusal::BadSignature),
        ("cut short", resigned(&signature[..31]), Refusal::BadSignature),
        ("one byte", resigned(&signature[..1]), Refusal::BadSignature),
        ("made longer", resigned(&[&signature[..], &[0]].concat()), Refusal::BadSignature),
        ("in hexadecimal", resigned(hex.as_bytes()), Refusal::BadSignature),
        ("of another ticket", format!("{other_signed}.{encoded}"), Refusal::BadSignature),
        (
            "by another secret",
            resigned(&hmac_over(b"another secret of thirty-two by.", signed)),
            Refusal::BadSignature,
        ),
        ("by no secret", resigned(&hmac_over(b"", signed)), Refusal::BadSignature),
        (
            "by the secret and a newline",
            resigned(&hmac_over(&[SECRET, b"\n"].concat(), signed)),
            Refusal::BadSignature,
        ),
        (
            "bad claims behind a bad signature",
            "eyJhbGciOiJIUzI1NiJ9.!!!.AAAA".to_owned(),
            Refusal::BadSignature,
        ),
    ]);
}

#[test]
fn claims() {
    let text = good_claims().to_string();
    let missing = Refusal::MissingClaim;
    let malformed = Refusal::MalformedClaim;
    assert_refused(&[
        ("no iss", without("iss"), missing("iss")),
        ("no aud", without("aud"), missing("aud")),
        ("no sub", without("sub"), missing("sub")),
        ("no jti", without("jti"), missing("jti")),
        ("no iat", without("iat"), missing("iat")),
        ("no exp", without("exp"), missing("exp")),
        ("nothing", ticket(HS256, "{}"), missing("iss")),
        ("iss null", with("iss", Value::Null), malformed("iss")),
        ("iss in a list", with("iss", json!([ISSUER])), malformed("iss")),
        ("iss empty", with("iss", json!("")), malformed("iss")),
        ("another iss", with("iss", json!("https://app.example.org")), Refusal::WrongIssuer),
        ("iss with a slash", with("iss", json!(format!("{ISSUER}/"))), Refusal::WrongIssuer),
        ("iss in capitals", with("iss", json!(ISSUER.to_uppercase())), Refusal::WrongIssuer),
        ("aud a number", with("aud", json!(1)), malformed("aud")),
        ("aud null", with("aud", Value::Null), malformed("aud")),
        ("aud an object", with("aud", json!({AUDIENCE: true})), malformed("aud")),
        ("aud with a number in the list", with("aud", json!([AUDIENCE, 1])), malformed("aud")),
        ("aud a list in a list", with("aud", json!([[AUDIENCE]])), malformed("aud")),
        ("aud empty", with("aud", json!("")), malformed("aud")),
        ("aud an empty list", with("aud", json!([])), Refusal::WrongAudience),
        ("another aud", with("aud", json!("https://mint.example.org")), Refusal::WrongAudience),
        ("other auds", with("aud", json!(["a", "b"])), Refusal::WrongAudience),
        ("aud a prefix", with("aud", json!("https://mint.example")), Refusal::WrongAudience),
        ("auds in one text", with("aud", json!(format!("{AUDIENCE} x"))), Refusal::WrongAudience),
        ("sub a number", with("sub", json!(7)), malformed("sub")),
        ("sub null", with("sub", Value::Null), malformed("sub")),
        ("sub empty", with("sub", json!("")), Refusal::Subject(SubjectError::Empty)),
        ("sub long", with("sub", json!("s".repeat(257))), Refusal::Subject(SubjectError::TooLong)),
        ("sub with a newline", with("sub", json!("a\nb")), Refusal::Subject(SubjectError::ControlCharacter)),
        ("jti a number", with("jti", json!(1)), malformed("jti")),
        ("jti empty", with("jti", json!("")), malformed("jti")),
        ("jti long", with("jti", json!("j".repeat(257))), malformed("jti")),
        ("claims a list", ticket(HS256, "[]"), Refusal::MalformedClaims),
        ("claims a text", ticket(HS256, "\"claims\""), Refusal::MalformedClaims),
        ("claims null", ticket(HS256, "null"), Refusal::MalformedClaims),
        ("claims twice", ticket(HS256, format!("{text}{text}")), Refusal::MalformedClaims),
        ("claims with a mark before", ticket(HS256, format!("\u{feff}{text}")), Refusal::MalformedClaims),
        ("claims a ticket", ticket(HS256, good()), Refusal::MalformedClaims),
        ("sub twice", with_raw_claims(r#""sub":"admin""#), Refusal::DuplicateMember),
        ("sub twice, once escaped", with_raw_claims(r#""s\u0075b":"admin""#), Refusal::DuplicateMember),
        ("exp twice alike", with_raw_claims(&format!(r#""exp":{}"#, NOW + 60)), Refusal::DuplicateMember),
        ("twice further down", with_raw_claims(r#""a":{"b":[{"c":1,"c":1}]}"#), Refusal::DuplicateMember),
    ]);
}

#[test]
fn times() {
    let malformed = Refusal::MalformedClaim;
    assert_refused(&[
        ("exp a text", with("exp", json!((NOW + 60).to_string())), malformed("exp")),
        ("exp a fraction", with_raw_exp("1800000030.5"), malformed("exp")),
        ("exp whole, written as a fraction", with_raw_exp("1800000060.0"), malformed("exp")),
        ("exp with an exponent", with_raw_exp("18e8"), malformed("exp")),
        ("exp true", with("exp", json!(true)), malformed("exp")),
        ("exp null", with("exp", Value::Null), malformed("exp")),
        ("exp negative", with("exp", json!(-1)), malformed("exp")),
        ("exp beyond 64 bits", with_raw_exp("99999999999999999999999999"), malformed("exp")),
        ("exp beyond a signed number", with("exp", json!(u64::MAX)), malformed("exp")),
        ("exp the largest", with("exp", json!(i64::MAX)), Refusal::LifetimeTooLong),
        ("both the largest", with_times(i64::MAX - 1, i64::MAX), Refusal::IssuedInFuture),
        ("milliseconds", with_times(NOW * 1000, NOW * 1000 + 60), Refusal::IssuedInFuture),
        ("iat a text", with("iat", json!(NOW.to_string())), malformed("iat")),
        ("iat negative", with("iat", json!(-1)), malformed("iat")),
        ("iat 0", with("iat", json!(0)), Refusal::LifetimeTooLong),
        ("61 s", with_times(NOW, NOW + 61), Refusal::LifetimeTooLong),
        ("a day", with_times(NOW, NOW + 86_400), Refusal::LifetimeTooLong),
        ("61 s, begun long ago", with_times(NOW - 60, NOW + 1), Refusal::LifetimeTooLong),
        ("0 s", with_times(NOW, NOW), Refusal::LifetimeNotPositive),
        ("backwards", with_times(NOW, NOW - 1), Refusal::LifetimeNotPositive),
        ("issued 6 s ahead", with_times(NOW + 6, NOW + 30), Refusal::IssuedInFuture),
        ("nbf 6 s ahead", with("nbf", json!(NOW + 6)), Refusal::NotYetValid),
        ("nbf a text", with("nbf", json!("0")), malformed("nbf")),
        ("nbf null", with("nbf", Value::Null), malformed("nbf")),
        ("expired 5 s ago", with_times(NOW - 30, NOW - 5), Refusal::Expired),
        ("expired an hour ago", with_times(NOW - 3660, NOW - 3600), Refusal::Expired),
    ]);
}

fn with_raw_exp(text: &str) -> String {
    let good = good_claims().to_string();
    let changed = good.replace(&format!(r#""exp":{}"#, NOW + 60), &format!(r#""exp":{text}"#));
    assert_ne!(good, changed);
    ticket(HS256, changed)
}

#[test]
fn what_is_just_inside_the_bounds_works() {
    let verifier = verifier();
    for (name, token) in [
        ("60 s", with_times(NOW, NOW + 60)),
        ("1 s", with_times(NOW, NOW + 1)),
        ("issued 5 s ahead", with_times(NOW + 5, NOW + 65)),
        ("expired 4 s ago", with_times(NOW - 30, NOW - 4)),
        ("nbf 5 s ahead", with("nbf", json!(NOW + 5))),
        ("one aud of several", with("aud", json!(["other", AUDIENCE]))),
        ("sub of 256 bytes", with("sub", json!("s".repeat(256)))),
        ("jti of 256 bytes", with("jti", json!("j".repeat(256)))),
        ("no typ", headed(r#"{"alg":"HS256"}"#)),
        ("typ in lower case", headed(r#"{"typ":"jwt","alg":"HS256"}"#)),
        ("a header of no consequence", headed(r#"{"alg":"HS256","cty":"x","x5t":"y"}"#)),
    ] {
        assert!(verifier.verify(&token, NOW).is_ok(), "{name}");
    }
    let mut longest = with("plan", json!(""));
    let mut length = 0;
    while longest.len() < 4094 {
        length += 1;
        longest = with("plan", json!("x".repeat(length)));
    }
    assert!(longest.len() <= 4096 && verifier.verify(&longest, NOW).is_ok());
}

#[test]
fn no_time_panics_and_expiry_includes_the_leeway() {
    let verifier = verifier();
    assert!(verifier.verify(&good(), NOW + 64).is_ok());
    assert_eq!(verifier.verify(&good(), NOW + 65).unwrap_err(), Refusal::Expired);
    assert_eq!(verifier.verify(&good(), i64::MAX).unwrap_err(), Refusal::Expired);
    for early in [i64::MIN, -1, 0, NOW - 6] {
        assert_eq!(verifier.verify(&good(), early).unwrap_err(), Refusal::IssuedInFuture, "{early}");
    }
}

#[test]
fn stricter_settings_are_kept_to() {
    let key = TicketKey::new(None, Algorithm::HS256, SECRET).unwrap();
    let mut strict = settings(vec![key]);
    (strict.max_lifetime, strict.leeway) = (Duration::from_secs(20), Duration::ZERO);
    let verifier = TicketVerifier::new(strict).unwrap();
    assert_eq!(verifier.verify(&with_times(NOW, NOW + 20), NOW).unwrap().expires, NOW + 20);
    for (issued, expires, expected) in [
        (NOW, NOW + 21, Refusal::LifetimeTooLong),
        (NOW + 1, NOW + 20, Refusal::IssuedInFuture),
        (NOW - 1, NOW, Refusal::Expired),
    ] {
        assert_eq!(verifier.verify(&with_times(issued, expires), NOW).unwrap_err(), expected);
    }
}

#[test]
fn one_ticket_has_one_key_and_another_another() {
    let verifier = verifier();
    let key_of = |token: &str| verifier.verify(token, NOW).unwrap().jti_key;
    assert_eq!(key_of(&good()), key_of(&with("sub", json!("listener-8"))));
    assert_ne!(key_of(&good()), key_of(&with("jti", json!("4d0f"))));
}

#[test]
fn nothing_shows_a_secret_a_ticket_or_a_claim() {
    let key = TicketKey::new(Some("k1".to_owned()), Algorithm::HS256, SECRET).unwrap();
    let settings = settings(vec![key.clone()]);
    let shown = format!("{key:?} {settings:?} {:?}", TicketVerifier::new(settings.clone()).unwrap());
    assert!(shown.contains("k1") && !shown.contains("this test") && !shown.contains("111, 110"), "{shown}");
    let verified = format!("{:?}", verifier().verify(&good(), NOW).unwrap());
    assert!(!verified.contains("gold") && !verified.contains("4d0e"), "{verified}");
    let refused = verifier().verify(&with("iss", json!("s3cr3t")), NOW).unwrap_err();
    assert!(!format!("{refused} {refused:?} {}", refused.code()).contains("s3cr3t"));
}

/// A key pair made now: what signs, and the public PEM.
struct Pair {
    algorithm: Algorithm,
    jwt: jsonwebtoken::Algorithm,
    signer: EncodingKey,
    public: String,
}

impl Pair {
    fn sign(&self, key_id: Option<&str>, claims: &Value) -> String {
        let mut header = Header::new(self.jwt);
        header.kid = key_id.map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &self.signer).unwrap()
    }

    fn key(&self, key_id: Option<&str>) -> TicketKey {
        TicketKey::new(key_id.map(str::to_owned), self.algorithm, self.public.as_bytes()).unwrap()
    }
}

fn spki_pem(key: &impl AsDer<PublicKeyX509Der<'static>>) -> String {
    let der = key.as_der().unwrap();
    pem::encode(&pem::Pem::new("PUBLIC KEY", der.as_ref()))
}

fn ed25519() -> Pair {
    let pair = Ed25519KeyPair::generate().unwrap();
    Pair {
        algorithm: Algorithm::EdDSA,
        jwt: jsonwebtoken::Algorithm::EdDSA,
        signer: EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref()),
        public: spki_pem(pair.public_key()),
    }
}

fn p256() -> Pair {
    static SIGNING: &EcdsaSigningAlgorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = EcdsaKeyPair::generate(SIGNING).unwrap();
    Pair {
        algorithm: Algorithm::ES256,
        jwt: jsonwebtoken::Algorithm::ES256,
        signer: EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()),
        public: spki_pem(pair.public_key()),
    }
}

fn rsa() -> Pair {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", private.as_ref()));
    Pair {
        algorithm: Algorithm::RS256,
        jwt: jsonwebtoken::Algorithm::RS256,
        signer: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        public: spki_pem(pair.public_key()),
    }
}

#[test]
fn each_public_key_algorithm_works_and_a_changed_ticket_does_not() {
    for pair in [ed25519(), p256(), rsa()] {
        let name = pair.algorithm;
        let verifier = TicketVerifier::new(settings(vec![pair.key(None)])).unwrap();
        let token = pair.sign(None, &good_claims());
        assert_eq!(verifier.verify(&token, NOW).unwrap().session.subject.as_str(), "listener-7", "{name}");

        let (signed, encoded) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let mut signature = URL_SAFE_NO_PAD.decode(encoded).unwrap();
        let other_claims =
            URL_SAFE_NO_PAD.encode(good_claims().to_string().replace("listener-7", "listener-8"));
        let refuse = |token: String, why: &str| {
            assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Refusal::BadSignature, "{name}: {why}");
        };
        refuse(format!("{header}.{other_claims}.{encoded}"), "other claims");
        refuse(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(vec![0; signature.len()])), "zeros");
        refuse(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature[1..])), "cut short");
        signature[5] ^= 1;
        refuse(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature)), "one bit");
    }
}

#[test]
fn a_public_key_is_no_secret_and_no_key_verifies_for_another() {
    let (ed, ec, rsa) = (ed25519(), p256(), rsa());
    for configured in [&ed, &ec, &rsa] {
        let verifier = TicketVerifier::new(settings(vec![configured.key(None)])).unwrap();
        // The oldest forgery: the public key, which everybody knows, as the secret of an HMAC.
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(HS256),
            URL_SAFE_NO_PAD.encode(good_claims().to_string())
        );
        for secret in [configured.public.as_bytes(), configured.public.trim_end().as_bytes()] {
            let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac_over(secret, &signed)));
            assert_eq!(verifier.verify(&forged, NOW).unwrap_err(), Refusal::WrongAlgorithm);
            // The same under the name of the algorithm that is configured.
            let header = format!(r#"{{"alg":"{}"}}"#, configured.algorithm);
            let signed = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(header),
                URL_SAFE_NO_PAD.encode(good_claims().to_string())
            );
            let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac_over(secret, &signed)));
            assert_eq!(verifier.verify(&forged, NOW).unwrap_err(), Refusal::BadSignature);
        }
        for other in [&ed, &ec, &rsa].into_iter().filter(|other| other.algorithm != configured.algorithm) {
            let token = other.sign(None, &good_claims());
            assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Refusal::WrongAlgorithm);
        }
    }
    for (mine, stranger) in [(&ed, ed25519()), (&ec, p256())] {
        let verifier = TicketVerifier::new(settings(vec![mine.key(None)])).unwrap();
        let token = stranger.sign(None, &good_claims());
        assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Refusal::BadSignature);
    }
}

#[test]
fn of_several_keys_the_kid_picks_one_and_only_that_one_counts() {
    let (old, new) = (ed25519(), p256());
    let verifier = TicketVerifier::new(settings(vec![old.key(Some("old")), new.key(Some("new"))])).unwrap();
    for (token, expected) in [
        (old.sign(None, &good_claims()), Refusal::MissingKeyId),
        (old.sign(Some("gone"), &good_claims()), Refusal::UnknownKey),
        (old.sign(Some("OLD"), &good_claims()), Refusal::UnknownKey),
        (old.sign(Some("new"), &good_claims()), Refusal::WrongAlgorithm),
        (new.sign(Some("old"), &good_claims()), Refusal::WrongAlgorithm),
        (ed25519().sign(Some("old"), &good_claims()), Refusal::BadSignature),
    ] {
        assert_eq!(verifier.verify(&token, NOW).unwrap_err(), expected);
    }
    assert!(verifier.verify(&old.sign(Some("old"), &good_claims()), NOW).is_ok());
    assert!(verifier.verify(&new.sign(Some("new"), &good_claims()), NOW).is_ok());

    let single = TicketVerifier::new(settings(vec![old.key(Some("old"))])).unwrap();
    assert!(single.verify(&old.sign(None, &good_claims()), NOW).is_ok());
    assert!(single.verify(&old.sign(Some("old"), &good_claims()), NOW).is_ok());
    let other = single.verify(&old.sign(Some("new"), &good_claims()), NOW);
    assert_eq!(other.unwrap_err(), Refusal::UnknownKey);
}

#[test]
fn settings_that_cannot_be_told_apart_or_are_out_of_bounds_are_refused() {
    let key =
        |key_id: Option<&str>| TicketKey::new(key_id.map(str::to_owned), Algorithm::HS256, SECRET).unwrap();
    let base = || settings(vec![key(None)]);
    let seconds = Duration::from_secs;
    let mut rows: Vec<(TicketSettings, &str)> = vec![
        (settings(vec![]), "no key is configured"),
        (settings(vec![key(Some("a")), key(None)]), "one has no `kid`"),
        (settings(vec![key(None), key(None)]), "one has no `kid`"),
        (settings(vec![key(Some("a")), key(Some("b")), key(Some("a"))]), "the `kid` \"a\""),
        (TicketSettings { issuer: String::new(), ..base() }, "issuer is 0 bytes"),
        (TicketSettings { audience: "a".repeat(257), ..base() }, "audience is 257 bytes"),
        (
            TicketSettings { leeway: Duration::from_millis(1500), ..base() },
            "leeway is 1.5s; give whole seconds",
        ),
        (TicketSettings { max_lifetime: Duration::ZERO, ..base() }, "lifetime is 0 s"),
    ];
    for most in [61, 3600, u64::MAX] {
        rows.push((TicketSettings { max_lifetime: seconds(most), ..base() }, "it may be at most 60 s"));
    }
    rows.push((TicketSettings { leeway: seconds(31), ..base() }, "it may be at most 30 s"));
    for (settings, expected) in rows {
        let error: TicketSettingsError = TicketVerifier::new(settings).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(TicketVerifier::new(TicketSettings { leeway: seconds(30), ..base() }).is_ok());
}

proptest! {
    #[test]
    fn any_one_changed_character_is_refused(place in any::<prop::sample::Index>(), other in "[ -~]") {
        let token = good();
        let place = place.index(token.len());
        prop_assume!(token[place..=place] != other);
        let changed = format!("{}{other}{}", &token[..place], &token[place + 1..]);
        prop_assert!(verifier().verify(&changed, NOW).is_err());
    }

    #[test]
    fn no_text_at_all_is_a_ticket(text in ".*", header in ".{0,40}", claims in ".{0,40}") {
        prop_assert!(verifier().verify(&text, NOW).is_err());
        // Behind a good signature, too.
        prop_assert!(verifier().verify(&ticket(&header, &claims), NOW).is_err());
        prop_assert!(verifier().verify(&ticket(HS256, &claims), NOW).is_err());
    }
}
