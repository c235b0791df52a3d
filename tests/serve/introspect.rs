//! The app is asked who is asking: an app that says yes, that says no, and that says nothing that can be used.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, MARKER, Reply, SAME_SITE, Service, Setup, Upstream, now, post, wait_for};

/// `[introspect]` that asks `upstream` with two cookies, and with more lines.
pub fn asking(upstream: &Upstream, lines: &str) -> Setup {
    let section = format!(
        "[introspect]\nurl = \"{}\"\ncookies = [\"session\", \"second\"]\nsubject = \"/user/id\"\nactive = \"/active\"\n\
         session = \"/session\"\nuntil = \"/until\"\nclaims = {{ show = \"/user/plan\" }}\n{lines}\n",
        upstream.url("/api/session?v=1"),
    );
    Setup::new().without_tickets().section(section.leak())
}

fn renew(service: &Service, headers: &str) -> Answer {
    service.ask(post("/renew", &format!("{SAME_SITE}{headers}"), ""))
}

fn cookie(value: &str) -> String {
    format!("Cookie: session={value}\r\n")
}

pub fn yes() -> Reply {
    Reply::json(json!({"active": true, "user": {"id": 4217, "plan": "gold"}, "session": "s-1"}))
}

fn assert_unavailable(service: &Service, answer: &Answer, what: &str) {
    service.assert_refused(answer, 503, "session_provider_unavailable", what);
    assert_eq!(answer.header("retry-after"), Some("1"), "{what}");
}

#[test]
fn a_yes_names_the_listener_and_nothing_but_the_credential_is_forwarded() {
    let upstream = Upstream::saying(yes());
    let service = asking(&upstream, "").start();
    let headers = "Cookie: a=1; session=abc; __Host-edgemint=x; CloudFront-Policy=y\r\nCookie: second=2; b=3\r\n\
                   Authorization: Bearer mine\r\nX-Forwarded-For: 192.0.2.7\r\nUser-Agent: browser\r\nAccept-Language: de\r\n";
    let answer = renew(&service, headers);
    assert_eq!(answer.status, 200, "{}", service.log_line(&answer));
    let told = answer.json();
    let resources: Vec<_> =
        told["grants"].as_array().unwrap().iter().map(|grant| &grant["resource"]).collect();
    let expected = ["podcasts/*", "downloads/4217/*", "shows/gold/*", "near/*"];
    assert_eq!(resources, expected.map(|path| format!("https://cdn.example.com/{path}")).each_ref());
    assert_eq!(told["session_ends_at"], json!(null), "the app does not tell");
    let [request] = &upstream.requests()[..] else { panic!("{:?}", upstream.requests()) };
    let mut lines: Vec<&str> = request.trim_end().split("\r\n").collect();
    assert_eq!(lines.remove(0), "GET /api/session?v=1 HTTP/1.1");
    lines.retain(|line| !line.starts_with("host: "));
    lines.sort_unstable();
    let agent = concat!("user-agent: edgemint/", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines, ["accept: application/json", "cookie: session=abc; second=2", agent]);
}

#[test]
fn a_header_is_forwarded_by_post_where_that_is_configured() {
    let upstream = Upstream::saying(yes());
    let section = format!(
        "[introspect]\nurl = \"{}\"\nmethod = \"POST\"\nheader = \"Authorization\"\nsubject = \"/user/id\"\n",
        upstream.url("/introspect"),
    );
    let service = Setup::new().shared_only().without_tickets().section(section.leak()).start();
    assert_eq!(renew(&service, "Cookie: session=abc\r\nAuthorization: Bearer t\r\n").status, 200);
    let request = upstream.requests().remove(0);
    assert!(request.starts_with("POST /introspect HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nauthorization: Bearer t\r\n") && !request.contains("cookie"), "{request}");
    service.assert_refused(&renew(&service, &cookie("abc")), 401, "session_refused", "no header");
    let twice = "Authorization: Bearer t\r\nAuthorization: Bearer t\r\n";
    service.assert_refused(&renew(&service, twice), 401, "session_refused", "two headers");
    assert_eq!(upstream.count(), 1);
}

