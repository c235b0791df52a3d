//! The other providers, each with an upstream that says in every failure what it was asked, and more.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::hostile::send_everything_wrong;
use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::secrets::{Secrets, TO_LISTENER};
use crate::stage::{Running, Stage};
use crate::support::{Answer, Reply, SAME_SITE, Upstream, encode, now, post, wait_for};

fn stage() -> Stage {
    let stage = Stage::new();
    stage.make_keyring("keys", "KTEST");
    stage
}

fn renew(service: &Running<'_>, headers: &str) -> Answer {
    service.ask(post("/renew", &format!("{SAME_SITE}{headers}"), ""))
}

fn assert_statuses(service: &Running<'_>, headers: &str, expected: &[u16], what: &str) {
    let renewed = renew(service, headers);
    assert!(expected.contains(&renewed.status), "{what}: {}", renewed.status);
    for route in ["/status", "/enter"] {
        service.ask(format!("GET {route} HTTP/1.1\r\nHost: listen.example.com\r\n{SAME_SITE}{headers}\r\n"));
    }
}

/// Answers in which an upstream lets something secret out: in its status, headers, body, redirect, or no HTTP at all.
fn loose_answers(secret: &str) -> Vec<Reply> {
    let header = format!(
        "X-Debug: {secret}\r\nSet-Cookie: session={secret}\r\nWWW-Authenticate: Bearer error=\"{secret}\"\r\n"
    );
    let location = format!("Location: https://user:{secret}@app.example.com/login?session={secret}\r\n");
    let body = json!({"error": secret, "active": true, "user": {"id": [secret]}}).to_string();
    vec![
        Reply::new(&format!("500 {secret}"), &header, &body),
        Reply::new("401 Unauthorized", &header, &body),
        Reply::new(&format!("302 {secret}"), &location, &body),
        Reply::new("200 OK", &header, &body),
        Reply::new("200 OK", &header, &format!("{secret}<html>{secret}")),
        Reply::json(format!("{{\"{secret}\":1,\"{secret}\":2}}")),
        Reply::json(
            json!({"active": secret, "user": {"id": format!("a\n{secret}")}, "until": secret, "keys": [{"kty": secret}]}),
        ),
        Reply::json(
            json!({"active": true, "user": {"id": "u"}, "until": format!("2026-{secret}"), "keys": secret}),
        ),
        Reply::json(
            json!({"keys": [{"kty": "OKP", "crv": secret, "x": secret, "d": secret, "kid": "two", "alg": "EdDSA"}]}),
        ),
        Reply::json(secret.repeat(4000)),
        Reply::Bytes(secret.repeat(3).into()),
        Reply::Bytes(format!("HTTP/1.1 {secret}\r\n\r\n").into()),
        Reply::Bytes(format!("HTTP/1.1 200 OK\r\n{secret}\r\n\r\n").into()),
        Reply::Bytes(format!("HTTP/1.1 200 OK\r\nContent-Length: {secret}\r\n\r\n{secret}").into()),
        Reply::Bytes(format!("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{secret}").into()),
        Reply::Bytes(
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{secret}\r\n{secret}").into(),
        ),
        Reply::Bytes(Vec::new()),
    ]
}

/// An issuer's key and set, and tokens of it.
struct Issuer(Ed25519KeyPair);

impl Issuer {
    fn new() -> Self {
        Self(Ed25519KeyPair::generate().unwrap())
    }

    fn set(&self) -> Value {
        let x = encode(self.0.public_key().as_ref());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "one", "use": "sig", "x": x}]})
    }

    fn token(&self, secrets: &Secrets, change: impl Fn(&mut Value, &mut Value)) -> String {
        let mut header = json!({"alg": "EdDSA", "kid": "one", "typ": "JWT"});
        let mut claims = json!({
            "iss": "https://login.example.com/", "aud": "https://www.example.com", "exp": now() + 300, "iat": now(),
            "sub": secrets.make_for("a subject", TO_LISTENER), "sid": secrets.make("the issuer's session"),
            "email": secrets.make("a claim of a JWT"), "show": secrets.make_for("a claim in a resource", TO_LISTENER),
            "plan": "gold",
        });
        change(&mut header, &mut claims);
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = encode(self.0.sign(signed.as_bytes()));
        secrets.plant("the signature of a JWT", &signature);
        format!("{signed}.{signature}")
    }
}

