use serde_json::{Value, json};

use crate::support::{
    API_KEY, Answer, MARKER, SESSION_SECRET, Service, Setup, Ticket, content, now, post, seal, unseal,
    wait_for,
};

fn revoke(service: &Service, body: &Value) -> Answer {
    let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    service.ask(post("/v1/revoke", &headers, &body.to_string()))
}

/// Waits for the next second: what begins within the second of a revocation counts as before it.
fn next_second(after: i64) {
    wait_for("the next second", || now() > after);
}

#[test]
fn a_listener_is_shut_out_everywhere_and_let_in_again_after_signing_in() {
    let service = Setup::new().sessions(&[SESSION_SECRET], "").start();
    let sessions = [service.session(), service.session()];
    let other = service.session_of(&Ticket::of("listener-8"));
    let before = Ticket::of("listener-7").sign();

    let asked = now();
    let answer = revoke(&service, &json!({"subject": "listener-7"}));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let from = answer.json()["refused_from"].as_i64().unwrap();
    assert!((asked..=now()).contains(&from));
    // Five minutes and a step of one.
    assert_eq!(answer.json(), json!({"refused_from": from, "cookies_end_by": from + 360}));

    for session in &sessions {
        for refused in [service.renew(session), service.status(session)] {
            service.assert_refused(&refused, 401, "session_refused", "revoked");
            assert_eq!(service.log_line(&refused)["reason"], "session refused: revoked");
        }
    }
    for _ in 0..2 {
        service.assert_refused(&service.redeem(&before), 401, "ticket_refused", "a ticket from before");
    }
    assert_eq!(service.renew(&other).status, 200, "somebody else");
    next_second(from);
    let after = service.session();
    assert_eq!(service.renew(&after).status, 200, "signed in again");
    service.assert_refused(
        &service.renew(&sessions[0]),
        401,
        "session_refused",
        "the old one stays shut out",
    );
}

#[test]
fn one_session_is_shut_out_by_the_name_that_the_app_gave_it() {
    let service = Setup::with_sessions().start();
    let named = |name: &str| Ticket::of("listener-7").with("sid", name);
    let (seven, eight) = (service.session_of(&named("s-7")), service.session_of(&named("s-8")));
    let before = named("s-7").sign();
    let answer = revoke(&service, &json!({"sid": "s-7"}));
    assert_eq!(answer.status, 200);
    service.assert_refused(&service.renew(&seven), 401, "session_refused", "the one");
    service.assert_refused(&service.redeem(&before), 401, "ticket_refused", "a ticket for it");
    assert_eq!(service.renew(&eight).status, 200, "the other");
    next_second(answer.json()["refused_from"].as_i64().unwrap());
    assert_eq!(service.renew(&service.session_of(&named("s-7"))).status, 200, "the same name again");
}

#[test]
fn one_session_is_shut_out_by_the_id_that_is_shown() {
    let service = Setup::with_sessions().start();
    let (one, other) = (service.session(), service.session());
    let id = unseal(SESSION_SECRET, &one)["id"].clone();
    assert_eq!(revoke(&service, &json!({"session": id})).status, 200);
    service.assert_refused(&service.renew(&one), 401, "session_refused", "the one");
    assert_eq!(service.renew(&other).status, 200);
    // `sid` is a name, of which the id is a hash.
    let named = service.session_of(&Ticket::of("listener-7").with("sid", "session-7"));
    assert_eq!(revoke(&service, &json!({"session": "zvi85UnNwFDLPaMPVnJCaw"})).status, 200);
    service.assert_refused(&service.renew(&named), 401, "session_refused", "the id of session-7");
}

#[test]
fn a_revocation_of_the_past_reaches_what_began_before_it_and_nothing_else() {
    let service = Setup::with_sessions().start();
    let old = seal(&content(60, 5));
    let answer = revoke(&service, &json!({"subject": "listener-7"}));
    let from = answer.json()["refused_from"].as_i64().unwrap();
    service.assert_refused(&service.renew(&old), 401, "session_refused", "began before");
    let begun = |at: i64| {
        let mut content = content(0, 0);
        content["start"] = at.into();
        service.renew(&seal(&content)).status
    };
    assert_eq!((begun(from - 1), begun(from), begun(from + 1)), (401, 401, 200));
}

