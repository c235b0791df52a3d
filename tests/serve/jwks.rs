//! Keys that are fetched: an issuer that changes them, that is slow, away, or talks nonsense.

use std::thread;
use std::time::{Duration, Instant};

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::authority::Authority;
use crate::jwt::{fetching, renew, vectors};
use crate::programs::needs;
use crate::support::{Answer, Reply, Service, Setup, Upstream, WebServer, get, now, wait_for};

fn token(name: &str) -> String {
    let made = vectors();
    let rows = made["tokens"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap()["token"].as_str().unwrap().to_owned()
}

fn set(name: &str) -> Reply {
    Reply::json(&vectors()["sets"][name])
}

fn assert_unavailable(service: &Service, answer: &Answer, what: &str) {
    service.assert_refused(answer, 503, "session_provider_unavailable", what);
    assert_eq!(answer.header("retry-after"), Some("1"), "{what}");
}

#[test]
fn a_new_key_is_met_at_once_and_one_that_has_left_is_refused() {
    let upstream = Upstream::saying(set("good"));
    let service = fetching(&upstream, "refresh = \"1h\"\ninterval = \"1s\"").start();
    let (old, new) = (token("ES256"), vectors()["rotated"].as_str().unwrap().to_owned());
    assert_eq!(renew(&service, &old).status, 200);
    service.assert_refused(&renew(&service, &new), 401, "session_refused", "not yet known");
    upstream.say(set("rotated"));
    wait_for("the new key", || renew(&service, &new).status == 200);
    service.assert_refused(&renew(&service, &old), 401, "session_refused", "its key has left the set");
    assert_eq!(renew(&service, &token("EdDSA")).status, 200, "this one stayed");
}

#[test]
fn the_set_is_fetched_again_by_itself() {
    let upstream = Upstream::saying(set("good"));
    let service = fetching(&upstream, "refresh = \"1s\"").start();
    assert_eq!(renew(&service, &token("ES256")).status, 200);
    upstream.say(set("rotated"));
    wait_for("the key to leave", || renew(&service, &token("ES256")).status == 401);
}

#[test]
fn a_flood_of_unknown_keys_fetches_once_an_interval() {
    let upstream = Upstream::saying(set("good"));
    let service = fetching(&upstream, "refresh = \"1h\"\ninterval = \"1s\"").start();
    assert_eq!(renew(&service, &token("ES256")).status, 200);
    let (began, unknown) = (Instant::now(), token("a kid that is a path"));
    let mut asked = 0;
    while began.elapsed() < Duration::from_millis(2500) {
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| assert_eq!(renew(&service, &unknown).status, 401));
            }
        });
        asked += 16;
    }
    let most = 2 + usize::try_from(began.elapsed().as_secs()).unwrap();
    assert!((2..=most).contains(&upstream.count()), "{} fetches for {asked} requests", upstream.count());
    assert!(asked > 4 * most, "{asked} requests are no flood");
    service.assert_refused(&renew(&service, &unknown), 401, "session_refused", "still unknown");
    assert_eq!(renew(&service, &token("ES256")).status, 200);
}

#[test]
fn many_who_wait_for_a_new_key_wait_for_one_fetch() {
    let upstream = Upstream::saying(set("good"));
    let service = fetching(&upstream, "refresh = \"1h\"\ninterval = \"1s\"").start();
    assert_eq!(renew(&service, &token("ES256")).status, 200);
    upstream.say(set("rotated").late(Duration::from_millis(700)));
    // As long as the interval asks for after the fetch at the start.
    let fetched = Instant::now();
    wait_for("the interval to pass", || fetched.elapsed() > Duration::from_millis(1100));
    let new = vectors()["rotated"].as_str().unwrap().to_owned();
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| assert_eq!(renew(&service, &new).status, 200));
        }
    });
    assert_eq!(upstream.count(), 2);
}

