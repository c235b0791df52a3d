//! Sessions that an app keeps in Redis: who is let in, and everybody else.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{Answer, Cookies, MARKER, SAME_SITE, Service, Setup, now, post, wait_for};

const SECRET: &str = "s3cret-of-an-app-in-this-test-alone";
const EARLIER_SECRET: &str = "s3cret-before-of-an-app-in-this-test-alone";

/// The app of express-session and connect-redis.
const EXPRESS: &str = r#"
[redis]
url = { file = "redis.url" }
cookie = "connect.sid"
secrets = [{ file = "app.secret" }, { file = "app.earlier" }]
key = "sess:{id}"
subject = "/user/id"
claims = { show = "/user/show" }
logged_in = "/user/isLoggedIn"
started = "/createdAt"
expires = "/endsAt"
"#;

/// An app that keeps the hash of what is in its cookie.
const HASHED: &str = r#"
[redis]
url = { file = "redis.url" }
cookie = "auth_session"
id = "sha256-hex"
key = "auth:session:{id}"
subject = "/user_id"
"#;

/// An app whose cookie is the id and nothing else.
const PLAIN: &str = r#"
[redis]
url = { file = "redis.url" }
cookie = "sid"
key = "auth:session:{id}"
subject = "/user_id"
"#;

struct App {
    redis: RedisServer,
    service: Service,
}

impl App {
    fn start(section: &'static str) -> Self {
        Self::beside(RedisServer::start(), section)
    }

    fn beside(redis: RedisServer, section: &'static str) -> Self {
        let url = redis.url();
        Self { redis, service: setup(section, &url).start() }
    }

    fn set(&self, key: &str, value: &str) {
        self.redis.ask::<()>(&["SET", key, value]);
    }

    fn delete(&self, key: &str) {
        self.redis.ask::<()>(&["DEL", key]);
    }

    /// What the app does when a listener logs in.
    fn log_in(&self, id: &str) -> String {
        self.set(&format!("sess:{id}"), &record().to_string());
        cookie(&signed(id, SECRET))
    }

    /// The whole rule at every route that asks who is there; and that others are let in afterwards.
    fn assert_refused(&self, cookies: &str, reason: &str, what: &str) {
        for answer in
            [enter(&self.service, cookies), renew(&self.service, cookies), status(&self.service, cookies)]
        {
            self.service.assert_refused(&answer, 401, "session_refused", what);
            let logged = self.service.log_line(&answer)["reason"].to_string();
            assert!(logged.contains(reason), "{what}: {logged}");
        }
    }

    fn assert_entering(&self, cookies: &str) {
        let answer = enter(&self.service, cookies);
        assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.body));
    }
}

fn setup(section: &'static str, url: &str) -> Setup {
    let setup = Setup::new().without_tickets().section(section);
    for (file, text) in [("redis.url", url), ("app.secret", SECRET), ("app.earlier", EARLIER_SECRET)] {
        std::fs::write(setup.path(file), text).unwrap();
        setup.set_mode(file, 0o600);
    }
    setup
}

/// As the app of [`EXPRESS`] writes it.
fn record() -> Value {
    json!({"cookie": {"path": "/"}, "user": {"id": 4217, "isLoggedIn": true, "show": "evening-news"}})
}

/// A value as `cookie-signature` signs it; that the two agree is tested beside the code.
fn signed(id: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("s:{id}.{}", STANDARD_NO_PAD.encode(hmac::sign(&key, id.as_bytes())))
}

/// As browsers send it back.
fn cookie(value: &str) -> String {
    format!("Cookie: connect.sid={}\r\n", utf8_percent_encode(value, NON_ALPHANUMERIC))
}

fn enter(service: &Service, cookies: &str) -> Answer {
    service.ask(format!("GET /enter?return_to=%2F HTTP/1.1\r\nHost: listen.example.com\r\n{cookies}\r\n"))
}

fn renew(service: &Service, cookies: &str) -> Answer {
    service.ask(post("/renew", &format!("{SAME_SITE}{cookies}"), "{}"))
}

