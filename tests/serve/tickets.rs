//! Representatives of every family of tickets that must not work; `tests/tickets_that_must_not_work.rs` has
//! them all.

use serde_json::{Value, json};

use crate::support::{HS256, MARKER, Service, Setup, TICKET_SECRET, Ticket, encode, now, sign_ticket};

/// What the operator reads of each, while the listener reads the same of all.
fn assert_refused(service: &Service, rows: Vec<(&str, String)>) {
    let expected = service.redeem("").constant_part();
    for (reason, ticket) in rows {
        let answer = service.redeem(&ticket);
        service.assert_refused(&answer, 401, "ticket_refused", &ticket);
        assert_eq!(answer.constant_part(), expected, "{reason}: all refusals of a ticket are one answer");
        let told = service.log_line(&answer)["reason"].as_str().unwrap().to_owned();
        assert!(told.starts_with(&format!("ticket refused: {reason}: ")), "{told}");
    }
    service.assert_entering();
}

fn good() -> Ticket {
    Ticket::of(MARKER).with("note", MARKER)
}

fn with_raw_claims(members: &str) -> String {
    let claims = good().claims.to_string();
    sign_ticket(TICKET_SECRET, HS256, &format!("{},{members}}}", &claims[..claims.len() - 1]))
}

#[test]
fn shapes_are_refused() {
    let ticket = good().sign();
    let (signed, signature) = ticket.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let service = Setup::new().start();
    assert_eq!(service.log_line(&service.enter(""))["reason"], "ticket refused: missing");
    assert_refused(
        &service,
        vec![
            ("not_three_parts", String::new()),
            ("not_three_parts", MARKER.to_owned()),
            ("not_three_parts", format!("{MARKER}.{MARKER}")),
            ("not_three_parts", signed.to_owned()),
            ("not_three_parts", format!("{signed}.")),
            ("not_three_parts", format!("{header}..{signature}")),
            ("not_three_parts", format!("{ticket}.{MARKER}")),
            ("bad_encoding", format!("%20{ticket}")),
            ("bad_signature", format!("{header}.{claims}%00.{signature}")),
            ("bad_encoding", format!("{signed}.{signature}%3D")),
            ("bad_encoding", format!("{header}%3D.{claims}.{signature}")),
            ("too_long", good().with("more", "x".repeat(5000)).sign()),
            ("malformed_header", good().headed(MARKER).sign()),
            ("malformed_header", good().headed("[]").sign()),
            ("malformed_claims", sign_ticket(TICKET_SECRET, HS256, MARKER)),
            ("malformed_claims", sign_ticket(TICKET_SECRET, HS256, "[]")),
        ],
    );
}

#[test]
fn algorithms_and_keys_of_the_tickets_own_choice_are_refused() {
    let headed = |header: &str| good().headed(header).sign();
    let unsigned =
        |header: &str| format!("{}.{}.{}", encode(header), encode(good().claims.to_string()), encode("x"));
    let service = Setup::new().start();
    assert_refused(
        &service,
        vec![
            ("wrong_algorithm", unsigned(r#"{"alg":"none"}"#)),
            ("wrong_algorithm", unsigned(r#"{"alg":"None"}"#)),
            ("wrong_algorithm", headed(r#"{"alg":"HS384"}"#)),
            ("wrong_algorithm", headed(r#"{"alg":"RS256"}"#)),
            ("wrong_algorithm", headed(r#"{"alg":"hs256"}"#)),
            ("unknown_key", headed(&format!(r#"{{"alg":"HS256","kid":"{MARKER}"}}"#))),
            ("unknown_key", headed(r#"{"alg":"HS256","kid":"../../dev/null"}"#)),
            ("embedded_key", headed(r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#)),
            ("embedded_key", headed(&format!(r#"{{"alg":"HS256","jku":"https://{MARKER}/"}}"#))),
            ("embedded_key", headed(r#"{"alg":"HS256","x5u":"https://evil.example/"}"#)),
            ("encoded_payload", headed(r#"{"alg":"HS256","b64":false}"#)),
            ("encoded_payload", headed(r#"{"alg":"HS256","zip":"DEF"}"#)),
            ("critical_header", headed(r#"{"alg":"HS256","crit":["exp"]}"#)),
            ("duplicate_member", headed(r#"{"alg":"none","alg":"HS256"}"#)),
            ("wrong_token_type", headed(r#"{"alg":"HS256","typ":"at+jwt"}"#)),
            ("bad_signature", good().by("").sign()),
            ("bad_signature", good().by("another secret, of thirty-two bytes").sign()),
        ],
    );
}

#[test]
fn changed_tickets_are_refused() {
    // Before the ticket, or a machine that is slow to start it would make the ticket one from before the start.
    let service = Setup::new().start();
    let ticket = good().sign();
    let (signed, signature) = ticket.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let others_claims = encode(Ticket::of("somebody-else").claims.to_string());
    assert_refused(
        &service,
        vec![
            ("bad_signature", format!("{header}.{others_claims}.{signature}")),
            ("bad_signature", format!("{signed}.{}", encode([0; 32]))),
            ("bad_signature", format!("{signed}.{}", &signature[..20])),
        ],
    );
    assert_eq!(service.redeem(&ticket).status, 303, "forgeries use no ticket up");
}

#[test]
fn claims_are_refused() {
    let at = |issued: i64, expires: i64| good().with("iat", issued).with("exp", expires).sign();
    let service = Setup::new().start();
    let mut rows = vec![
        ("wrong_issuer", good().with("iss", MARKER).sign()),
        ("wrong_issuer", good().with("iss", "https://www.example.com/").sign()),
        ("wrong_audience", good().with("aud", MARKER).sign()),
        ("wrong_audience", good().with("aud", json!([MARKER])).sign()),
        ("expired", at(now() - 120, now() - 60)),
        ("issued_in_future", at(now() + 60, now() + 90)),
        ("lifetime_too_long", at(now(), now() + 61)),
        ("lifetime_not_positive", at(now(), now())),
        ("lifetime_not_positive", at(now(), 0)),
        ("not_yet_valid", good().with("nbf", now() + 60).sign()),
        ("malformed_claim", good().with("exp", format!("{}", now() + 60)).sign()),
        ("malformed_claim", good().with("iat", Value::Null).sign()),
        ("malformed_claim", good().with("exp", -1).sign()),
        ("malformed_claim", good().with("exp", 1e300).sign()),
        ("malformed_claim", good().with("jti", "").sign()),
        ("malformed_claim", good().with("jti", 7).sign()),
        ("malformed_claim", good().with("sub", json!([MARKER])).sign()),
        ("malformed_subject", good().with("sub", "").sign()),
        ("malformed_subject", good().with("sub", format!("{MARKER}\n{{\"level\":\"INFO\"}}")).sign()),
        ("duplicate_member", with_raw_claims(r#""sub":"somebody-else""#)),
        ("duplicate_member", with_raw_claims(r#""more":{"a":1,"a":2}"#)),
    ];
    rows.extend(
        ["iss", "aud", "sub", "jti", "iat", "exp"]
            .map(|claim| ("missing_claim", good().without(claim).sign())),
    );
    assert_refused(&service, rows);
}
