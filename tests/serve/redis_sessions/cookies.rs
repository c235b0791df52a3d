use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{App, EXPRESS, SECRET, cookie, record, signed};
use crate::programs::needs;
use crate::support::MARKER;

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
