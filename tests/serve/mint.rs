use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::support::{API_KEY, Client, Cookies, MARKER, Service, Setup, exchange, now, post};

const JSON: &str = "Content-Type: application/json\r\n";

fn authorised() -> String {
    format!("Authorization: Bearer {API_KEY}\r\n{JSON}")
}

#[test]
fn every_kind_of_grant_is_minted_in_the_order_asked_for() {
    let service = Setup::new().start();
    let answer = service.mint(&json!({
        "grants": ["near", "podcasts", "shows", "downloads"],
        "subject": "listener-7", "claims": {"show": "evening-news"}, "address": "203.0.113.7",
    }));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.all("set-cookie").count(), 0, "the cookies are for the caller to set");
    let public_key = service.setup.public_key();
    let minted = answer.json();
    assert_eq!(minted["grants"].as_array().unwrap().len(), 4);
    for (index, (name, resource, inside, outside)) in [
        ("near", "/near/*", "/near/1", "/nearby"),
        ("podcasts", "/podcasts/*", "/podcasts/1", "/podcast"),
        ("shows", "/shows/evening-news/*", "/shows/evening-news/1", "/shows/morning-news/1"),
        ("downloads", "/downloads/listener-7/*", "/downloads/listener-7/1", "/downloads/listener-77/1"),
    ]
    .into_iter()
    .enumerate()
    {
        let grant = &minted["grants"][index];
        assert_eq!(grant["name"], name);
        assert_eq!(grant["resource"], format!("https://cdn.example.com{resource}"));
        let expires = grant["expires_at"].as_i64().unwrap();
        assert!(expires % 60 == 0 && (now() + 290..=now() + 360).contains(&expires), "{expires}");
        assert_eq!(grant["renew_at"], expires - 100);
        let cookies = Cookies::of_json(grant);
        assert_eq!(cookies.statement()["Condition"]["DateLessThan"]["AWS:EpochTime"], expires);
        assert!(cookies.decide(&public_key, inside, "203.0.113.7").is_allowed(), "{name}");
        assert!(!cookies.decide(&public_key, outside, "203.0.113.7").is_allowed(), "{name}");
        let elsewhere = cookies.decide(&public_key, inside, "203.0.113.8");
        assert_eq!(elsewhere.is_allowed(), name != "near", "{name} from elsewhere");
        for (set, value) in grant["set_cookie"].as_array().unwrap().iter().zip(0..) {
            assert!(set.as_str().unwrap().contains("; Domain=example.com"), "{value}");
        }
    }
}

#[test]
fn the_callers_own_address_binds_nothing() {
    let service = Setup::new().server("trusted_proxies = [\"127.0.0.1\"]").start();
    let body = json!({"grants": ["near"]}).to_string();
    let headers = format!("{}X-Forwarded-For: 203.0.113.7\r\n", authorised());
    let answer = service.ask(post("/v1/mint", &headers, &body));
    service.assert_refused(&answer, 403, "no_grant", "no address in the body");
    let canonical = service.mint(&json!({"grants": ["near"], "address": "::ffff:203.0.113.7"}));
    let statement = Cookies::of_json(&canonical.json()["grants"][0]).statement();
    assert_eq!(statement["Condition"]["IpAddress"]["AWS:SourceIp"], "203.0.113.7/32");
}

