//! Who may have which grant, and for whom cookies were minted.

use std::process::Command;

use serde_json::{Value, json};

use crate::programs::needs;
use crate::support::{AUDIT_KEY, Answer, Cookies, Service, Setup, TRACED_GRANT, Ticket, run};

const REQUIRING: &str = r#"
[[grants]]
name = "premium"
resource = "https://cdn.example.com/premium/*"
ttl = "5m"
require = [{ claim = "plan", equals = "premium" }]
cookie = { domain = "example.com" }
[[grants]]
name = "tiers"
resource = "https://cdn.example.com/tiers/*"
ttl = "5m"
require = [{ claim = "tier", any_of = ["gold", "silver", 3] }]
cookie = { domain = "example.com" }
[[grants]]
name = "desk"
resource = "https://cdn.example.com/desk/*"
ttl = "5m"
require = [{ claim = "/account/roles", contains = "editor" }, { claim = "scope", contains = "write" }, { claim = "on", equals = true }]
cookie = { domain = "example.com" }
[[grants]]
name = "own"
resource = "https://cdn.example.com/own/{sub}/*"
ttl = "5m"
require = [{ claim = "plan", any_of = ["premium", "family"] }]
cookie = { domain = "example.com" }
"#;

const NAMES: [&str; 4] = ["premium", "tiers", "desk", "own"];

/// What is claimed, and which grants that is enough for.
fn table() -> Vec<(Value, &'static [&'static str])> {
    let editor = json!({"roles": ["reader", "editor"]});
    vec![
        (json!({"plan": "premium"}), &["premium", "own"]),
        (json!({"plan": "family"}), &["own"]),
        (json!({"plan": "premium", "tier": "gold"}), &["premium", "tiers", "own"]),
        (json!({"tier": "silver", "plan": "free"}), &["tiers"]),
        (json!({"tier": 3}), &["tiers"]),
        (json!({"account": editor, "scope": "read write", "on": true}), &["desk"]),
        (
            json!({"account": editor, "scope": ["write"], "on": true, "plan": "premium", "tier": "gold"}),
            &["premium", "tiers", "desk", "own"],
        ),
        (json!({}), &[]),
        (json!({"plan": "Premium"}), &[]),
        (json!({"plan": " premium"}), &[]),
        (json!({"plan": "premium*"}), &[]),
        (json!({"plan": ["premium"]}), &[]),
        (json!({"plan": {"premium": true}}), &[]),
        (json!({"plan": null, "tier": null}), &[]),
        (json!({"plan": true}), &[]),
        (json!({"Plan": "premium"}), &[]),
        (json!({"claims": {"plan": "premium"}}), &[]),
        (json!({"tier": "3"}), &[]),
        (json!({"tier": 3.0}), &[]),
        (json!({"tier": ["gold"]}), &[]),
        (json!({"account": editor, "scope": "write"}), &[]),
        (json!({"account": editor, "on": true}), &[]),
        (json!({"scope": "write", "on": true}), &[]),
        (json!({"account": {"roles": "editor"}, "scope": "write", "on": true}), &[]),
        (json!({"account": {"roles": ["editors"]}, "scope": "write", "on": true}), &[]),
        (json!({"account": {"roles": [["editor"]]}, "scope": "write", "on": true}), &[]),
        (json!({"account": editor, "scope": "rewrite", "on": true}), &[]),
        (json!({"account": editor, "scope": "write", "on": "true"}), &[]),
        (json!({"account": editor, "scope": "write", "on": 1}), &[]),
        (json!({"/account/roles": ["editor"], "scope": "write", "on": true}), &[]),
    ]
}

fn ticket(claims: &Value) -> Ticket {
    let claims = claims.as_object().unwrap().iter();
    claims.fold(Ticket::of("listener-7"), |ticket, (name, value)| ticket.with(name, value.clone()))
}

/// The grants whose cookies an answer sets, by their Path, each of which must open its own folder and no other.
fn given(service: &Service, answer: &Answer) -> Vec<&'static str> {
    let public_key = service.setup.public_key();
    let inside = |name: &str| if name == "own" { "/own/listener-7/1".into() } else { format!("/{name}/1") };
    let set = NAMES.into_iter().filter(|name| {
        let cookies = Cookies::set_for(answer, &format!("/{name}/"));
        assert!([0, 3].contains(&cookies.len()), "{name}: {} cookies", cookies.len());
        if cookies.len() > 0 {
            for other in NAMES {
                let decision = cookies.decide(&public_key, &inside(other), "127.0.0.1");
                assert_eq!(decision.is_allowed(), other == *name, "cookies of {name} at {other}");
            }
        }
        cookies.len() > 0
    });
    set.collect()
}

#[test]
fn browsers_get_what_their_claims_are_enough_for() {
    let service = Setup::new().grants(REQUIRING).start();
    for (claims, expected) in table() {
        let answer = service.redeem(&ticket(&claims).sign());
        if expected.is_empty() {
            answer.assert_refusal(403, "no_grant", &claims.to_string());
            let reason = service.log_line(&answer)["reason"].to_string();
            assert!(reason.contains("the grant requires claim \\\"plan\\\", which"), "{claims}: {reason}");
        } else {
            assert_eq!(answer.status, 303, "{claims}");
            assert_eq!(given(&service, &answer), expected, "{claims}");
        }
    }
}

#[test]
fn back_ends_get_what_the_claims_are_enough_for() {
    let service = Setup::new().grants(REQUIRING).start();
    for (claims, expected) in table() {
        for name in NAMES {
            let answer = service.mint(&json!({"grants": [name], "subject": "listener-7", "claims": claims}));
            match expected.contains(&name) {
                true => assert_eq!(answer.status, 200, "{name} {claims}"),
                false => answer.assert_refusal(403, "no_grant", &format!("{name} {claims}")),
            }
        }
        // All or none.
        let all = service.mint(&json!({"grants": NAMES, "subject": "listener-7", "claims": claims}));
        assert_eq!(all.status, if expected.len() == NAMES.len() { 200 } else { 403 }, "{claims}");
    }
}

