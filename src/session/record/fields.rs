//! What a record says of the listener.

use serde_json::{Map, Value};

use super::super::strict_json::{JsonRefusal, parse_object};
use super::super::{Session, Subject};
use super::Pointer;
use super::moment::epoch_seconds;

/// The app's clock may be ahead by so many seconds.
const CLOCK_TOLERANCE: i64 = 60;

/// Where in a record, one JSON object, everything stands. What is left out is not asked for.
#[derive(Clone, Debug)]
pub struct RecordFields {
    /// Who is logged in: a text, or a whole number, which becomes its digits.
    pub subject: Pointer,
    /// Claims by name. One whose pointer leads to nothing is not there.
    pub claims: Vec<(String, Pointer)>,
    /// Must be `true` or 1, or the text of one of these.
    pub logged_in: Option<Pointer>,
    /// When the session began: seconds, milliseconds or RFC 3339.
    pub started: Option<Pointer>,
    /// When the session ends, in the same forms. One that the record leaves out ends with the record.
    pub expires: Option<Pointer>,
}

impl RecordFields {
    /// The longest record, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// The session that a record describes at the second `now`, still without an id; or the reason why it is none.
    pub(in crate::session) fn read(&self, record: &[u8], now: i64) -> Result<Session, &'static str> {
        if record.len() > Self::MAX_BYTES {
            return Err("record_too_large");
        }
        let members = parse_object(record).map_err(|refusal| match refusal {
            JsonRefusal::DuplicateMember => "duplicate_member",
            JsonRefusal::Malformed => "malformed_record",
        })?;
        self.find_in(&Value::Object(members), now)
    }

    /// The same for a record that was read as JSON.
    pub(in crate::session) fn find_in(&self, record: &Value, now: i64) -> Result<Session, &'static str> {
        if self.logged_in.as_ref().is_some_and(|pointer| !pointer.find(record).is_some_and(is_yes)) {
            return Err("not_logged_in");
        }
        let subject = self.subject.find(record).ok_or("no_subject")?;
        let subject = name_of(subject).ok_or("malformed_subject")?;
        let until = time_at(self.expires.as_ref(), record).ok_or("malformed_expiry")?;
        if until.is_some_and(|until| until <= now) {
            return Err("expired");
        }
        let started = time_at(self.started.as_ref(), record).ok_or("malformed_start")?;
        // No revocation would ever reach what is still to begin.
        let started = started.filter(|started| *started <= now.saturating_add(CLOCK_TOLERANCE));
        let claim = |(name, pointer): &(String, Pointer)| Some((name.clone(), pointer.find(record)?.clone()));
        let claims: Map<String, Value> = self.claims.iter().filter_map(claim).collect();
        Ok(Session { started, until, ..Session::new(subject, claims) })
    }
}

/// Less than JavaScript takes for true: there, the text "false" would be.
fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_u64() == Some(1),
        Value::String(text) => text == "true" || text == "1",
        _ => false,
    }
}

/// A subject: a text, or a whole number, which becomes its digits.
pub(in crate::session) fn name_of(value: &Value) -> Option<Subject> {
    match value {
        Value::String(name) => Subject::parse(name).ok(),
        // A fraction names nobody, and a number so large has lost digits on its way.
        Value::Number(number) if number.is_u64() || number.is_i64() => {
            Subject::parse(&number.to_string()).ok()
        }
        _ => None,
    }
}