#[test]
fn whoever_has_no_key_gets_one_answer() {
    let service = Setup::new().start();
    let body = json!({"grants": ["podcasts"]}).to_string();
    let almost = format!("{}!", &API_KEY[..API_KEY.len() - 1]);
    let headers = [
        String::new(),
        "Authorization:\r\n".to_owned(),
        "Authorization: Bearer\r\n".to_owned(),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: {API_KEY}\r\n"),
        format!("Authorization: Bearer {almost}\r\n"),
        format!("Authorization: Bearer {MARKER}{API_KEY}\r\n"),
        format!("Authorization: Bearer {API_KEY}{MARKER}\r\n"),
        format!("Authorization: Bearer {MARKER} {API_KEY}\r\n"),
        format!("Authorization: Bearer {}\r\n", API_KEY.to_uppercase()),
        format!("Authorization: Basic {API_KEY}\r\n"),
        "Authorization: Basic OmszeQ==\r\n".to_owned(),
        format!("Authorization: Bearer {API_KEY}\r\nAuthorization: Bearer {API_KEY}\r\n"),
        format!("Authorization: Bearer {API_KEY}\r\nAuthorization: Bearer {MARKER}\r\n"),
        format!("Authorization: Bearer {API_KEY}, Bearer {API_KEY}\r\n"),
        "Authorization: Bearer \u{e9}\r\n".to_owned(),
        format!("X-Api-Key: {API_KEY}\r\n"),
        format!("Cookie: Authorization={API_KEY}\r\n"),
    ];
    // Right and wrong bodies, so that nobody learns which it was.
    for body in [body.as_str(), MARKER, ""] {
        let expected = service.ask(post("/v1/mint", JSON, body)).constant_part();
        for header in &headers {
            let answer = service.ask(post("/v1/mint", &format!("{header}{JSON}"), body));
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            service.assert_refused(&answer, 401, "api_key_refused", header);
            assert_eq!(answer.constant_part(), expected, "{header}");
        }
    }
    let in_query = service.ask(post(&format!("/v1/mint?key={API_KEY}"), JSON, &body));
    service.assert_refused(&in_query, 401, "api_key_refused", "a key in the query");
    let lower = authorised().replace("Bearer", "bearer");
    assert_eq!(service.ask(post("/v1/mint", &lower, &body)).status, 200, "schemes are of either case");
}

#[test]
fn bodies_that_are_not_declared_as_json_are_refused() {
    let service = Setup::new().start();
    let body = json!({"grants": ["podcasts"]}).to_string();
    for declared in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: application/jsonp\r\n",
        "Content-Type: application/json-seq\r\n",
        "Content-Type: application/problem+json\r\n",
        "Content-Type: text/plain; application/json\r\n",
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
        "Content-Type: application/json\r\nContent-Encoding: identity\r\n",
        "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
        "Content-Type: text/plain\r\nContent-Type: application/json\r\n",
    ] {
        let headers = format!("Authorization: Bearer {API_KEY}\r\n{declared}");
        let answer = service.ask(post("/v1/mint", &headers, &body));
        service.assert_refused(&answer, 415, "content_type_refused", declared);
    }
    for declared in ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"] {
        let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: {declared}\r\n");
        assert_eq!(service.ask(post("/v1/mint", &headers, &body)).status, 200, "{declared}");
    }
}