#[test]
fn a_session_keeps_what_its_grants_ask_for() {
    let setup = Setup::new().grants(REQUIRING).sessions(&[crate::support::SESSION_SECRET], "");
    let service = setup.start();
    for (claims, expected) in table().into_iter().filter(|(_, expected)| !expected.is_empty()) {
        let session = service.session_of(&ticket(&claims).with("noise", "n".repeat(200)));
        let renewed = service.renew(&session);
        assert_eq!(renewed.status, 200, "{claims}");
        assert_eq!(given(&service, &renewed), expected, "{claims}");
        let told = service.status(&session).json();
        let names: Vec<_> = told["grants"].as_array().unwrap().iter().map(|grant| &grant["name"]).collect();
        assert_eq!(names, expected, "{claims}");
    }
}

/// The tag in the podcasts' cookies, which the edge must take.
fn tag(service: &Service, answer: &Answer) -> i64 {
    let cookies = Cookies::set_for(answer, "/podcasts/");
    assert!(cookies.decide(&service.setup.public_key(), "/podcasts/1", "127.0.0.1").is_allowed());
    let shared = Cookies::set_for(answer, "/open/").statement();
    assert!(shared["Condition"].get("DateGreaterThan").is_none(), "{shared}");
    cookies.statement()["Condition"]["DateGreaterThan"]["AWS:EpochTime"].as_i64().unwrap()
}

#[test]
fn each_session_has_a_tag_of_its_own() {
    let service = Setup::traced().start();
    let entered: Vec<_> = (0..2).map(|_| service.redeem(&Ticket::of("listener-7").sign())).collect();
    let tags: Vec<_> = entered.iter().map(|answer| tag(&service, answer)).collect();
    assert_ne!(tags[0], tags[1], "one listener, two sessions");
    for (answer, expected) in entered.iter().zip(&tags) {
        let session = answer.cookie(crate::support::SESSION_COOKIE).unwrap();
        for _ in 0..2 {
            assert_eq!(tag(&service, &service.renew(session)), *expected, "one session, one tag");
        }
        assert!((1..=1 << 30).contains(expected), "{expected}");
    }
}

/// HMAC-SHA256 by another program than ours.
fn openssl_tag(kind: &str, name: &str) -> i64 {
    let script = format!(
        "printf 'edgemint trace {kind}\\0%s' \"$1\" | openssl dgst -sha256 -hmac \"$2\" | sed 's/.*= //' | cut -c1-8"
    );
    let digits = run(Command::new("sh").args(["-c", &script, "sh", name, AUDIT_KEY]));
    (i64::from_str_radix(digits.trim(), 16).unwrap() >> 2) + 1
}

#[test]
fn tags_are_those_of_openssl() {
    needs!("openssl");
    let service = Setup::traced().start();
    let answer = service.redeem(&Ticket::of("listener-7").sign());
    let line = service.log_line(&answer);
    let session = line["session"].as_str().unwrap();
    let expected = openssl_tag("session", session);
    assert_eq!(tag(&service, &answer), expected);
    assert_eq!(line["trace_tag"], expected);

    // The back end's sessions are told by the name that it gives, or else by the listener.
    let tag_of = |body: Value| {
        let minted = service.mint(&body);
        assert_eq!(minted.status, 200, "{body}");
        let statement = Cookies::of_json(&minted.json()["grants"][0]).statement();
        statement["Condition"]["DateGreaterThan"]["AWS:EpochTime"].as_i64().unwrap()
    };
    let named = tag_of(json!({"grants": ["podcasts"], "subject": "listener-7", "sid": "session-7"}));
    // printf session-7 | openssl dgst -sha256 -binary | head -c 16 | basenc --base64url
    assert_eq!(named, openssl_tag("session", "zvi85UnNwFDLPaMPVnJCaw"));
    let unnamed = tag_of(json!({"grants": ["podcasts"], "subject": "listener-7"}));
    assert_eq!(unnamed, openssl_tag("subject", "listener-7"));
    let by_sid = service.redeem(&Ticket::of("listener-8").with("sid", "session-7").sign());
    assert_eq!(tag(&service, &by_sid), named, "the same session, by ticket");
}

#[test]
fn nobody_is_not_traced() {
    let service = Setup::traced().start();
    for body in [json!({"grants": ["podcasts"]}), json!({"grants": ["podcasts"], "subject": ""})] {
        service.mint(&body).assert_refusal(403, "no_grant", &body.to_string());
    }
    for sid in [String::new(), "s".repeat(257)] {
        let body = json!({"grants": ["podcasts"], "subject": "u", "sid": sid});
        service.mint(&body).assert_refusal(400, "body_refused", &body.to_string());
    }
    for subject in ["a\nb".to_owned(), "a\0".to_owned(), "u".repeat(257)] {
        let body = json!({"grants": ["open"], "subject": subject});
        service.mint(&body).assert_refusal(400, "body_refused", &body.to_string());
    }
}

#[test]
fn rsa_over_sha1_signs_no_traced_grant() {
    let key = ["--algorithm", "rsa-2048", "--key-pair-id", "KTEST"];
    let setup = Setup::with_key(&key).grants(TRACED_GRANT).audited("");
    let output = setup.serve().output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the grant \"podcasts\" is signed for each listener"), "{said}");
    assert!(said.contains("use an ECDSA key, or set the key's hash to sha256"), "{said}");
}