#[test]
fn jwts_and_an_issuer_that_says_too_much() {
    let stage = stage();
    let (issuer, another) = (Issuer::new(), Issuer::new());
    let upstream = Upstream::saying(Reply::json(issuer.set()));
    let url = upstream.url(&format!("/keys?token={}", stage.secrets.make("the query of a JWKS URL")));
    stage.configure(
        "text",
        &format!(
            "[jwt]\ncookie = \"token\"\nissuer = \"https://login.example.com/\"\naudience = \"https://www.example.com\"\n\
             claims = {{ show = \"/show\", plan = \"/plan\", email = \"/email\" }}\n\
             [jwt.jwks]\nurl = \"{url}\"\nrefresh = \"1s\"\ninterval = \"1s\"\nmax_stale = \"2s\"\n"
        ),
    );
    let (service, secrets) = (stage.start(), &stage.secrets);
    let cookie = |token: String| format!("Cookie: token={token}\r\n");
    assert_statuses(&service, &cookie(issuer.token(secrets, |_, _| {})), &[200], "good");
    let secret = |part: &str| secrets.make(&format!("what stands in the {part} of a JWT"));
    for token in [
        another.token(secrets, |_, _| {}),
        issuer.token(secrets, |_, claims| claims["exp"] = json!(now() - 100)),
        issuer.token(secrets, |_, claims| claims["iss"] = secret("iss").into()),
        issuer.token(secrets, |_, claims| claims["aud"] = json!([secret("aud")])),
        issuer.token(secrets, |_, claims| claims["sub"] = json!({"a": secret("sub")})),
        issuer.token(secrets, |_, claims| claims["exp"] = secret("exp").into()),
        issuer.token(secrets, |header, _| header["kid"] = secret("kid").into()),
        issuer.token(secrets, |header, _| header["alg"] = secret("alg").into()),
        issuer.token(secrets, |header, _| header["jwk"] = json!({"k": secret("jwk")})),
        issuer.token(secrets, |_, claims| claims["email"] = secret("claims").repeat(400).into()),
        secret("place"),
    ] {
        assert_statuses(&service, &cookie(token), &[401, 431], "bad");
    }
    for reply in loose_answers(&secret("issuer's answer")) {
        upstream.say(reply);
        let count = upstream.count();
        renew(&service, &cookie(issuer.token(secrets, |header, _| header["kid"] = "unknown".into())));
        // The next answer that it fetches.
        upstream.wait_for_requests(count + 1);
    }
    wait_for("the keys to be too old", || {
        renew(&service, &cookie(issuer.token(secrets, |_, _| {}))).status == 503
    });
    upstream.say(Reply::json(issuer.set()));
    wait_for("the keys again", || renew(&service, &cookie(issuer.token(secrets, |_, _| {}))).status == 200);
    drop(upstream);
    send_everything_wrong(&service);
    service.ends_clean();
}

#[test]
fn introspection_and_an_app_that_says_too_much() {
    let (stage, upstream) = (stage(), Upstream::saying(Reply::json("{}")));
    let secrets = &stage.secrets;
    let url = upstream.url(&format!("/api/{}", secrets.make("the path of the introspection")));
    stage.configure(
        "json",
        &format!(
            "[introspect]\nurl = \"{url}\"\ncookies = [\"session\", \"second\"]\nsubject = \"/user/id\"\nactive = \"/active\"\n\
             session = \"/session\"\nuntil = \"/until\"\nclaims = {{ show = \"/show\", plan = \"/plan\" }}\n"
        ),
    );
    let service = stage.start();
    let cookie = || {
        format!(
            "Cookie: session={}; second={}\r\n",
            secrets.make("a cookie of the app"),
            secrets.make_odd("another").replace(['"', '\\'], "~")
        )
    };
    upstream.say(Reply::json(json!({
        "active": true, "user": {"id": secrets.make_for("a subject", TO_LISTENER), "name": secrets.make("a name")},
        "show": secrets.make_for("a claim in a resource", TO_LISTENER), "plan": "gold", "session": secrets.make("the app's session"),
    })));
    assert_statuses(&service, &cookie(), &[200], "good");
    for number in 0..loose_answers("").len() {
        // It repeats what it was sent.
        let secret = secrets.make("the app's answer");
        upstream.say(loose_answers(&secret).remove(number));
        assert_statuses(&service, &cookie(), &[200, 401, 503], &format!("answer {number}"));
    }
    drop(upstream);
    wait_for("nobody to listen", || renew(&service, &cookie()).status == 503);
    send_everything_wrong(&service);
    service.ends_clean();
}

