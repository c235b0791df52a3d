//! What fails is logged once for each request, where it is answered, with everything that led to it.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::programs::needs;
use crate::support::{
    Answer, MARKER, REDIS_PASSWORD, Reply, SAME_SITE, Service, Setup, Ticket, Upstream, locked_redis, post,
    wait_for,
};

impl Service {
    /// The only line about a request, of all levels.
    fn only_line(&self, answer: &Answer) -> Value {
        let id = answer.header("x-request-id").unwrap();
        self.log_with(id);
        // A line that were still to come would stand before this one's.
        let later = self.mint(&json!({"grants": ["podcasts"]}));
        let log = self.log_with(later.header("x-request-id").unwrap());
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(id)).collect();
        let [line] = lines[..] else { panic!("{} lines: {lines:#?}", lines.len()) };
        assert!(!log.contains(MARKER) && !log.contains(REDIS_PASSWORD));
        serde_json::from_str(line).unwrap()
    }

    /// That a request failed with this code, and its only line ends with what led to it.
    fn assert_failed(&self, answer: &Answer, code: &str, causes: &[&str]) {
        answer.assert_refusal(503, code, "a failure");
        let line = self.only_line(answer);
        assert_eq!(
            (&line["level"], &line["message"], &line["code"]),
            (&json!("ERROR"), &json!("failed"), &json!(code))
        );
        let reason = line["reason"].as_str().unwrap();
        let places: Vec<_> = causes.iter().map(|cause| reason.find(cause)).collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{causes:?} in that order: {reason}"
        );
        // Nor is it told to whoever asked.
        assert!(!String::from_utf8_lossy(&answer.body).contains(causes.last().unwrap()));
    }
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/keys?key={MARKER}", listener.local_addr().unwrap())
}

fn renew(service: &Service, cookie: &str) -> Answer {
    service.ask(post("/renew", &format!("{SAME_SITE}Cookie: session={cookie}\r\n"), ""))
}

fn asking(url: &str) -> Service {
    let section = format!("[introspect]\nurl = \"{url}\"\ncookies = [\"session\"]\nsubject = \"/user/id\"\n");
    Setup::new().shared_only().without_tickets().logging("debug").section(section.leak()).start()
}

#[test]
fn an_app_that_is_away_or_says_nothing_of_use() {
    let service = asking(&nobody());
    service.assert_failed(
        &renew(&service, MARKER),
        "session_provider_unavailable",
        &["session provider cannot tell", "introspection", "cannot be reached", "Connection refused"],
    );
    let app = Upstream::saying(Reply::Never);
    let service = asking(&app.url(&format!("/{MARKER}?key={MARKER}")));
    for (number, (reply, causes)) in [
        (Reply::Never, ["introspection", "did not answer in full within 2 s"]),
        (Reply::json(MARKER), ["introspection", "not what it should be"]),
        (Reply::new("500 Internal Server Error", "", MARKER), ["introspection", "it answered 500"]),
        (Reply::Bytes(Vec::new()), ["cannot be reached", "connection closed before message completed"]),
        (Reply::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec()), ["cannot be reached", "invalid HTTP version parsed"]),
    ]
    .into_iter()
    .enumerate()
    {
        app.say(reply);
        let answer = renew(&service, &format!("{MARKER}{number}"));
        service.assert_failed(&answer, "session_provider_unavailable", &causes);
    }
}

/// Many listeners at once: each has a line of his own, and none has two.
#[test]
fn requests_that_wait_for_one_answer_fail_each_with_its_own_line() {
    let app = Upstream::saying(Reply::Never);
    let service = asking(&app.url("/api/session"));
    let answers: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| renew(&service, "the-same"))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for answer in &answers {
        service.assert_failed(answer, "session_provider_unavailable", &["did not answer in full within 2 s"]);
    }
}