#[test]
fn an_issuer_that_is_away_at_the_start_is_waited_for() {
    let upstream = Upstream::saying(Reply::new("500 Internal Server Error", "", ""));
    let service = fetching(&upstream, "").start();
    assert_unavailable(&service, &renew(&service, &token("ES256")), "no keys yet");
    assert_unavailable(&service, &renew(&service, "nonsense"), "nor can nonsense be told from sense");
    let ready = service.ask(get("/readyz"));
    assert_eq!((ready.status, ready.json()["reason"].as_str()), (503, Some("session_provider_unavailable")));
    assert_eq!(service.ask(get("/healthz")).status, 200);
    service.log_with("it answered 500");
    upstream.say(set("good"));
    wait_for("the keys", || renew(&service, &token("ES256")).status == 200);
    assert_eq!(service.ask(get("/readyz")).status, 200);
}

#[test]
fn nonsense_is_no_key_set() {
    let keys = |count: usize| Value::from(vec![vectors()["sets"]["rotated"]["keys"][0].clone(); count]);
    let huge = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(64 * 1024));
    let elsewhere = Upstream::saying(set("good"));
    let redirect = format!("Location: {}\r\n", elsewhere.url("/jwks.json"));
    for (reply, reason) in [
        (Reply::json("<html>"), "not one JSON object"),
        (Reply::json("[]"), "not one JSON object"),
        (Reply::json("{\"keys\":[],\"keys\":[]}"), "without duplicate members"),
        (Reply::json("{}"), "it has no list `keys`"),
        (Reply::json("{\"keys\":{}}"), "it has no list `keys`"),
        (Reply::json("{\"keys\":[1]}"), "something that is no key"),
        (Reply::json(json!({"keys": keys(33)})), "more than 32 keys"),
        (Reply::json("{\"keys\":[]}"), "no key that can be used"),
        (Reply::json(json!({"keys": keys(2)})), "another key has the same `kid`"),
        (Reply::json(huge), "more than 65536 bytes"),
        (Reply::new("302 Found", &redirect, ""), "redirects elsewhere (302)"),
        (Reply::new("204 No Content", "", ""), "it answered 204"),
        (Reply::new("404 Not Found", "", ""), "it answered 404"),
        (Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()), "cannot be reached"),
        (Reply::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec()), "cannot be reached"),
        (Reply::Bytes(Vec::new()), "cannot be reached"),
    ] {
        let upstream = Upstream::saying(reply);
        let service = fetching(&upstream, "").start();
        let answer = renew(&service, &token("ES256"));
        assert_unavailable(&service, &answer, reason);
        service.log_with(reason);
    }
    assert_eq!(elsewhere.count(), 0, "a redirect was followed");
}

#[test]
fn an_issuer_that_never_answers_holds_nobody_up_for_long() {
    let upstream = Upstream::saying(Reply::Never);
    let service = fetching(&upstream, "").start();
    upstream.wait_for_requests(1);
    let began = Instant::now();
    assert_unavailable(&service, &renew(&service, &token("ES256")), "it never answers");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    service.log_with("it did not answer in full within 2 s");
}

#[test]
fn keys_that_cannot_be_used_are_left_out_and_said_why() {
    let made = vectors();
    let unusable = made["sets"]["unusable"].as_array().unwrap();
    let mut keys: Vec<Value> = unusable.iter().map(|row| row["key"].clone()).collect();
    let upstream = Upstream::saying(Reply::json(json!({"keys": keys})));
    let service = fetching(&upstream, "refresh = \"1s\"").start();
    assert_unavailable(&service, &renew(&service, &token("ES256")), "not one of them");
    let log = service.log_with("no key that can be used");
    for row in unusable {
        assert!(log.contains(row["reason"].as_str().unwrap()), "{row}");
        // What is secret in a key that should not be there stays out of the log.
        for member in ["d", "k"] {
            assert!(row["key"][member].as_str().is_none_or(|secret| !log.contains(secret)), "{row}");
        }
    }
    assert!(unusable.len() >= 17);
    keys.push(made["sets"]["good"]["keys"][2].clone());
    upstream.say(Reply::json(json!({"keys": keys})));
    wait_for("the one that can", || renew(&service, &token("ES256")).status == 200);
}