#[test]
fn a_no_is_a_refusal_and_all_of_them_are_alike() {
    let upstream = Upstream::saying(yes());
    let service = asking(&upstream, "").start();
    let nobody = renew(&service, "");
    service.assert_refused(&nobody, 401, "session_refused", "no cookie");
    for headers in [
        "Cookie: other=1\r\n".to_owned(),
        "Cookie: session=\r\n".to_owned(),
        "Cookie: session=a; session=b\r\n".to_owned(),
        "Cookie: session=a; second=b; second=b\r\n".to_owned(),
        "Cookie: session=a\tb\r\n".to_owned(),
        format!("Cookie: session={}\r\n", "x".repeat(9000)),
    ] {
        let answer = renew(&service, &headers);
        service.assert_refused(&answer, 401, "session_refused", &headers);
        assert_eq!(answer.constant_part(), nobody.constant_part(), "{headers}");
    }
    assert_eq!(upstream.count(), 0, "nobody was asked about what cannot be forwarded");
    let user = json!({"id": "u-1"});
    for (number, (reply, reason)) in [
        (Reply::new("401 Unauthorized", "", ""), "not_active"),
        (Reply::new("403 Forbidden", "", ""), "not_active"),
        (Reply::new("404 Not Found", "", ""), "not_active"),
        (Reply::json("null"), "no_subject"),
        (Reply::json("{}"), "not_logged_in"),
        (Reply::json(json!({"active": false, "user": user})), "not_logged_in"),
        (Reply::json(json!({"active": "yes", "user": user})), "not_logged_in"),
        (Reply::json(json!({"user": user})), "not_logged_in"),
        (Reply::json(json!({"active": true})), "no_subject"),
        (Reply::json(json!({"active": true, "user": {"id": null}})), "no_subject"),
        (Reply::json(json!({"active": true, "user": {"id": ""}})), "malformed_subject"),
        (Reply::json(json!({"active": true, "user": {"id": "a\nb"}})), "malformed_subject"),
        (Reply::json(json!({"active": true, "user": {"id": ["u-1"]}})), "malformed_subject"),
        (Reply::json(json!({"active": true, "user": user, "until": now() - 1})), "expired"),
        (Reply::json(json!({"active": true, "user": user, "until": "soon"})), "malformed_expiry"),
        (Reply::json(json!({"active": true, "user": user, "session": ["s"]})), "malformed_session"),
    ]
    .into_iter()
    .enumerate()
    {
        upstream.say(reply);
        let answer = renew(&service, &cookie(&format!("{MARKER}{number}")));
        service.assert_refused(&answer, 401, "session_refused", reason);
        assert_eq!(answer.constant_part(), nobody.constant_part(), "{reason}: all refusals are one answer");
        let told = &service.log_line(&answer)["reason"];
        assert_eq!(told, &json!(format!("session refused: the credential was refused: {reason}")));
    }
    upstream.say(yes());
    assert_eq!(renew(&service, &cookie("good")).status, 200);
}

#[test]
fn an_app_that_cannot_tell_is_never_a_yes() {
    let elsewhere = Upstream::saying(yes());
    let login = format!("Location: {}\r\n", elsewhere.url("/login"));
    let upstream = Upstream::saying(yes());
    let service = asking(&upstream, "").start();
    let huge = json!({"active": true, "user": {"id": 1}, "x": "x".repeat(64 * 1024)});
    for (number, (reply, reason)) in [
        (Reply::new("500 Internal Server Error", "", ""), "it answered 500"),
        (Reply::new("429 Too Many Requests", "", ""), "it answered 429"),
        (Reply::new("400 Bad Request", "", ""), "it answered 400"),
        (Reply::new("204 No Content", "", ""), "it answered 204"),
        (Reply::new("302 Found", &login, ""), "it redirects elsewhere (302)"),
        (Reply::new("308 Permanent Redirect", &login, ""), "it redirects elsewhere (308)"),
        (Reply::json("<html>"), "not what it should be"),
        (Reply::json(""), "not what it should be"),
        (Reply::json("true"), "not what it should be"),
        (Reply::json("[]"), "not what it should be"),
        (Reply::json("{\"active\":false,\"active\":true,\"user\":{\"id\":1}}"), "not what it should be"),
        (Reply::json(huge), "more than 65536 bytes"),
        (
            Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"active\":true".to_vec()),
            "cannot be reached",
        ),
        (Reply::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec()), "cannot be reached"),
        (Reply::Bytes(Vec::new()), "cannot be reached"),
        (Reply::Never, "it did not answer in full within 2 s"),
    ]
    .into_iter()
    .enumerate()
    {
        upstream.say(reply);
        let began = Instant::now();
        let answer = renew(&service, &cookie(&format!("{MARKER}{number}")));
        assert_unavailable(&service, &answer, reason);
        assert!(began.elapsed() < Duration::from_secs(6), "{reason}: {:?}", began.elapsed());
        let told = service.log_line(&answer)["reason"].as_str().unwrap().to_owned();
        assert!(told.contains(reason), "{told}, wanted {reason}");
    }
    assert_eq!(elsewhere.count(), 0, "a redirect was followed");
    upstream.say(yes());
    assert_eq!(renew(&service, &cookie("good")).status, 200);
    drop(upstream);
    wait_for("nobody to listen", || renew(&service, &cookie("another")).status == 503);
}

#[test]
fn a_proxy_of_the_environment_is_told_nothing() {
    let (upstream, proxy) = (Upstream::saying(yes()), Upstream::saying(yes()));
    let setup = asking(&upstream, "");
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = setup.serve();
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"] {
        command.env(name, proxy.url("/"));
    }
    command.env_remove("no_proxy").env_remove("NO_PROXY").stderr(log.reopen().unwrap());
    let service = Service::spawn(setup, command, log);
    assert_eq!(renew(&service, &cookie("a")).status, 200);
    assert_eq!((upstream.count(), proxy.count()), (1, 0));
}

