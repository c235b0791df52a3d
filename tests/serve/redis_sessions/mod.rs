//! Sessions that an app keeps in Redis: who is let in, and everybody else.

mod cookies;
mod outages;
mod records;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{Answer, Cookies, SAME_SITE, Service, Setup, now, post, wait_for};

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
fn an_app_that_ends_a_session_by_its_time_needs_no_more() {
    needs!("redis-server");
    let app = App::start(EXPRESS);
    let cookies = app.log_in("session-7");
    app.redis.ask::<()>(&["PEXPIRE", "sess:session-7", "300"]);
    wait_for("the end of the record", || renew(&app.service, &cookies).status == 401);
    app.assert_refused(&cookies, "no_session", "Redis has dropped it");
}
