//! The audit: exactly one line for each mint and each refusal, and nothing in it that does not belong there.

use std::process::Command;

use serde_json::{Value, json};

use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{
    API_KEY, AUDIT_KEY, Answer, Client, MARKER, SAME_SITE, SESSION_COOKIE, SESSION_SECRET, Service, Setup,
    Ticket, get, post, run, wait_for,
};

impl Service {
    /// The audit's lines about a request, in their order.
    fn audit_of(&self, answer: &Answer) -> Vec<Value> {
        let id = answer.header("x-request-id").unwrap();
        self.audit().into_iter().filter(|line| line["request_id"] == id).collect()
    }

    /// Every line of the audit, up to a request that is refused now.
    fn audit(&self) -> Vec<Value> {
        let last = self.ask(get("/enter"));
        let log = self.log_with(last.header("x-request-id").unwrap());
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["target"] == "edgemint::audit").collect()
    }
}

fn setup(rule: &str) -> Setup {
    Setup::new().sessions(&[SESSION_SECRET], "").audited(rule)
}

/// The message of each line, and what it is about.
fn told(lines: &[Value]) -> Vec<String> {
    let about =
        |line: &Value| line["grant"].as_str().or(line["code"].as_str()).unwrap_or_default().to_owned();
    lines.iter().map(|line| format!("{} {}", line["message"].as_str().unwrap(), about(line))).collect()
}

