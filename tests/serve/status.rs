use serde_json::Value;

use crate::support::{Answer, SESSION_SECRET, Setup, content, get, now, seal};

#[test]
fn it_says_what_a_renewal_would_give_and_gives_nothing() {
    let service = Setup::new().sessions(&[SESSION_SECRET], "").start();
    let session = service.session();
    // A renewal in another second may give other times.
    let told = |answer: Answer| {
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let mut json = answer.json();
        let at = json["now"].take();
        (json, at, answer.all("set-cookie").count())
    };
    let (stated, renewed) = loop {
        let (stated, renewed) = (told(service.status(&session)), told(service.renew(&session)));
        if stated.1 == renewed.1 {
            break (stated, renewed);
        }
    };
    assert_eq!(stated.0, renewed.0);
    assert_eq!((stated.2, renewed.2), (0, 20));
    let names: Vec<&Value> =
        stated.0["grants"].as_array().unwrap().iter().map(|grant| &grant["name"]).collect();
    assert_eq!(names, ["podcasts", "downloads", "shows", "near"]);
    assert_eq!(stated.0["grants"][1]["resource"], "https://cdn.example.com/downloads/listener-7/*");
    for grant in stated.0["grants"].as_array().unwrap() {
        let [renew, expire] = ["renew_at", "expires_at"].map(|name| grant[name].as_i64().unwrap());
        assert!(now() < renew && renew < expire && expire <= now() + 360, "{grant}");
    }
}

#[test]
fn whoever_has_no_session_or_no_grant_is_told_so() {
    let service = Setup::new().own_grant_only().sessions(&[SESSION_SECRET], "").start();
    service.assert_entering();
    let origin = "Sec-Fetch-Site: same-origin\r\nHost";
    let answer = service.ask(get("/status").replace("Host", origin));
    answer.assert_refusal(401, "session_refused", "no cookie");
    let mut strange = content(10, 5);
    strange["sub"] = "a/b".into();
    let sealed = seal(&strange);
    for answer in [service.status(&sealed), service.renew(&sealed)] {
        answer.assert_refusal(403, "no_grant", "a subject that fits no resource");
    }
    let closed = Setup::new().without_tickets().start();
    closed.assert_refused(&closed.status("x"), 401, "session_refused", "no provider");
}