#[test]
fn a_proxy_that_names_the_listener_in_headers() {
    let stage = stage();
    let secrets = &stage.secrets;
    stage.configure(
        "text",
        "[header]\nname = \"X-Forwarded-User\"\npeers = [\"127.0.0.0/8\"]\nclaims = { show = \"X-Show\", plan = \"X-Plan\", email = \"X-Email\" }\n\
         [store]\nfile = \"revocations\"\n",
    );
    let service = stage.start();
    let (subject, show) =
        (secrets.make_for("a subject", TO_LISTENER), secrets.make_for("a claim in a resource", TO_LISTENER));
    let email = secrets.make("an address");
    let good =
        format!("X-Forwarded-User: {subject}\r\nX-Show: {show}\r\nX-Plan: gold\r\nX-Email: {email}\r\n");
    assert_statuses(&service, &good, &[200], "good");
    let secret = |name: &str| secrets.make_for(&format!("{name} of a proxy"), TO_LISTENER);
    for strange in [
        format!("X-Forwarded-User: {}\r\n{good}", secret("a second subject")),
        format!("X-Forwarded-User: {}\r\n", secret("a long subject").repeat(40)),
        format!("X-Forwarded-User: {}\u{fc}\r\n", secret("a strange subject")),
        format!("X-Email: {}\r\n", secret("a claim and no subject")),
    ] {
        assert_statuses(&service, &strange, &[200, 400, 401], "strange");
    }
    send_everything_wrong(&service);
    service.note_file("revocations");
    service.ends_clean();
}

/// A Redis with a password, for the app's sessions and for the service's own store.
struct Locked {
    redis: RedisServer,
    url: String,
}

impl Locked {
    fn new(secrets: &Secrets) -> Self {
        let password = secrets.make_odd("the password of Redis");
        let redis = RedisServer::with(&["--requirepass", &password]);
        Self { url: with_password(secrets, &password, redis.port()), redis }
    }

    fn ask(&self, words: &[&str]) {
        let url = redis::Client::open(self.url.as_str()).unwrap();
        redis::cmd(words[0]).arg(&words[1..]).exec(&mut url.get_connection().unwrap()).unwrap();
    }
}

fn with_password(secrets: &Secrets, password: &str, port: u16) -> String {
    let password = utf8_percent_encode(password, NON_ALPHANUMERIC).to_string();
    secrets.plant("the password in the URL", &password);
    format!("redis://:{password}@127.0.0.1:{port}")
}

fn app_sessions(stage: &Stage, url: &str, format: &str) {
    stage.write("redis.url", url);
    stage.configure(
        format,
        "[redis]\nurl = { file = \"redis.url\" }\ncookie = \"connect.sid\"\nsecrets = [{ file = \"app.secret\" }]\n\
         key = \"sess:{id}\"\nsubject = \"/user/id\"\nclaims = { show = \"/show\", plan = \"/plan\", email = \"/email\" }\n\
         [store]\nredis = { file = \"redis.url\" }\n",
    );
}

/// As the npm package cookie-signature signs.
fn session_cookie(secrets: &Secrets, id: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = STANDARD_NO_PAD.encode(hmac::sign(&key, id.as_bytes()));
    secrets.plant("the signature of a session", &signature);
    let value = utf8_percent_encode(&format!("s:{id}.{signature}"), NON_ALPHANUMERIC).to_string();
    format!("Cookie: connect.sid={value}\r\n")
}

