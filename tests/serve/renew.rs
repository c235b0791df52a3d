use serde_json::{Value, json};

use crate::support::{
    API_KEY, Client, Cookies, MARKER, SAME_SITE, SESSION_COOKIE, SESSION_SECRET, Setup, content, exchange,
    now, post, seal, wait_for,
};

#[test]
fn a_session_is_renewed_again_and_again() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    let public_key = service.setup.public_key();
    for _ in 0..3 {
        let answer = service.renew(&session);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let cookies = Cookies::set_for(&answer, "/podcasts/");
        assert!(cookies.decide(&public_key, "/podcasts/7.mp3", "127.0.0.1").is_allowed());
        let told = answer.json();
        assert!((now() - told["now"].as_i64().unwrap()).abs() <= 20, "{told}");
        let grant = &told["grants"][0];
        assert_eq!(grant["name"], "podcasts");
        assert_eq!(grant["resource"], "https://cdn.example.com/podcasts/*");
        assert_eq!(grant["expires_at"], cookies.statement()["Condition"]["DateLessThan"]["AWS:EpochTime"]);
        assert_eq!(grant["renew_at"], grant["expires_at"].as_i64().unwrap() - 100, "a third of 5m before");
        let members: Vec<_> = grant.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["expires_at", "name", "renew_at", "resource"], "nothing secret");
        // While the session is a minute old or less its cookie stays as it is.
        assert_eq!(answer.cookie(SESSION_COOKIE), None);
        let ends = told["session_ends_at"].as_i64().unwrap();
        assert!((7180..=7200).contains(&(ends - now())), "the idle time is 2h: {told}");
    }
}

#[test]
fn grants_of_one_listener_are_made_for_that_listener() {
    let service = Setup::new().sessions(&[SESSION_SECRET], "").start();
    let public_key = service.setup.public_key();
    let mut held = content(600, 300);
    held["claims"] = json!({"show": "evening-news"});
    for (subject, path) in
        [("listener-7", "/downloads/listener-7/a"), ("listener-8", "/downloads/listener-8/a")]
    {
        held["sub"] = subject.into();
        let answer = service.renew(&seal(&held));
        let opens = |folder: &str, path: &str, address: &str| {
            Cookies::set_for(&answer, folder).decide(&public_key, path, address).is_allowed()
        };
        assert!(opens("/downloads/", path, "127.0.0.1"));
        assert!(!opens("/downloads/", &path.replace("listener-", "listener-1"), "127.0.0.1"));
        assert!(opens("/shows/", "/shows/evening-news/1.mp3", "127.0.0.1"));
        assert!(
            opens("/near/", "/near/1.mp3", "127.0.0.1") && !opens("/near/", "/near/1.mp3", "203.0.113.7")
        );
    }
    // A grant that cannot be filled in is left out, and the others are not.
    held["claims"] = json!({"show": "a/*"});
    let answer = service.renew(&seal(&held)).json();
    let names: Vec<&Value> =
        answer["grants"].as_array().unwrap().iter().map(|grant| &grant["name"]).collect();
    assert_eq!(names, ["podcasts", "downloads", "near"]);
}

#[test]
fn without_a_key_the_listener_is_told_to_come_back() {
    let setup = Setup::with_key(&["--algorithm", "ecdsa-p256"]);
    let service = setup.sessions(&[SESSION_SECRET], "").start();
    let session = seal(&content(10, 5));
    for answer in [service.renew(&session), service.status(&session)] {
        answer.assert_refusal(503, "no_active_key", "nothing to sign with");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://www.example.com"));
    }
    assert_eq!(service.leave(&session).status, 204, "leaving needs no key");
    service.renew(&session).assert_refusal(401, "session_refused", "it was left");
}

#[test]
fn more_listeners_than_signatures_are_told_to_come_back() {
    let rsa = Setup::with_key(&["--algorithm", "rsa-2048", "--hash", "sha256", "--key-pair-id", "KTEST"]);
    let setup = rsa.own_grant_only().section("[mint]\nmax_signatures = 1\n");
    let service = setup.sessions(&[SESSION_SECRET], "").start();
    let cookie = format!("Cookie: {SESSION_COOKIE}={}\r\n", seal(&content(10, 5)));
    let request = post("/renew", &format!("{SAME_SITE}{cookie}"), "");
    let mut busy = 0;
    wait_for("more listeners than signatures", || {
        let mut clients: Vec<Client> = (0..30).map(|_| Client::connect(service.address)).collect();
        clients.iter_mut().for_each(|client| client.send(&request).unwrap());
        for answer in clients.iter_mut().map(Client::answer).filter(|answer| answer.status != 200) {
            busy += 1;
            answer.assert_refusal(503, "busy", "all places are taken");
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(answer.header("access-control-expose-headers"), Some("retry-after, x-request-id"));
        }
        busy > 10
    });
    let mut answer = service.renew(&seal(&content(10, 5)));
    wait_for("a place", || {
        answer = service.renew(&seal(&content(10, 5)));
        answer.status == 200
    });
}

#[test]
fn an_api_key_renews_nothing_and_a_session_mints_nothing() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    let key = format!("Authorization: Bearer {API_KEY}\r\n");
    let answer = service.ask(post("/renew", &format!("{SAME_SITE}{key}"), ""));
    service.assert_refused(&answer, 401, "session_refused", "a back end has no session");
    let cookie = format!("Cookie: {SESSION_COOKIE}={session}\r\n");
    for target in ["/v1/mint", "/v1/revoke"] {
        let answer =
            service.ask(post(target, &format!("{SAME_SITE}{cookie}"), "{\"subject\":\"listener-7\"}"));
        service.assert_refused(&answer, 401, "api_key_refused", target);
    }
    let answer = service.ask(crate::support::get("/enter").replacen("Host", &format!("{cookie}Host"), 1));
    service.assert_refused(&answer, 401, "ticket_refused", "entering takes a ticket");
}

#[test]
fn a_body_that_is_late_or_large_is_refused() {
    let service = Setup::with_sessions().server("request_timeout = \"300ms\"").start();
    let cookie = format!("Cookie: {SESSION_COOKIE}={}\r\n", service.session());
    for target in ["/renew", "/leave"] {
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\n{SAME_SITE}{cookie}");
        let late = exchange(service.address, format!("{head}Content-Length: 100\r\n\r\n{{"));
        service.assert_refused(&late, 408, "request_timeout", target);
        let declared = exchange(service.address, format!("{head}Content-Length: 100000\r\n\r\n{MARKER}"));
        service.assert_refused(&declared, 413, "body_too_large", target);
        for answer in [late, declared] {
            assert_eq!(answer.header("access-control-allow-origin"), Some("https://www.example.com"));
        }
    }
}