#[test]
fn a_yes_is_remembered_for_a_moment_and_nothing_else_is() {
    let upstream = Upstream::saying(Reply::new("401 Unauthorized", "", ""));
    let service = asking(&upstream, "cache = \"60s\"").start();
    for count in 1..=3 {
        assert_eq!(renew(&service, &cookie("a")).status, 401);
        assert_eq!(upstream.count(), count, "a no is asked again");
    }
    upstream.say(Reply::new("500 Internal Server Error", "", ""));
    assert_eq!(renew(&service, &cookie("a")).status, 503);
    upstream.say(yes());
    for _ in 0..3 {
        assert_eq!(renew(&service, &cookie("a")).status, 200);
    }
    assert_eq!(upstream.count(), 5, "a yes is not");
    upstream.say(Reply::new("401 Unauthorized", "", ""));
    service.assert_refused(&renew(&service, &cookie("b")), 401, "session_refused", "another credential");
    let both = "Cookie: session=a; second=b\r\n";
    service.assert_refused(&renew(&service, both), 401, "session_refused", "with one more cookie");
    assert_eq!(renew(&service, &cookie("a")).status, 200, "remembered");
}

#[test]
fn nothing_is_remembered_where_that_is_configured() {
    let upstream = Upstream::saying(yes());
    let service = asking(&upstream, "cache = \"0s\"").start();
    for count in 1..=3 {
        assert_eq!(renew(&service, &cookie("a")).status, 200);
        assert_eq!(upstream.count(), count);
    }
    upstream.say(Reply::new("401 Unauthorized", "", ""));
    service.assert_refused(&renew(&service, &cookie("a")), 401, "session_refused", "logged out");
}

#[test]
fn a_yes_ends_with_the_cache_or_with_the_session() {
    let upstream = Upstream::saying(yes());
    let service = asking(&upstream, "cache = \"1s\"").start();
    assert_eq!(renew(&service, &cookie("a")).status, 200);
    upstream.say(Reply::new("401 Unauthorized", "", ""));
    wait_for("the end of the cache", || renew(&service, &cookie("a")).status == 401);

    let until = now() + 3;
    let upstream = Upstream::saying(Reply::json(json!({"active": true, "user": {"id": 1}, "until": until})));
    let service = asking(&upstream, "cache = \"60s\"").start();
    let answer = renew(&service, &cookie("a"));
    assert_eq!((answer.status, &answer.json()["session_ends_at"]), (200, &json!(until)));
    wait_for("the end of the session", || renew(&service, &cookie("a")).status == 401);
    assert!(now() >= until, "{} before {until}", now());
}

#[test]
fn those_who_present_the_same_wait_for_one_answer() {
    for cache in ["cache = \"5s\"", "cache = \"0s\""] {
        let upstream = Upstream::saying(yes().late(Duration::from_millis(800)));
        let service = asking(&upstream, cache).start();
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| assert_eq!(renew(&service, &cookie("a")).status, 200));
            }
        });
        assert_eq!(upstream.count(), 1, "{cache}");
    }
}

#[test]
fn an_app_that_is_slow_is_not_asked_by_everybody_at_once() {
    let upstream = Upstream::saying(yes().late(Duration::from_millis(1500)));
    let service = asking(&upstream, "max_requests = 2").start();
    thread::scope(|scope| {
        for name in ["a", "b"] {
            let service = &service;
            scope.spawn(move || assert_eq!(renew(service, &cookie(name)).status, 200));
        }
        upstream.wait_for_requests(2);
        let began = Instant::now();
        let answer = renew(&service, &cookie("c"));
        assert_unavailable(&service, &answer, "one more");
        assert!(began.elapsed() < Duration::from_secs(1), "it is told at once: {:?}", began.elapsed());
    });
    assert_eq!(upstream.count(), 2);
    assert_eq!(renew(&service, &cookie("c")).status, 200, "there is a place again");
}

#[test]
fn an_app_that_never_answers_costs_the_time_of_a_request() {
    let upstream = Upstream::saying(Reply::Never);
    let service = asking(&upstream, "").server("request_timeout = \"300ms\"").start();
    let enter = format!("GET /enter HTTP/1.1\r\nHost: listen.example.com\r\n{}\r\n", cookie("abc"));
    let status =
        format!("GET /status HTTP/1.1\r\nHost: listen.example.com\r\n{SAME_SITE}{}\r\n", cookie("abc"));
    let renew = post("/renew", &format!("{SAME_SITE}{}", cookie("abc")), "");
    for request in [enter, status, renew] {
        let started = Instant::now();
        let answer = service.ask(&request);
        assert_unavailable(&service, &answer, &request);
        // Of itself, asking the app takes 2 s.
        assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
        assert_eq!(service.log_line(&answer)["reason"], "the session provider took too long");
    }
    upstream.say(yes());
    // What is under way is waited for by everybody who presents the same.
    assert_eq!(self::renew(&service, &cookie("another")).status, 200);
}