#[test]
fn bodies_that_are_no_such_json_are_refused() {
    let service = Setup::new().start();
    let deep =
        format!(r#"{{"grants":["podcasts"],"claims":{}1{}}}"#, r#"{"a":"#.repeat(500), "}".repeat(500));
    let hundred =
        json!({"grants": (0..100).map(|index| format!("g{index}")).collect::<Vec<_>>()}).to_string();
    for body in [
        "",
        "M",
        "null",
        "[]",
        "\"podcasts\"",
        "{}",
        r#"{"grants":["podcasts"]"#,
        r#"{"grants":["podcasts"]} M"#,
        r#"{"grants":["podcasts"]}{"grants":["podcasts"]}"#,
        r#"{"grants":["podcasts"],}"#,
        r#"{'grants':['podcasts']}"#,
        r#"{"grants":"podcasts"}"#,
        r#"{"grants":null}"#,
        r#"{"grants":{}}"#,
        r#"{"grants":[]}"#,
        r#"{"grants":[7]}"#,
        r#"{"grants":[null]}"#,
        r#"{"grants":["podcasts","podcasts"]}"#,
        r#"{"grants":["podcasts"],"grants":["podcasts"]}"#,
        r#"{"grants":["M"],"grants":["podcasts"]}"#,
        r#"{"grants":["podcasts"],"\u0067rants":["downloads"],"subject":"x"}"#,
        r#"{"grants":["downloads"],"subject":"a","subject":"b"}"#,
        r#"{"grants":["shows"],"claims":{"show":"a","show":"b"}}"#,
        r#"{"grants":["shows"],"claims":{"show":"a","more":{"x":1,"x":2}}}"#,
        r#"{"grants":["podcasts"],"M":1}"#,
        r#"{"grants":["podcasts"],"resource":"https://cdn.example.com/M/*"}"#,
        r#"{"grants":["podcasts"],"ttl":86400}"#,
        r#"{"grants":["podcasts"],"Subject":"x"}"#,
        r#"{"grants":["downloads"],"subject":7}"#,
        r#"{"grants":["downloads"],"subject":["x"]}"#,
        r#"{"grants":["downloads"],"subject":null}"#,
        r#"{"grants":["shows"],"claims":[]}"#,
        r#"{"grants":["shows"],"claims":"show"}"#,
        r#"{"grants":["near"],"address":"M"}"#,
        r#"{"grants":["near"],"address":"203.0.113.7/24"}"#,
        r#"{"grants":["near"],"address":"203.0.113.7:80"}"#,
        r#"{"grants":["near"],"address":"203.0.113"}"#,
        r#"{"grants":["near"],"address":"0x7f.1"}"#,
        r#"{"grants":["near"],"address":3405803783}"#,
        r#"{"grants":["near"],"address":""}"#,
        "\u{feff}{\"grants\":[\"podcasts\"]}",
        "{\"grants\":[\"podcasts\"],\"subject\":\"\\ud800\"}",
        &deep,
    ] {
        let answer = service.mint_text(&body.replace('M', MARKER));
        service.assert_refused(&answer, 400, "body_refused", body);
    }
    let headers = authorised();
    let mut bytes = post("/v1/mint", &headers, r#"{"grants":["podcasts"],"subject":"XX"}"#).into_bytes();
    let place = bytes.windows(2).rposition(|pair| pair == b"XX").unwrap();
    bytes[place..place + 2].copy_from_slice(b"\xff\xfe");
    service.assert_refused(&service.ask(bytes), 400, "body_refused", "a body that is not UTF-8");
    for body in [
        r#"{"grants":["M"]}"#,
        r#"{"grants":["podcasts","M"]}"#,
        r#"{"grants":["Podcasts"]}"#,
        r#"{"grants":[""]}"#,
        r#"{"grants":["podcasts*"]}"#,
        r#"{"grants":["https://cdn.example.com/*"]}"#,
        &hundred,
    ] {
        let answer = service.mint_text(&body.replace('M', MARKER));
        service.assert_refused(&answer, 422, "unknown_grant", body);
    }
}

#[test]
fn nothing_but_a_plain_name_gets_into_a_resource() {
    let service = Setup::new().start();
    let long = "x".repeat(65);
    for value in [
        "",
        "*",
        "a*",
        "?",
        "a/b",
        "/",
        "..",
        ".",
        "a.b",
        "a\"b",
        "a\\b",
        "a b",
        "a%2fb",
        "a\nb",
        "a\0b",
        "é",
        "a,b",
        "\",\"Condition\":{",
        &long,
    ] {
        let value = match value.is_empty() {
            true => String::new(),
            false => format!("{value}{MARKER}"),
        };
        let subject = json!({"grants": ["downloads"], "subject": value});
        let claim = json!({"grants": ["shows"], "claims": {"show": value}});
        // All or none: a grant that could be given does not come alone.
        let both = json!({"grants": ["podcasts", "downloads"], "subject": value});
        // What is no subject at all is refused as such.
        let is_subject = !value.chars().any(char::is_control);
        let (status, code) = if is_subject { (403, "no_grant") } else { (400, "body_refused") };
        for body in [subject, both] {
            service.assert_refused(&service.mint(&body), status, code, &body.to_string());
        }
        service.assert_refused(&service.mint(&claim), 403, "no_grant", &claim.to_string());
    }
    for claims in
        [json!({}), json!({"Show": "a"}), json!({"show": 7}), json!({"show": ["a"]}), json!({"show": null})]
    {
        let body = json!({"grants": ["shows"], "claims": claims});
        service.assert_refused(&service.mint(&body), 403, "no_grant", &body.to_string());
    }
    let without = json!({"grants": ["downloads"]});
    service.assert_refused(&service.mint(&without), 403, "no_grant", "no subject");
}

#[test]
fn an_ipv6_listener_is_refused_where_the_grant_says_so() {
    let service = Setup::new().start();
    for address in ["2001:db8::1", "::1", "fe80::1", "::203.0.113.7"] {
        let body = json!({"grants": ["near"], "address": address});
        service.assert_refused(&service.mint(&body), 403, "no_grant", address);
    }
}

#[test]
fn bodies_over_the_limit_are_refused_however_they_come() {
    let service = Setup::new().server("max_body = 2048").start();
    let fitting = |length: usize| {
        let body = json!({"grants": ["podcasts"]}).to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    assert_eq!(service.mint_text(&fitting(2048)).status, 200);
    for length in [2049, 8193, 1_000_000] {
        service.assert_refused(&service.mint_text(&fitting(length)), 413, "body_too_large", "a long body");
    }
    // Declared, but never sent.
    let declared = post("/v1/mint", &authorised(), "").replace("Length: 0", "Length: 4000000000");
    service.assert_refused(&service.ask(declared), 413, "body_too_large", "a long declaration");
    let head =
        format!("POST /v1/mint HTTP/1.1\r\nHost: x\r\n{}Transfer-Encoding: chunked\r\n\r\n", authorised());
    let mut client = Client::connect(service.address);
    client.send(&head).unwrap();
    // 1 KiB a chunk, until the service has enough of it.
    let chunk = format!("400\r\n{}\r\n", " ".repeat(1024));
    for _ in 0..3 {
        client.send(&chunk).unwrap();
    }
    let answer = client.answer();
    service.assert_refused(&answer, 413, "body_too_large", "chunks");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.is_ended(), "what is still to come must not be read as a request");
    let body = fitting(100);
    let chunked = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    assert_eq!(exchange(service.address, chunked).status, 200, "chunks within the limit");
}

#[test]
fn bodies_that_break_off_are_refused() {
    let service = Setup::new().start();
    let whole = post("/v1/mint", &authorised(), &json!({"grants": ["podcasts"]}).to_string());
    let mut client = Client::connect(service.address);
    client.send(&whole[..whole.len() - 1]).unwrap();
    client.stream().shutdown(std::net::Shutdown::Write).unwrap();
    service.assert_refused(&client.answer(), 400, "body_incomplete", "a body without its end");
    let head =
        format!("POST /v1/mint HTTP/1.1\r\nHost: x\r\n{}Transfer-Encoding: chunked\r\n\r\n", authorised());
    let garbled = exchange(service.address, format!("{head}zz\r\n{MARKER}\r\n0\r\n\r\n"));
    service.assert_refused(&garbled, 400, "body_incomplete", "chunks without a size");
}

/// A signature is made where the request is answered, without a pause, so as many are made at one time as there
/// are workers: only a bound below that is ever met.
#[test]
fn more_signatures_than_allowed_are_told_to_come_back() {
    let key = ["--algorithm", "rsa-2048", "--hash", "sha256", "--key-pair-id", "KTEST"];
    let setup = Setup::with_key(&key).server("workers = 4").section("[mint]\nmax_signatures = 1\n");
    let service = setup.start();
    let body = json!({"grants": ["downloads"], "subject": "listener-7"});
    let (busy, minted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let started = std::time::Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while busy.load(Ordering::Relaxed) == 0 && started.elapsed().as_secs() < 15 {
                    let answer = service.mint(&body);
                    match answer.status {
                        200 => minted.fetch_add(1, Ordering::Relaxed),
                        _ => {
                            assert_eq!(answer.header("retry-after"), Some("1"));
                            answer.assert_refusal(503, "busy", "more than allowed");
                            busy.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                }
            });
        }
    });
    assert!(busy.into_inner() > 0, "{} were minted and none told to come back", minted.into_inner());
    assert_eq!(service.mint(&body).status, 200);
}