fn status(service: &Service, cookies: &str) -> Answer {
    let origin = "Origin: https://www.example.com\r\nSec-Fetch-Site: same-site\r\n";
    service.ask(format!("GET /status HTTP/1.1\r\nHost: listen.example.com\r\n{origin}{cookies}\r\n"))
}

#[test]
fn who_is_logged_in_at_the_app_is_let_in_and_renewed() {
    needs!("redis-server");
    let app = App::start(EXPRESS);
    let cookies = app.log_in("session-7");
    let public_key = app.service.setup.public_key();
    for answer in [enter(&app.service, &cookies), renew(&app.service, &cookies)] {
        assert!([200, 303].contains(&answer.status), "{}", String::from_utf8_lossy(&answer.body));
        let minted = Cookies::set_for(&answer, "/podcasts/");
        assert!(minted.decide(&public_key, "/podcasts/7.mp3", "127.0.0.1").is_allowed());
        assert_eq!(answer.cookie("__Host-edgemint"), None, "the app's session is the only one");
    }
    assert_eq!(enter(&app.service, &cookies).header("location"), Some("https://www.example.com/"));
    let told = status(&app.service, &cookies);
    assert_eq!((told.status, &told.json()["session_ends_at"]), (200, &Value::Null));
    // A secret that the app no longer signs with.
    app.assert_entering(&cookie(&signed("session-7", EARLIER_SECRET)));
    // Among others, and as it is without any encoding.
    app.assert_entering(&format!("Cookie: a=b; connect.sid={}; c=d\r\n", signed("session-7", SECRET)));
}

#[test]
fn the_subject_and_the_claims_are_what_the_record_says() {
    needs!("redis-server");
    let redis = RedisServer::start();
    let setup = setup(EXPRESS, &redis.url());
    let service = setup.start();
    let ends = now() + 600;
    let mut record = record();
    record["endsAt"] = json!(ends * 1000);
    redis.ask::<()>(&["SET", "sess:session-7", &record.to_string()]);
    let cookies = cookie(&signed("session-7", SECRET));
    let answer = renew(&service, &cookies);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.json()["session_ends_at"], ends);
    let public_key = service.setup.public_key();
    for (path, inside) in [("/downloads/", "/downloads/4217/a.zip"), ("/shows/", "/shows/evening-news/1.mp3")]
    {
        let minted = Cookies::set_for(&answer, path);
        assert!(minted.decide(&public_key, inside, "127.0.0.1").is_allowed(), "{inside}");
    }
}

#[test]
fn who_logs_out_at_the_app_is_not_renewed() {
    needs!("redis-server");
    let app = App::start(EXPRESS);
    let cookies = app.log_in("session-7");
    assert_eq!(renew(&app.service, &cookies).status, 200);
    app.delete("sess:session-7");
    app.assert_refused(&cookies, "no_session", "the record is gone");
    app.log_in("session-7");
    assert_eq!(renew(&app.service, &cookies).status, 200);
    let mut record = record();
    record["user"]["isLoggedIn"] = json!(false);
    app.set("sess:session-7", &record.to_string());
    app.assert_refused(&cookies, "not_logged_in", "the record says so");
}