#[test]
fn nobody_without_a_key_shuts_anybody_out() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    let body = json!({"subject": "listener-7"}).to_string();
    let json = "Content-Type: application/json\r\n";
    for headers in [
        String::new(),
        format!("Authorization: Bearer {MARKER}\r\n"),
        "Authorization: Bearer\r\n".to_owned(),
        format!("Authorization: Basic {API_KEY}\r\n"),
        format!("Authorization: Bearer {}\r\n", &API_KEY[1..]),
        format!("Authorization: Bearer {API_KEY}\r\n").repeat(2),
        format!("Cookie: __Host-edgemint={session}\r\nOrigin: https://www.example.com\r\n"),
    ] {
        let answer = service.ask(post("/v1/revoke", &format!("{headers}{json}"), &body));
        service.assert_refused(&answer, 401, "api_key_refused", &headers);
    }
    let key = format!("Authorization: Bearer {API_KEY}\r\n");
    let answer = service.ask(post("/v1/revoke", &key, &body));
    service.assert_refused(&answer, 415, "content_type_refused", "undeclared");
    let answer = service.ask(post("/v1/revoke", &key, &body).replacen("POST", "PUT", 1));
    service.assert_refused(&answer, 405, "method_not_allowed", "another method");
    assert_eq!(service.renew(&session).status, 200, "nobody was");
}

#[test]
fn exactly_one_is_named() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    for body in [
        json!({}),
        json!([]),
        json!("listener-7"),
        json!({"subject": null}),
        json!({"subject": ""}),
        json!({"subject": 7}),
        json!({"subject": ["listener-7"]}),
        json!({"subject": "a\nb"}),
        json!({"subject": "x".repeat(257)}),
        json!({"subject": "listener-7", "sid": "s-7"}),
        json!({"subject": "listener-7", "session": "zvi85UnNwFDLPaMPVnJCaw"}),
        json!({"sid": "s-7", "session": "zvi85UnNwFDLPaMPVnJCaw"}),
        json!({"sid": ""}),
        json!({"sid": "x".repeat(257)}),
        json!({"session": ""}),
        json!({"session": MARKER}),
        json!({"session": "zvi85UnNwFDLPaMPVnJCaw=="}),
        json!({"session": "zvi85UnNwFDLPaMPVnJCa"}),
        json!({"subject": "listener-7", "before": 1}),
        json!({"all": true}),
    ] {
        let answer = revoke(&service, &body);
        service.assert_refused(&answer, 400, "body_refused", &body.to_string());
    }
    let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    let twice = "{\"subject\":\"listener-7\",\"subject\":\"listener-8\"}";
    let answer = service.ask(post("/v1/revoke", &headers, twice));
    service.assert_refused(&answer, 400, "body_refused", twice);
    assert_eq!(service.renew(&session).status, 200, "nobody was shut out");
    assert_eq!(revoke(&service, &json!({"subject": MARKER})).status, 200);
    assert!(!service.log().contains(MARKER), "{}", service.log());
}

#[test]
fn what_is_remembered_of_many_is_bounded() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    let mut client = crate::support::Client::connect(service.address);
    let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    let mut shut_out = |number: usize| {
        let body = json!({"subject": format!("listener {number} of many")}).to_string();
        client.send(post("/v1/revoke", &headers, &body)).unwrap();
        assert_eq!(client.answer().status, 200);
    };
    shut_out(0);
    let before = service.resident();
    (0..5000).for_each(&mut shut_out);
    let taken = service.resident().saturating_sub(before);
    // By its documentation 140 bytes each, and what an allocator keeps.
    assert!(taken < 4 << 20, "{taken} bytes for 5000");
    (0..5000).for_each(&mut shut_out);
    let again = service.resident().saturating_sub(before);
    assert!(again < 4 << 20, "{again} bytes for the same again");
    assert_eq!(service.renew(&session).status, 200);
}
