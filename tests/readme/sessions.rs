//! The answer to a renewal, as README.md shows it and as the service gives it.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::blocks::{Kind, only};
use crate::client::{get, send};
use crate::tickets::service;

const SECRET: &str = "a-secret-of-this-test-alone, with + and = in it";

#[test]
fn a_renewal_answers_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(folder.path(), SECRET);
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let claims = json!({
        "iss": "https://www.example.com", "aud": "https://listen.example.com", "sub": "u-17", "jti": "1",
        "iat": now, "exp": now + 30,
    });
    let ticket = encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    let entered = get(service.address, &format!("/enter?ticket={ticket}"), &[]);
    let set = entered.headers.iter().find(|(_, value)| value.starts_with("__Host-edgemint="));
    let cookie = set.unwrap().1.split(';').next().unwrap();
    let renewed = send(
        service.address,
        "POST",
        "/renew",
        &[
            ("Origin", "https://www.example.com"),
            ("Content-Type", "application/json"),
            ("Content-Length", "0"),
            ("Cookie", cookie),
        ],
    );
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let given: Value = serde_json::from_slice(&renewed.body).unwrap();
    let shown: Value = serde_json::from_str(&only(Kind::Renewal)).unwrap();
    assert_eq!(shape(&given), shape(&shown));
    let named =
        |answer: &Value| [&answer["grants"][0]["name"], &answer["grants"][0]["resource"]].map(Clone::clone);
    assert_eq!(named(&given), named(&shown));
    for answer in [given, shown] {
        let after = |value: &Value| value.as_i64().unwrap() - answer["now"].as_i64().unwrap();
        let grant = &answer["grants"][0];
        assert!((900..960).contains(&after(&grant["expires_at"])), "15m and less than a step: {answer}");
        assert!((600..660).contains(&after(&grant["renew_at"])), "with a third of it left: {answer}");
        assert!((7190..=7200).contains(&after(&answer["session_ends_at"])), "2h: {answer}");
    }
    service.stop();
}

/// The same with every number and text in it replaced by what it is.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(_) => "text".into(),
        _ => "number".into(),
    }
}