#[test]
fn every_mint_and_every_refusal_has_exactly_one_line() {
    let service = setup("").logging("debug").start();
    let all = ["minted podcasts", "minted downloads", "minted shows", "minted near"];
    let ticket = Ticket::of("listener-7").sign();
    let entered = service.redeem(&ticket);
    let session = entered.cookie(SESSION_COOKIE).unwrap().to_owned();
    let cookie = format!("Cookie: {SESSION_COOKIE}={session}\r\n");
    let mint = |body: Value| service.mint(&body);
    let bearer = format!("Authorization: Bearer {MARKER}\r\nContent-Type: application/json\r\n");
    let foreign = SAME_SITE.replace("www.example.com", "evil.example.com");
    let huge = format!("GET /enter?ticket={MARKER} HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let preflight = "OPTIONS /renew HTTP/1.1\r\nHost: x\r\nOrigin: https://www.example.com\r\n\r\n";
    let cases: Vec<(Answer, &[&str])> = vec![
        (entered, &all),
        (service.redeem(&ticket), &["refused ticket_refused"]),
        (service.enter(&format!("ticket={MARKER}")), &["refused ticket_refused"]),
        (service.enter(&format!("return_to=//{MARKER}")), &["refused return_url_refused"]),
        (service.enter("ticket=a&ticket=b"), &["refused query_refused"]),
        (service.ask(post("/enter", "", "")), &["refused method_not_allowed"]),
        (service.ask(huge), &["refused headers_too_large"]),
        (service.renew(&session), &all),
        (service.renew(MARKER), &["refused session_refused"]),
        (service.ask(post("/renew", &format!("{foreign}{cookie}"), "")), &["refused origin_refused"]),
        (service.ask(post("/renew", &cookie, "")), &["refused origin_refused"]),
        (service.ask(preflight), &[]),
        (service.ask(get("/renew")), &["refused method_not_allowed"]),
        (service.status(&session), &[]),
        (service.status(MARKER), &["refused session_refused"]),
        (mint(json!({"grants": ["podcasts"]})), &["minted podcasts"]),
        (mint(json!({"grants": ["near"], "address": "203.0.113.7"})), &["minted near"]),
        (
            mint(json!({"grants": ["downloads", "podcasts"], "subject": "u-1"})),
            &["minted downloads", "minted podcasts"],
        ),
        (mint(json!({"grants": ["podcasts", "near"]})), &["refused no_grant"]),
        (mint(json!({"grants": [MARKER]})), &["refused unknown_grant"]),
        (mint(json!({"grants": []})), &["refused body_refused"]),
        (service.ask(post("/v1/mint", &bearer, "{}")), &["refused api_key_refused"]),
        (service.revoke(&json!({"subject": "somebody"})), &["revoked "]),
        (service.revoke(&json!({"sid": MARKER})), &["revoked "]),
        (service.revoke(&json!({})), &["refused body_refused"]),
        (service.leave(&session), &["left "]),
        (service.renew(&session), &["refused session_refused"]),
        (service.leave(""), &["left "]),
        (service.ask(get(&format!("/leave?ticket={}", Ticket::of("listener-7").sign()))), &["left "]),
        (service.ask(get("/leave")), &["refused ticket_refused"]),
        (service.ask(get("/healthz")), &[]),
        (service.ask(get(&format!("/{MARKER}"))), &[]),
        (service.ask(post("/healthz", "", "")), &[]),
    ];
    let audit = service.audit();
    let mut expected_lines = 1;
    for (index, (answer, expected)) in cases.iter().enumerate() {
        let id = answer.header("x-request-id").unwrap();
        let lines: Vec<_> = audit.iter().filter(|line| line["request_id"] == id).cloned().collect();
        assert_eq!(told(&lines), *expected, "case {index}, status {}", answer.status);
        expected_lines += expected.len();
        for line in &lines {
            assert_eq!(line["client"], "127.0.0.1", "case {index}");
        }
    }
    // The one that ends the run included.
    assert_eq!(audit.len(), expected_lines, "{:#?}", told(&audit));
    // What is in the audit is nowhere else in the log: at this level there is a line "answered" for success alone.
    let refusals = service.log().lines().filter(|line| line.contains("\"refused\"")).count();
    let others = ["/healthz", "none"].len();
    assert_eq!(refusals, audit.iter().filter(|line| line["message"] == "refused").count() + others);
    assert!(!service.log().contains(MARKER));
}

#[test]
fn a_line_says_who_what_and_until_when() {
    let service = setup("").start();
    let entered = service.redeem(&Ticket::of("listener-7").sign());
    let lines = service.audit_of(&entered);
    let line = &lines[0];
    let members: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "client",
            "expires_at",
            "grant",
            "key",
            "level",
            "message",
            "provider",
            "request_id",
            "route",
            "session",
            "subject",
            "target",
            "timestamp",
        ]
    );
    assert_eq!(
        (&line["route"], &line["provider"], &line["key"]),
        (&json!("/enter"), &json!("ticket"), &json!("KTEST"))
    );
    assert_eq!((&line["level"], &line["grant"]), (&json!("INFO"), &json!("podcasts")));
    let cookies = crate::support::Cookies::set_for(&entered, "/podcasts/");
    assert_eq!(line["expires_at"], cookies.statement()["Condition"]["DateLessThan"]["AWS:EpochTime"]);
    let session = line["session"].as_str().unwrap();
    assert_eq!(session.len(), 22);

    let renewed = service.renew(entered.cookie(SESSION_COOKIE).unwrap());
    let renewal = &service.audit_of(&renewed)[0];
    assert_eq!((&renewal["provider"], &renewal["route"]), (&json!("own"), &json!("/renew")));
    assert_eq!((&renewal["session"], &renewal["subject"]), (&line["session"], &line["subject"]));
    // That id is what a back end revokes by.
    assert_eq!(service.revoke(&json!({"session": session})).status, 200);
    let shut_out = service.renew(entered.cookie(SESSION_COOKIE).unwrap());
    let refused = &service.audit_of(&shut_out)[0];
    assert_eq!((&refused["session"], &refused["subject"]), (&line["session"], &line["subject"]));
    assert_eq!((&refused["status"], &refused["code"]), (&json!(401), &json!("session_refused")));
    assert!(refused["reason"].as_str().unwrap().contains("revoked"), "{refused}");

    let minted = service.mint(&json!({"grants": ["near"], "sid": "session-7", "address": "203.0.113.7"}));
    let line = &service.audit_of(&minted)[0];
    assert_eq!((&line["api_key"], &line["listener"]), (&json!("app"), &json!("203.0.113.7")));
    // printf session-7 | openssl dgst -sha256 -binary | head -c 16 | basenc --base64url
    assert_eq!(line["session"], "zvi85UnNwFDLPaMPVnJCaw");
    assert!(line.get("subject").is_none() && line.get("provider").is_none(), "{line}");
}

/// `head -c 16`: the first 128 bits.
fn openssl_pseudonym(subject: &str) -> String {
    let script = "printf 'edgemint subject\\0%s' \"$1\" | openssl dgst -sha256 -hmac \"$2\" -binary | head -c 16 \
                  | openssl base64 | tr '+/' '-_' | tr -d '=\\n'";
    run(Command::new("sh").args(["-c", script, "sh", subject, AUDIT_KEY]))
}

#[test]
fn a_subject_is_written_as_configured() {
    needs!("openssl");
    const SUBJECT: &str = "auth0|listener-7-of-this-test";
    let line_of = |setup: Setup| {
        let service = setup.start();
        let line = service.audit_of(&service.redeem(&Ticket::of(SUBJECT).sign()))[0].clone();
        // By a mint of the back end too, and by a refusal.
        let minted = service.mint(&json!({"grants": ["podcasts"], "subject": SUBJECT}));
        assert_eq!(service.audit_of(&minted)[0].get("subject"), line.get("subject"));
        let refused = service.mint(&json!({"grants": ["downloads"], "subject": SUBJECT}));
        assert_eq!(service.audit_of(&refused)[0].get("subject"), line.get("subject"));
        (line.get("subject").cloned(), service.log().contains(SUBJECT))
    };
    let hashed = Some(json!(openssl_pseudonym(SUBJECT)));
    assert_eq!(line_of(setup("")), (hashed.clone(), false), "hashed by default with a key");
    assert_eq!(line_of(setup("subject = \"hashed\"")), (hashed, false));
    assert_eq!(line_of(setup("subject = \"none\"")), (None, false));
    assert_eq!(line_of(setup("subject = \"plain\"")), (Some(json!(SUBJECT)), true));
    assert_eq!(line_of(Setup::new()), (None, false), "none by default without one");
}