#[test]
fn sessions_of_an_app_in_redis_and_records_of_every_kind() {
    needs!("redis-server");
    let stage = stage();
    let secrets = &stage.secrets;
    let (mut locked, signing) = (Locked::new(secrets), stage.secret_file("app.secret"));
    app_sessions(&stage, &locked.url, "json");
    let service = stage.start();
    wait_for("Redis", || service.ask(crate::support::get("/readyz")).status == 200);
    let log_in = |record: &str| {
        let id = secrets.make("the id of a session");
        locked.ask(&["SET", &format!("sess:{id}"), record]);
        session_cookie(secrets, &id, &signing)
    };
    let secret = |name: &str| secrets.make(&format!("the {name} of a record"));
    let good = json!({
        "user": {"id": secrets.make_for("a subject", TO_LISTENER)}, "show": secrets.make_for("a claim in a resource", TO_LISTENER),
        "plan": "gold", "email": secret("email"), "csrf": secret("csrf"),
    });
    let cookie = log_in(&good.to_string());
    assert_statuses(&service, &cookie, &[200], "good");
    for record in [
        secret("text"),
        format!("{{\"user\":{{\"id\":\"{}", secret("end")),
        json!({"user": {"id": [secret("subject")]}}).to_string(),
        json!({"user": {"id": format!("a\n{}", secret("subject"))}}).to_string(),
        json!({"user": secret("user")}).to_string(),
        format!("{{\"{0}\":1,\"{0}\":2}}", secret("member")),
        format!("{{\"user\":{{\"id\":1}},\"x\":\"{}\"}}", secret("length").repeat(6000)),
    ] {
        assert_statuses(&service, &log_in(&record), &[401, 503], "bad");
    }
    locked.ask(&["LPUSH", "sess:list", &secret("list")]);
    assert_statuses(&service, &session_cookie(secrets, "list", &signing), &[401, 503], "a list");
    let unknown = secrets.make("an id that nobody has");
    assert_statuses(&service, &session_cookie(secrets, &unknown, &signing), &[401], "unknown");
    assert_statuses(&service, &session_cookie(secrets, &unknown, "another secret"), &[401], "forged");
    locked.redis.kill();
    wait_for("Redis to be missed", || renew(&service, &cookie).status == 503);
    send_everything_wrong(&service);
    service.ends_clean();
}

/// It answers each command with an error that repeats it, in one of the forms that Redis has.
fn talkative_redis(form: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut bytes) = (stream.unwrap(), [0; 4096]);
            thread::spawn(move || {
                while let Ok(read @ 1..) = stream.read(&mut bytes) {
                    let said = String::from_utf8_lossy(&bytes[..read]).replace("\r\n", " ");
                    // Each command of a pipeline has an answer.
                    let commands = said.matches('*').count().max(1);
                    let answer = form.replace("SAID", &said).repeat(commands);
                    if stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn wrong_passwords_and_a_redis_that_repeats_what_it_is_told() {
    needs!("redis-server");
    let locked = Locked::new(&Secrets::default());
    let forms = [
        "-ERR SAID\r\n",
        "-WRONGPASS SAID\r\n",
        "-SAID\r\n",
        "+SAID\r\n",
        "$4\r\nSAID\r\n",
        "!9\r\nSAID\r\n",
    ];
    thread::scope(|scope| {
        for form in forms.into_iter().map(Some).chain([None]) {
            let port = form.map_or(locked.redis.port(), talkative_redis);
            scope.spawn(move || {
                let stage = stage();
                let secrets = &stage.secrets;
                let signing = stage.secret_file("app.secret");
                let wrong = secrets.make_odd("a wrong password");
                app_sessions(&stage, &with_password(secrets, &wrong, port), "text");
                let service = stage.start();
                let id = secrets.make("the id of a session");
                service.wait_for_log("Redis is of no use");
                for _ in 0..3 {
                    let cookie = session_cookie(secrets, &id, &signing);
                    assert_statuses(&service, &cookie, &[401, 503], &format!("{form:?}"));
                }
                service.ends_clean();
            });
        }
    });
}