#[test]
fn answers_of_the_api_are_refused_to_other_methods() {
    let service = Setup::new().start();
    let body = json!({"grants": ["podcasts"]}).to_string();
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", MARKER] {
        let request = post("/v1/mint", &authorised(), &body).replacen("POST", method, 1);
        let answer = service.ask(request);
        assert_eq!(answer.header("allow"), Some("POST"));
        service.assert_refused(&answer, 405, "method_not_allowed", method);
    }
}

#[test]
fn equal_grants_share_one_signature_and_bound_ones_do_not() {
    let service = Setup::new().start();
    let signature = |service: &Service, body: &Value| {
        let answer = service.mint(body).json();
        let expires = answer["grants"][0]["expires_at"].as_i64().unwrap();
        (expires, answer["grants"][0]["cookies"]["CloudFront-Signature"].clone())
    };
    // A step may end between two, so the same expiry is waited for.
    for (body, shared) in [
        (json!({"grants": ["podcasts"]}), true),
        (json!({"grants": ["downloads"], "subject": "listener-7"}), false),
    ] {
        let pair = std::iter::repeat_with(|| (signature(&service, &body), signature(&service, &body)));
        let (one, other) = pair.take(3).find(|(one, other)| one.0 == other.0).unwrap();
        assert_eq!(one.1 == other.1, shared, "{body}");
    }
}