/// The time that a pointer leads to; `Some(None)` if there is no pointer, or nothing there.
fn time_at(pointer: Option<&Pointer>, record: &Value) -> Option<Option<i64>> {
    match pointer.and_then(|pointer| pointer.find(record)) {
        Some(value) => epoch_seconds(value).map(Some),
        None => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn pointer(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    fn fields() -> RecordFields {
        RecordFields {
            subject: pointer("/user/id"),
            claims: vec![
                ("plan".to_owned(), pointer("/user/plan")),
                ("roles".to_owned(), pointer("/user/roles")),
                ("first_role".to_owned(), pointer("/user/roles/0")),
            ],
            logged_in: Some(pointer("/user/isLoggedIn")),
            started: Some(pointer("/createdAt")),
            expires: Some(pointer("/cookie/expires")),
        }
    }

    fn read(record: &Value) -> Result<Session, &'static str> {
        fields().read(record.to_string().as_bytes(), NOW)
    }

    #[test]
    fn the_records_that_the_npm_packages_write_are_read() {
        let made: Value = serde_json::from_str(include_str!("../../../tests/apps/sessions.json")).unwrap();
        for case in made["sessions"].as_array().unwrap() {
            let record = case["record"].as_str().unwrap();
            let session = fields().read(record.as_bytes(), made["made"].as_i64().unwrap()).unwrap();
            assert_eq!(session.subject.as_str(), "4217", "{record}");
            let claims = json!({"plan": "premium", "roles": ["listener", "host"], "first_role": "listener"});
            assert_eq!(Value::Object(session.claims), claims);
            let expires = serde_json::from_str::<Value>(record).unwrap()["cookie"]["expires"].take();
            assert_eq!(session.until, epoch_seconds(&expires), "{record}");
            assert_eq!((session.started, session.id), (None, None));
        }
    }

    #[test]
    fn a_lucia_record_needs_no_more_than_the_subject() {
        let fields = RecordFields {
            subject: pointer("/user_id"),
            claims: Vec::new(),
            logged_in: None,
            started: None,
            expires: Some(pointer("/expires_at")),
        };
        let record = json!({"id": "0a1b", "user_id": "u-17", "expires_at": NOW + 1});
        let session = fields.read(record.to_string().as_bytes(), NOW).unwrap();
        assert_eq!((session.subject.as_str(), session.until), ("u-17", Some(NOW + 1)));
        assert_eq!(fields.read(record.to_string().as_bytes(), NOW + 1), Err("expired"));
    }

    #[test]
    fn a_record_in_which_nobody_is_logged_in_is_no_session() {
        let user = |member: &str, value: Value| {
            let mut record = json!({"user": {"id": "u-17", "isLoggedIn": true}});
            record["user"][member] = value;
            record
        };
        for yes in [json!(true), json!(1), json!("true"), json!("1")] {
            assert!(read(&user("isLoggedIn", yes.clone())).is_ok(), "{yes}");
        }
        for no in [
            json!(false),
            json!(null),
            json!(0),
            json!(-1),
            json!(1.5),
            json!(""),
            json!("false"),
            json!("yes"),
            json!("True"),
            json!([true]),
            json!({}),
        ] {
            assert_eq!(read(&user("isLoggedIn", no.clone())), Err("not_logged_in"), "{no}");
        }
        for (id, subject) in
            [(json!("a/b é"), "a/b é"), (json!(0), "0"), (json!(u64::MAX), "18446744073709551615")]
        {
            assert_eq!(read(&user("id", id)).unwrap().subject.as_str(), subject);
        }
        for (id, reason) in [
            (json!(null), "no_subject"),
            (json!(""), "malformed_subject"),
            (json!("a\nb"), "malformed_subject"),
            (json!("a".repeat(257)), "malformed_subject"),
            (json!(1.5), "malformed_subject"),
            (json!(1e300), "malformed_subject"),
            (json!(true), "malformed_subject"),
            (json!(["u-17"]), "malformed_subject"),
            (json!({"id": "u-17"}), "malformed_subject"),
        ] {
            assert_eq!(read(&user("id", id.clone())), Err(reason), "{id}");
        }
        for (record, reason) in [
            (json!({}), "not_logged_in"),
            (json!({"user": null}), "not_logged_in"),
            (json!({"user": "u-17"}), "not_logged_in"),
            (json!({"user": [{"id": "u-17", "isLoggedIn": true}]}), "not_logged_in"),
            (json!({"user": {"isLoggedIn": true}}), "no_subject"),
        ] {
            assert_eq!(read(&record), Err(reason), "{record}");
        }
    }

    #[test]
    fn times_end_a_session_or_refuse_it() {
        let with = |expires: Value, created: Value| {
            read(&json!({
                "user": {"id": 1, "isLoggedIn": true}, "cookie": {"expires": expires}, "createdAt": created,
            }))
        };
        for (created, started) in
            [(NOW, Some(NOW)), (NOW + 60, Some(NOW + 60)), (NOW + 61, None), (NOW + 86_400, None)]
        {
            let session = with(json!(NOW + 60), json!(created)).unwrap();
            assert_eq!(session.started, started, "what is still to come is no beginning");
        }
        let session = with(json!((NOW + 60) * 1000 + 999), json!("2026-11-21T11:59:20.751Z")).unwrap();
        assert_eq!((session.until, session.started), (Some(NOW + 60), Some(1_795_262_360)));
        assert_eq!(with(json!(NOW + 1), json!(null)).unwrap().until, Some(NOW + 1));
        for expired in [json!(NOW), json!(NOW * 1000 + 999), json!(0), json!("1970-01-01T00:00:00Z")] {
            assert_eq!(with(expired.clone(), json!(NOW)), Err("expired"), "{expired}");
        }
        for bad in [json!("soon"), json!(true), json!([]), json!(-1)] {
            assert_eq!(with(bad.clone(), json!(NOW)), Err("malformed_expiry"), "{bad}");
            assert_eq!(with(json!(NOW + 1), bad.clone()), Err("malformed_start"), "{bad}");
        }
    }

    #[test]
    fn bytes_that_are_no_record_are_refused() {
        let good = r#"{"user":{"id":1,"isLoggedIn":true}}"#;
        let sized = |size: usize| format!("{good}{}", " ".repeat(size - good.len()));
        assert!(fields().read(sized(RecordFields::MAX_BYTES).as_bytes(), NOW).is_ok());
        let nested = |depth: usize| {
            format!(
                r#"{{"user":{{"id":1,"isLoggedIn":true}},"x":{}{}}}"#,
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        assert!(fields().read(nested(100).as_bytes(), NOW).is_ok());
        for (record, reason) in [
            (sized(RecordFields::MAX_BYTES + 1), "record_too_large"),
            (nested(200), "malformed_record"),
            (nested(30_000), "malformed_record"),
            (String::new(), "malformed_record"),
            ("null".to_owned(), "malformed_record"),
            (format!("[{good}]"), "malformed_record"),
            (format!("{good}{good}"), "malformed_record"),
            ("a:1:{s:4:\"user\";i:1;}".to_owned(), "malformed_record"),
            (r#"{"user":{"id":1,"isLoggedIn":false,"isLoggedIn":true}}"#.to_owned(), "duplicate_member"),
        ] {
            let shown = &record[..record.len().min(60)];
            assert_eq!(fields().read(record.as_bytes(), NOW), Err(reason), "{shown}");
        }
        assert_eq!(fields().read(b"{\"user\":\"\xff\"}", NOW), Err("malformed_record"));
    }
}