#[test]
fn no_line_has_a_secret_or_a_claim() {
    let service = setup("").logging("trace").start();
    // Cookies, tickets and keys are looked for in the whole log as the service ends.
    let ticket = Ticket::of(&format!("listener-{MARKER}")).with("show", format!("show-{MARKER}"));
    let entered = service.redeem(&ticket.with("sid", format!("sid-{MARKER}")).sign());
    assert_eq!(entered.status, 303);
    let session = entered.cookie(SESSION_COOKIE).unwrap();
    assert_eq!(service.renew(session).status, 200);
    assert_eq!(service.leave(session).status, 204);
    assert_eq!(service.renew(session).status, 401);
    let body = json!({
        "grants": ["shows", "downloads"], "subject": MARKER, "claims": {"show": MARKER}, "sid": MARKER,
    });
    assert_eq!(service.mint(&body).status, 200);
    assert_eq!(service.revoke(&json!({"sid": MARKER})).status, 200);
    service.audit();
    assert!(!service.log().contains(MARKER), "{}", service.log());
}

#[test]
fn the_level_of_the_log_leaves_no_line_out() {
    for level in ["error", "warn"] {
        let service = setup("").logging(level).start();
        let minted = service.mint(&json!({"grants": ["podcasts"]}));
        assert_eq!(told(&service.audit_of(&minted)), ["minted podcasts"], "{level}");
        let refused = service.enter("ticket=x");
        assert_eq!(told(&service.audit_of(&refused)), ["refused ticket_refused"], "{level}");
        let elsewhere = service.ask(get("/nowhere"));
        service.audit();
        assert!(!service.log().contains(elsewhere.header("x-request-id").unwrap()), "{level}");
    }
}

#[test]
fn for_people_a_line_is_text() {
    let setup = setup("subject = \"plain\"");
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = setup.serve();
    command.args(["--log-format", "text"]).stderr(log.reopen().unwrap());
    let service = Service::spawn(setup, command, log);
    let subject = "a\" key=\"KFORGED\" \u{202e}";
    let minted = service.mint(&json!({"grants": ["podcasts"], "subject": subject}));
    let id = minted.header("x-request-id").unwrap();
    let log = service.log_with(id);
    let line = log.lines().find(|line| line.contains(id)).unwrap();
    assert!(line.contains("  INFO edgemint::audit: minted "), "{line}");
    for field in [" grant=\"podcasts\"", " key=\"KTEST\"", " subject=\"a\\\" key=\\\"KFORGED\\\" \\u{202e}\""]
    {
        assert!(line.contains(field), "{field}: {line}");
    }
    assert!(!line.contains(" key=\"KFORGED\""), "{line}");
}

#[test]
fn what_was_revoked_is_in_the_audit_though_the_caller_is_gone() {
    needs!("redis-server");
    let server = RedisServer::start();
    let service = Setup::sharing(&server).audited("subject = \"plain\"").start();
    service.wait_until_ready();
    let session = service.session();
    // All but that to Redis.
    service.wait_until_alone_but(1);
    server.freeze();
    let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    let mut client = Client::connect(service.address);
    client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    wait_for("an answer that is not read", || client.stream().peek(&mut [0]).is_ok_and(|bytes| bytes == 1));
    let revoke = post("/v1/revoke", &headers, "{\"subject\":\"listener-7\"}");
    client.send(revoke).unwrap();
    wait_for("the request being read", || service.unread() == 0);
    // With an answer that was not read, the system resets the connection, and its requests are given up.
    drop(client);
    service.wait_until_alone_but(1);
    server.thaw();
    wait_for("the revocation", || service.renew(&session).status == 401);
    let mut revoked = Vec::new();
    wait_for("the line about it", || {
        revoked = service.audit();
        revoked.retain(|line| line["route"] == "/v1/revoke");
        !revoked.is_empty()
    });
    assert_eq!(revoked.len(), 1, "{revoked:?}");
    assert_eq!((&revoked[0]["subject"], &revoked[0]["api_key"]), (&json!("listener-7"), &json!("app")));
    // On a machine that is busy Redis may have been frozen for too long for a yes.
    let message = revoked[0]["message"].as_str().unwrap();
    assert!(message == "revoked" || revoked[0]["code"] == "store_unavailable", "{revoked:?}");
}