#[test]
fn cookies_that_prove_nothing_are_refused() {
    needs!("redis-server");
    let app = App::start(EXPRESS);
    let (id, other) = (format!("{MARKER}-7"), format!("{MARKER}-8"));
    let good = app.log_in(&id);
    app.log_in(&other);
    // Records that cookies could be made to lead to.
    for key in ["sess:", "sess:*", "sess: ", "sess:{id}", "sess:s"] {
        app.set(key, &record().to_string());
    }
    app.assert_entering(&good);
    let value = signed(&id, SECRET);
    let signature = value.rsplit_once('.').unwrap().1;
    let other_signature = signed(&other, SECRET).rsplit_once('.').unwrap().1.to_owned();
    let encoded = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
    let raw = |value: &str| format!("Cookie: connect.sid={value}\r\n");
    for (cookies, reason) in [
        (String::new(), "no credential"),
        ("Cookie: other=1\r\n".to_owned(), "no credential"),
        (good.replace("connect.sid", "Connect.sid"), "no credential"),
        (raw(""), "unsigned_cookie"),
        (raw(&id), "unsigned_cookie"),
        (raw(&format!("s:{id}")), "unsigned_cookie"),
        (raw("s:"), "unsigned_cookie"),
        (raw(&format!("{id}.{signature}")), "unsigned_cookie"),
        (raw(&format!("S:{id}.{signature}")), "unsigned_cookie"),
        (raw(&format!("\"{value}\"")), "unsigned_cookie"),
        (cookie(&encoded), "unsigned_cookie"),
        (raw(&format!("s%{id}.{signature}")), "unsigned_cookie"),
        (raw("s:."), "bad_signature"),
        (raw(&format!("s:{id}.")), "bad_signature"),
        (raw(&format!("s:.{signature}")), "bad_signature"),
        (cookie(&value[..value.len() - 1]), "bad_signature"),
        (cookie(&format!("{value}A")), "bad_signature"),
        (cookie(&format!("{value}=")), "bad_signature"),
        (raw(&format!("{value}%")), "bad_signature"),
        (raw(&format!("{value}%0")), "bad_signature"),
        (raw(&format!("{value}%00")), "bad_signature"),
        (cookie(&format!("s:{id}.{other_signature}")), "bad_signature"),
        (cookie(&format!("s:{other}.{signature}")), "bad_signature"),
        (cookie(&format!("s:*.{signature}")), "bad_signature"),
        (cookie(&signed(&id, "s3cret-of-another-app")), "bad_signature"),
        (cookie(&signed(&id, "")), "bad_signature"),
        (raw(&value.replace(&id, &format!("{id}%FF"))), "malformed_cookie"),
        (cookie(&signed("", SECRET)), "malformed_id"),
        (cookie(&signed(" ", SECRET)), "malformed_id"),
        (cookie(&signed("{id}", SECRET)), "malformed_id"),
        (cookie(&signed(&format!("{id}\r\nDEL x"), SECRET)), "malformed_id"),
        (cookie(&signed(&format!("{id}\0"), SECRET)), "malformed_id"),
        (cookie(&signed(&"x".repeat(257), SECRET)), "malformed_id"),
        (cookie(&signed(&"x".repeat(2000), SECRET)), "cookie_too_long"),
        (raw(&"x".repeat(12_000)), "cookie_too_long"),
        (cookie(&signed(&format!("{id}9"), SECRET)), "no_session"),
        (cookie(&signed(&format!("{MARKER}-?"), SECRET)), "no_session"),
        (cookie(&signed(&format!("{MARKER}*"), SECRET)), "no_session"),
        (cookie(&signed(&format!("x:{id}"), SECRET)), "no_session"),
        (good.repeat(2), "ambiguous"),
        (format!("{good}{}", raw("")), "ambiguous"),
        (raw(&format!("{value}; connect.sid={value}")), "ambiguous"),
    ] {
        app.assert_refused(&cookies, reason, &cookies[..cookies.len().min(120)]);
    }
    app.assert_entering(&good);
    assert!(!app.service.log().contains(signature), "a signature is in the log");
}