#[test]
fn the_last_set_is_used_while_the_issuer_is_away_and_not_for_ever() {
    let upstream = Upstream::saying(set("good"));
    let service = fetching(&upstream, "refresh = \"1s\"\nmax_stale = \"3s\"").start();
    assert_eq!(renew(&service, &token("ES256")).status, 200);
    upstream.say(Reply::new("503 Service Unavailable", "", ""));
    service.log_with("the last one is used");
    assert_eq!(renew(&service, &token("ES256")).status, 200, "stale, and not too old");
    wait_for("the set to be too old", || renew(&service, &token("ES256")).status == 503);
    assert_unavailable(&service, &renew(&service, &token("ES256")), "too old");
    assert_eq!(service.ask(get("/readyz")).status, 503);
    upstream.say(set("good"));
    wait_for("the keys", || renew(&service, &token("ES256")).status == 200);
    service.log_with("the key set can be fetched again");
}

#[test]
fn tickets_are_verified_by_fetched_keys_as_well() {
    let keys: Value = serde_json::from_str(include_str!("../vectors/jwts/keys.json")).unwrap();
    let ticket = |key: &str, jti: &str| {
        let claims = json!({
            "iss": "https://www.example.com", "aud": "https://listen.example.com", "sub": "listener-7",
            "jti": jti, "iat": now(), "exp": now() + 30,
        });
        let header = Header { kid: Some(key.to_owned()), ..Header::new(jsonwebtoken::Algorithm::ES256) };
        let private = keys["keys"][key]["private"].as_str().unwrap();
        encode(&header, &claims, &EncodingKey::from_ec_pem(private.as_bytes()).unwrap()).unwrap()
    };
    let upstream = Upstream::saying(Reply::new("500 Internal Server Error", "", ""));
    let section = format!(
        "[ticket]\nissuer = \"https://www.example.com\"\naudience = \"https://listen.example.com\"\n\
         [ticket.jwks]\nurl = \"{}\"\ninterval = \"1s\"\n",
        upstream.url("/jwks.json")
    );
    let service = Setup::new().shared_only().without_tickets().section(section.leak()).start();
    assert_unavailable(&service, &service.redeem(&ticket("es", "1")), "no keys yet");
    assert_eq!(service.ask(get("/readyz")).status, 503);
    upstream.say(set("good"));
    wait_for("the keys", || service.ask(get("/readyz")).status == 200);
    assert_eq!(service.redeem(&ticket("es", "1")).status, 303, "it was not used up before");
    service.assert_refused(&service.redeem(&ticket("es", "1")), 401, "ticket_refused", "used before");
    service.assert_refused(&service.redeem(&ticket("es2", "2")), 401, "ticket_refused", "unknown key");
    upstream.say(set("rotated"));
    wait_for("the new key", || {
        service.redeem(&ticket("es2", "3")).status == 303 || {
            thread::sleep(Duration::from_millis(100));
            false
        }
    });
    service.assert_refused(&service.redeem(&ticket("es", "4")), 401, "ticket_refused", "its key has left");
}

#[test]
fn over_tls_the_issuers_certificate_has_to_be_by_a_trusted_authority() {
    needs!("openssl");
    let authority = Authority::new();
    let body = vectors()["sets"]["good"].to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let server = WebServer::answering(&answer, &authority);
    let configured = |host: &str, ca: &str| {
        let made = vectors();
        let section = format!(
            "[jwt]\ncookie = \"token\"\nissuer = {}\naudience = {}\n\
             [jwt.jwks]\nurl = \"{}\"\n{ca}\n",
            made["issuer"],
            made["audience"],
            server.url(host),
        );
        let setup = Setup::new().shared_only().without_tickets().section(section.leak());
        std::fs::write(setup.path("ca.pem"), authority.certificate()).unwrap();
        setup
    };
    let ours = "ca = { file = \"ca.pem\" }";
    for host in ["localhost", "127.0.0.1"] {
        let service = configured(host, ours).start();
        wait_for("the keys", || renew(&service, &token("ES256")).status == 200);
    }
    let service = configured("localhost", "").start();
    assert_unavailable(&service, &renew(&service, &token("ES256")), "the system does not know it");
    service.log_with("the key set cannot be fetched: nobody gets in");
    let stranger = Authority::new();
    let setup = configured("localhost", ours);
    std::fs::write(setup.path("ca.pem"), stranger.certificate()).unwrap();
    let service = setup.start();
    assert_unavailable(&service, &renew(&service, &token("ES256")), "by another authority");
    service.log_with("invalid peer certificate");
}