#[test]
fn keys_that_cannot_be_fetched() {
    let jwks = |url: &str| format!("jwks = {{ url = \"{url}\" }}\n");
    let jwt = |url: &str| {
        let section = format!("[jwt]\ncookie = \"session\"\nissuer = \"i\"\naudience = \"a\"\n{}", jwks(url));
        Setup::new().shared_only().without_tickets().section(section.leak()).logging("debug").start()
    };
    let token = Ticket::of("u-1").sign();
    let why = ["keys that tokens are verified by cannot be had", "cannot be reached", "Connection refused"];
    let service = jwt(&nobody());
    service.log_with("the key set cannot be fetched");
    service.assert_failed(&renew(&service, &token), "session_provider_unavailable", &why);

    let section = format!("[ticket]\nissuer = \"i\"\naudience = \"a\"\n{}", jwks(&nobody()));
    let service =
        Setup::new().shared_only().without_tickets().section(section.leak()).logging("debug").start();
    service.log_with("the key set cannot be fetched");
    service.assert_failed(&service.redeem(&token), "session_provider_unavailable", &why);

    let upstream = Upstream::saying(Reply::json(json!({"keys": []})));
    let service = jwt(&upstream.url("/keys"));
    service.log_with("has no key that can be used");
    let answer = renew(&service, &token);
    service.assert_failed(
        &answer,
        "session_provider_unavailable",
        &["cannot be had", "no key that can be used"],
    );
    upstream.say(Reply::json(MARKER));
    let garbage = jwt(&upstream.url("/keys"));
    garbage.log_with("the key set cannot be fetched");
    let answer = renew(&garbage, &token);
    garbage.assert_failed(
        &answer,
        "session_provider_unavailable",
        &["cannot be had", "not what it should be"],
    );
}

#[test]
fn a_redis_that_goes_away_while_it_is_asked() {
    needs!("redis-server");
    let (mut server, url) = locked_redis();
    let service = Setup::with_sessions().store(&url, "deadline = \"5s\"").logging("debug").start();
    service.wait_until_ready();
    let session = service.session();
    server.freeze();
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| service.renew(&session));
        // Its question has gone out, and there is nobody to answer it.
        wait_for("a request that waits", || service.connections() == 2);
        server.kill();
        waiting.join().unwrap()
    });
    service.assert_failed(
        &waiting,
        "store_unavailable",
        &["store of revocations cannot tell", "the connection to Redis broke"],
    );
    service.wait_until_away();
    // At first it is known only that the connection broke.
    wait_for("an attempt to connect", || {
        let line = service.log_line(&service.renew(&session));
        line["reason"].as_str().unwrap().contains("cannot be reached")
    });
    for answer in [
        service.renew(&session),
        service.redeem(&Ticket::of("listener-7").sign()),
        service.revoke(&json!({"subject": "listener-9"})),
    ] {
        let causes = ["store of revocations cannot tell", "Redis cannot be reached", "nothing listens there"];
        service.assert_failed(&answer, "store_unavailable", &causes);
    }
}

#[test]
fn for_people_it_is_the_same_in_one_line_of_text() {
    let section =
        format!("[introspect]\nurl = \"{}\"\ncookies = [\"session\"]\nsubject = \"/id\"\n", nobody());
    let setup = Setup::new().shared_only().without_tickets().section(section.leak()).logging("debug");
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = setup.serve();
    command.args(["--log-format", "text"]).stderr(log.reopen().unwrap());
    let service = Service::spawn(setup, command, log);
    let answer = renew(&service, MARKER);
    let id = answer.header("x-request-id").unwrap();
    service.log_with(id);
    service.assert_serving();
    let log = service.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(id)).collect();
    let [line] = lines[..] else { panic!("{lines:#?}") };
    assert!(
        line.contains("  ERROR edgemint::audit: failed ") && line.contains("Connection refused"),
        "{line}"
    );
    assert!(!log.contains(MARKER), "{log}");
}