#[test]
fn records_that_prove_nothing_are_refused() {
    needs!("redis-server");
    let app = App::start(EXPRESS);
    let id = format!("{MARKER}-7");
    let cookies = app.log_in(&id);
    let key = format!("sess:{id}");
    let user = |member: &str, value: Value| {
        let mut record = record();
        record["user"][member] = value;
        record.to_string()
    };
    let with = |member: &str, value: Value| {
        let mut record = record();
        record[member] = value;
        record.to_string()
    };
    let text = record().to_string();
    for (record, reason) in [
        (String::new(), "no_session"),
        ("null".to_owned(), "malformed_record"),
        (MARKER.to_owned(), "malformed_record"),
        (format!("[{text}]"), "malformed_record"),
        (format!("\"{MARKER}\""), "malformed_record"),
        (text[..text.len() - 1].to_owned(), "malformed_record"),
        (format!("{text}{text}"), "malformed_record"),
        (with("x", json!(MARKER)).replace(MARKER, "\\ud800"), "malformed_record"),
        (format!("{}{}", "[".repeat(30_000), "]".repeat(30_000)), "malformed_record"),
        (format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(200), "}".repeat(200)), "malformed_record"),
        (text.replace("\"isLoggedIn\":true", "\"isLoggedIn\":false,\"isLoggedIn\":true"), "duplicate_member"),
        (format!("{text}{}", " ".repeat(65_537 - text.len())), "record_too_large"),
        (with("x", json!(MARKER.repeat(50_000))), "record_too_large"),
        ("{}".to_owned(), "not_logged_in"),
        (with("user", json!(null)), "not_logged_in"),
        (with("user", json!(MARKER)), "not_logged_in"),
        (with("user", json!([{"id": 1, "isLoggedIn": true}])), "not_logged_in"),
        (user("isLoggedIn", json!(false)), "not_logged_in"),
        (user("isLoggedIn", json!(null)), "not_logged_in"),
        (user("isLoggedIn", json!("false")), "not_logged_in"),
        (user("isLoggedIn", json!(0)), "not_logged_in"),
        (user("isLoggedIn", json!({})), "not_logged_in"),
        (user("id", json!(null)), "no_subject"),
        (user("id", json!("")), "malformed_subject"),
        (user("id", json!(1.5)), "malformed_subject"),
        (user("id", json!(true)), "malformed_subject"),
        (user("id", json!([MARKER])), "malformed_subject"),
        (user("id", json!({"id": MARKER})), "malformed_subject"),
        (user("id", json!(format!("{MARKER}\n"))), "malformed_subject"),
        (user("id", json!(MARKER.repeat(20))), "malformed_subject"),
        (with("endsAt", json!(now() - 1)), "expired"),
        (with("endsAt", json!((now() - 1) * 1000)), "expired"),
        (with("endsAt", json!("2020-01-01T00:00:00.000Z")), "expired"),
        (with("endsAt", json!(0)), "expired"),
        (with("endsAt", json!(MARKER)), "malformed_expiry"),
        (with("endsAt", json!(-1)), "malformed_expiry"),
        (with("endsAt", json!(false)), "malformed_expiry"),
        (with("createdAt", json!(MARKER)), "malformed_start"),
        (with("createdAt", json!({})), "malformed_start"),
    ] {
        app.set(&key, &record);
        app.assert_refused(&cookies, reason, &record[..record.len().min(200)]);
    }
    let script = r#"return redis.call("SET", KEYS[1], '{"user":"\255"}')"#;
    app.redis.ask::<()>(&["EVAL", script, "1", &key]);
    app.assert_refused(&cookies, "malformed_record", "not UTF-8");
    let other_types = [("HSET", &["a", "1"][..]), ("RPUSH", &["a"]), ("SADD", &["a"]), ("ZADD", &["1", "a"])];
    for (command, arguments) in other_types {
        app.delete(&key);
        app.redis.ask::<()>(&[&[command, &key], arguments].concat());
        app.assert_refused(&cookies, "record_of_another_type", command);
    }
    app.delete(&key);
    app.assert_refused(&cookies, "no_session", "no record");
    app.set(&key, &record().to_string());
    app.assert_entering(&cookies);
}

#[test]
fn an_unsigned_id_reaches_no_other_key() {
    needs!("redis-server");
    let app = App::start(PLAIN);
    let record = json!({"user_id": "listener-7"}).to_string();
    let id = format!("{MARKER}-7f3a");
    let cookies = |value: &str| format!("Cookie: sid={value}\r\n");
    for key in [&*id, "index:7", "a b", "*", "{id}", "s:x"] {
        app.set(&format!("auth:session:{key}"), &record);
    }
    app.assert_entering(&cookies(&id));
    app.assert_entering(&cookies(&id.replace('-', "%2D")));
    for (value, reason) in [
        ("", "malformed_id"),
        ("index:7", "malformed_id"),
        ("index%3A7", "malformed_id"),
        ("a b", "malformed_id"),
        ("a%20b", "malformed_id"),
        ("*", "malformed_id"),
        ("%7Bid%7D", "malformed_id"),
        ("%", "malformed_id"),
        ("%zz", "malformed_id"),
        ("%252D", "malformed_id"),
        ("a%0D%0ADEL", "malformed_id"),
        ("%FF", "malformed_cookie"),
        ("s:x", "signed_cookie"),
        ("s%3Ax.y", "signed_cookie"),
        ("unknown", "no_session"),
        ("AUTH", "no_session"),
        (&id.to_lowercase(), "no_session"),
        (&"x".repeat(257), "malformed_id"),
    ] {
        app.assert_refused(&cookies(value), reason, value);
    }
    app.set(&format!("auth:session:{id}"), "{}");
    app.assert_refused(&cookies(&id), "no_subject", "a record of something else");
}

