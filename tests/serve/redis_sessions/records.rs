use serde_json::{Value, json};

use super::{App, EXPRESS, record};
use crate::programs::needs;
use crate::support::{MARKER, now};

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