#[test]
fn what_is_in_the_database_is_not_what_is_in_the_cookie() {
    needs!("redis-server");
    let app = App::start(HASHED);
    // printf M4rk3rThatNoLogMayHold-token | sha256sum
    let hash = "ced87cd734407271bcd6c523896c6200ee8bf05b6298a8e43442359170089f26";
    app.set(&format!("auth:session:{hash}"), &json!({"user_id": 7}).to_string());
    let cookies = |value: &str| format!("Cookie: auth_session={value}\r\n");
    app.assert_entering(&cookies("M4rk3rThatNoLogMayHold-token"));
    app.assert_refused(&cookies(hash), "no_session", "the hash, which a thief of the database has");
    app.assert_refused(&cookies("M4rk3rThatNoLogMayHold-tokem"), "no_session", "another token");
}

#[test]
fn an_app_that_ends_a_session_by_its_time_needs_no_more() {
    needs!("redis-server");
    let app = App::start(EXPRESS);
    let cookies = app.log_in("session-7");
    app.redis.ask::<()>(&["PEXPIRE", "sess:session-7", "300"]);
    wait_for("the end of the record", || renew(&app.service, &cookies).status == 401);
    app.assert_refused(&cookies, "no_session", "Redis has dropped it");
}

fn assert_unavailable(service: &Service, cookies: &str, reason: &str) {
    for answer in [enter(service, cookies), renew(service, cookies), status(service, cookies)] {
        service.assert_refused(&answer, 503, "session_provider_unavailable", reason);
        let retry: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!(retry >= 1);
        let logged = service.log_line(&answer)["reason"].to_string();
        assert!(logged.contains("the session provider cannot tell") && logged.contains(reason), "{logged}");
    }
    assert_eq!(service.ask(crate::support::get("/healthz")).status, 200);
}

#[test]
fn while_redis_cannot_tell_nobody_is_let_in() {
    needs!("redis-server");
    let mut app = App::start(EXPRESS);
    let cookies = app.log_in("session-7");
    let renewed = |app: &App| wait_for("a renewal", || renew(&app.service, &cookies).status == 200);
    renewed(&app);
    app.redis.freeze();
    assert_unavailable(&app.service, &cookies, "Redis");
    app.redis.thaw();
    renewed(&app);
    app.redis.kill();
    assert_unavailable(&app.service, &cookies, "Redis");
    // What proves nothing by itself is refused without asking.
    app.assert_refused(&cookie(&signed("session-7", "another")), "bad_signature", "while Redis is away");
    app.redis.restart();
    app.log_in("session-7");
    renewed(&app);
}

#[test]
fn a_redis_that_refuses_to_tell_is_no_yes() {
    needs!("redis-server");
    let redis = RedisServer::with(&["--requirepass", "s3cret-of-this-redis-alone"]);
    let service = setup(EXPRESS, &redis.url()).start();
    let cookies = cookie(&signed("session-7", SECRET));
    assert_unavailable(&service, &cookies, "password");
    let with_password = redis.url().replace("//", "//:s3cret-of-this-redis-alone@");
    let service = setup(EXPRESS, &with_password).start();
    let answer = renew(&service, &cookies);
    service.assert_refused(&answer, 401, "session_refused", "it says that there is none");
    assert!(!service.log().contains("s3cret"), "{}", service.log());
}

#[test]
fn what_is_no_redis_is_no_yes() {
    needs!("redis-server");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    // Until the process ends: whoever comes is told what no Redis says.
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let _ = std::io::Write::write_all(&mut connection.unwrap(), b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let service = setup(EXPRESS, &url).start();
    let cookies = cookie(&signed("session-7", SECRET));
    assert_unavailable(&service, &cookies, "Redis");
}
