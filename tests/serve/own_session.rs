//! The cookie of a session of our own.

use serde_json::{Value, json};

use crate::support::{
    Answer, MARKER, SAME_SITE, SESSION_COOKIE, SESSION_SECRET, Service, Setup, Ticket, content, now, post,
    seal, seal_as, unseal, wait_for,
};

const OTHER_SECRET: &str = "an0ther-secret-of-the-sessions-in-this-test";

/// `POST /renew` with these header lines.
fn renew_with(service: &Service, cookies: &str) -> Answer {
    service.ask(post("/renew", &format!("{SAME_SITE}{cookies}"), ""))
}

fn with(mut content: Value, member: &str, value: impl Into<Value>) -> Value {
    content[member] = value.into();
    content
}

#[test]
fn the_cookie_is_for_this_host_alone_and_says_no_more_than_is_needed() {
    let service = Setup::new().sessions(&[SESSION_SECRET], "").start();
    let ticket = Ticket::of("listener-7").with("sid", "session-7").with("diagnosis", "confidential");
    let entered = service.redeem(&ticket.sign());
    let set: Vec<&str> = entered.all("set-cookie").filter(|value| value.starts_with("__Host-")).collect();
    let [set] = set[..] else { panic!("one cookie of our own: {set:?}") };
    let mut attributes: Vec<&str> = set.split("; ").skip(1).collect();
    attributes.sort_unstable();
    let max_age = attributes.iter().position(|attribute| attribute.starts_with("Max-Age=")).unwrap();
    let max_age: i64 = attributes.remove(max_age).strip_prefix("Max-Age=").unwrap().parse().unwrap();
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    assert!((7190..=7200).contains(&max_age), "{max_age}");
    assert!(set.len() < 4096);

    let sealed = entered.cookie(SESSION_COOKIE).unwrap();
    let mut held = unseal(SESSION_SECRET, sealed);
    let seen = held["seen"].take().as_i64().unwrap();
    assert!((0..=20).contains(&(now() - seen)), "{seen}");
    let expected = json!({
        "v": 1, "id": "zvi85UnNwFDLPaMPVnJCaw", "sub": "listener-7", "start": ticket.claims["iat"], "seen": null,
        "claims": {"show": "evening-news"},
    });
    assert_eq!(held, expected, "{{claim:show}} is all that a grant asks for");
    assert_eq!(service.renew(sealed).json()["grants"].as_array().unwrap().len(), 4);
}

#[test]
fn sessions_without_a_name_get_one_each() {
    let service = Setup::with_sessions().start();
    let [one, other] = [0, 1].map(|_| unseal(SESSION_SECRET, &service.session())["id"].clone());
    assert_eq!(one.as_str().unwrap().len(), 22);
    assert_ne!(one, other);
}

#[test]
fn without_the_section_a_ticket_starts_no_session() {
    let service = Setup::new().start();
    let entered = service.redeem(&Ticket::of("listener-7").sign());
    assert_eq!((entered.status, entered.cookie(SESSION_COOKIE)), (303, None));
    for answer in [service.renew(&seal(&content(0, 0))), service.status(MARKER), renew_with(&service, "")] {
        service.assert_refused(&answer, 401, "session_refused", "there are no sessions");
    }
    assert_eq!(service.leave(MARKER).status, 204, "leaving needs none");
}

#[test]
fn what_proves_nothing_is_refused_and_all_of_it_alike() {
    let service = Setup::with_sessions().start();
    let good = seal(&content(10, 5));
    assert_eq!(service.renew(&good).status, 200, "the sessions made here are as the service makes them");
    let fresh = service.session();
    let (half, last) = (fresh.len() / 2, fresh.len() - 1);
    let flipped = |at: usize| {
        let mut bytes = fresh.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let one = |value: &str| format!("Cookie: {SESSION_COOKIE}={value}\r\n");
    let rows = [
        ("no cookie", String::new()),
        ("cookies of others only", format!("Cookie: session={MARKER}; CloudFront-Policy={MARKER}\r\n")),
        ("empty", one("")),
        ("garbage", one(MARKER)),
        ("only a nonce", one("AAAAAAAAAAAAAAAA")),
        ("not base64", one("%00%ff!!")),
        ("quoted", one(&format!("\"{fresh}\""))),
        ("percent-encoded", one(&format!("%{:02x}{}", fresh.as_bytes()[0], &fresh[1..]))),
        ("with another nonce", one(&flipped(0))),
        ("tampered with", one(&flipped(half))),
        ("with another tag", one(&flipped(last - 3))),
        ("truncated", one(&fresh[..half / 4 * 4])),
        ("without its last byte", one(&fresh[..last])),
        ("prolonged", one(&format!("{fresh}AAAA"))),
        ("twice itself", one(&format!("{fresh}{fresh}"))),
        ("long", one(&"A".repeat(8000))),
        ("two values alike", format!("Cookie: {SESSION_COOKIE}={fresh}; {SESSION_COOKIE}={fresh}\r\n")),
        ("two values", format!("Cookie: {SESSION_COOKIE}={fresh}; {SESSION_COOKIE}={MARKER}\r\n")),
        (
            "two values, the good one last",
            format!("Cookie: {SESSION_COOKIE}={MARKER}; {SESSION_COOKIE}={fresh}\r\n"),
        ),
        ("two lines", one(&fresh).repeat(2)),
        ("under another name", format!("Cookie: __Host-edgemint2={fresh}; edgemint={fresh}\r\n")),
        ("in lower case", format!("Cookie: __host-edgemint={fresh}\r\n")),
        ("as a bearer", format!("Authorization: Bearer {fresh}\r\n")),
        // The prefix begins no such name for a browser, which takes the cookie from any host of the same site.
        ("behind a space that is not ASCII", format!("Cookie: \u{2000}{SESSION_COOKIE}={fresh}\r\n")),
        ("behind a next line", format!("Cookie: a=b; \u{85}{SESSION_COOKIE}={fresh}\r\n")),
        ("before a space that is not ASCII", format!("Cookie: {SESSION_COOKIE}\u{a0}={fresh}\r\n")),
        ("with a value behind such a space", one(&format!("\u{3000}{fresh}"))),
    ];
    let alike = renew_with(&service, "").constant_part();
    for (what, cookies) in rows {
        let answer = renew_with(&service, &cookies);
        service.assert_refused(&answer, 401, "session_refused", what);
        assert_eq!(answer.constant_part(), alike, "{what}");
    }
    assert_eq!(service.renew(&fresh).status, 200, "none of them harmed the session");
    let beside = format!("Cookie: \u{2000}{SESSION_COOKIE}={MARKER}; {SESSION_COOKIE}={fresh}\r\n");
    assert_eq!(renew_with(&service, &beside).status, 200, "nor can a sibling host's cookie");
}

#[test]
fn what_is_sealed_rightly_must_still_be_a_session() {
    let service = Setup::with_sessions().start();
    let good = content(10, 5);
    let text = |text: &str| seal_as(SESSION_SECRET, SESSION_COOKIE, text.as_bytes());
    let rows = [
        ("by another secret", seal_as(OTHER_SECRET, SESSION_COOKIE, good.to_string().as_bytes())),
        ("for another cookie", seal_as(SESSION_SECRET, "__Host-other", good.to_string().as_bytes())),
        ("of an hour too old", seal(&content(25 * 3600, 5))),
        ("a second too old", seal(&content(86_400, 5))),
        ("idle for a second too long", seal(&content(8000, 7200))),
        ("begun in two minutes", seal(&content(-120, 5))),
        ("seen in two minutes", seal(&content(10, -120))),
        ("begun in far future", seal(&with(good.clone(), "start", i64::MAX))),
        ("seen in far future", seal(&with(good.clone(), "seen", i64::MAX))),
        ("begun before all time", seal(&with(good.clone(), "start", i64::MIN))),
        ("seen before all time", seal(&with(good.clone(), "seen", i64::MIN))),
        ("with a time in text", seal(&with(good.clone(), "start", "0"))),
        ("with a time in fractions", seal(&with(good.clone(), "seen", now() as f64 + 0.5))),
        ("of another version", seal(&with(good.clone(), "v", 2))),
        ("of no version", seal(&with(good.clone(), "v", Value::Null))),
        ("with more than there is", seal(&with(good.clone(), "admin", true))),
        ("of nobody", seal(&with(good.clone(), "sub", ""))),
        ("of somebody with a line break", seal(&with(good.clone(), "sub", "a\nb"))),
        ("of somebody with a long name", seal(&with(good.clone(), "sub", "a".repeat(257)))),
        ("of a number", seal(&with(good.clone(), "sub", 7))),
        ("without an id", seal(&with(good.clone(), "id", ""))),
        ("with an id of its own making", seal(&with(good.clone(), "id", MARKER))),
        ("with claims that are none", seal(&with(good.clone(), "claims", json!([])))),
        ("nothing", text("")),
        ("no JSON", text(MARKER)),
        ("a list", text("[1]")),
        ("half of it", text(&good.to_string()[..40])),
        ("twice it", text(&format!("{good}{good}"))),
        ("with a member twice", text(&good.to_string().replacen("{\"", "{\"sub\":\"x\",\"", 1))),
        ("not UTF-8", seal_as(SESSION_SECRET, SESSION_COOKIE, b"\xff\xfe")),
    ];
    let alike = renew_with(&service, "").constant_part();
    for (what, sealed) in rows {
        for answer in [service.renew(&sealed), service.status(&sealed)] {
            service.assert_refused(&answer, 401, "session_refused", what);
        }
        assert_eq!(service.renew(&sealed).constant_part(), alike, "{what}");
    }
    assert_eq!(service.renew(&seal(&good)).status, 200);
}

#[test]
fn a_renewal_moves_the_idle_time_and_never_the_end() {
    let service = Setup::with_sessions().start();
    // Half an hour before it would have been left alone for too long.
    let old = content(6000, 5400);
    let answer = service.renew(&seal(&old));
    let renewed = answer.cookie(SESSION_COOKIE).expect("sealed anew");
    let mut held = unseal(SESSION_SECRET, renewed);
    let seen = held["seen"].as_i64().unwrap();
    assert!((0..=20).contains(&(now() - seen)), "{held}");
    held["seen"] = old["seen"].clone();
    assert_eq!(held, old, "nothing else has changed");
    assert_eq!(answer.json()["session_ends_at"], seen + 7200);
    assert_eq!(service.renew(renewed).status, 200);

    // A day but ten minutes after it began.
    let last = content(86_400 - 600, 5400);
    let answer = service.renew(&seal(&last));
    let end = last["start"].as_i64().unwrap() + 86_400;
    assert_eq!(answer.json()["session_ends_at"], end, "the absolute age");
    assert_eq!(
        answer.cookie(SESSION_COOKIE),
        None,
        "which no renewal moves, and it came before the idle time"
    );
    let stated = service.status(&seal(&old));
    assert!(stated.json()["session_ends_at"].as_i64().unwrap() >= seen + 7200, "as a renewal now would give");
    assert_eq!(stated.all("set-cookie").count(), 0);
}

#[test]
fn a_clock_that_is_a_little_behind_shuts_nobody_out_and_prolongs_nothing() {
    let service = Setup::with_sessions().start();
    let ahead = content(-30, -30);
    let answer = service.renew(&seal(&ahead));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["session_ends_at"], ahead["seen"].as_i64().unwrap() + 7200);
    assert_eq!(answer.cookie(SESSION_COOKIE), None);
}

#[test]
fn a_session_ends_by_itself() {
    let absolute = Setup::new().shared_only().sessions(&[SESSION_SECRET], "max_age = \"2s\"").start();
    let idle = Setup::new().shared_only().sessions(&[SESSION_SECRET], "idle = \"2s\"").start();
    for service in [absolute, idle] {
        let session = service.session();
        let mut answer = service.renew(&session);
        wait_for("the end of a session", || {
            answer = service.renew(&session);
            answer.status != 200
        });
        service.assert_refused(&answer, 401, "session_refused", "it has ended");
        assert_eq!(service.leave(&session).status, 204);
        service.assert_entering();
    }
}

#[test]
fn the_secret_can_be_changed_while_sessions_live_on() {
    let start = |secrets: &[&str]| Setup::new().shared_only().sessions(secrets, "").start();
    let before = start(&[SESSION_SECRET]);
    let session = before.session();
    let during = start(&[OTHER_SECRET, SESSION_SECRET]);
    assert_eq!(during.renew(&session).status, 200, "both open");
    let renewed = during.renew(&seal(&content(6000, 5400)));
    let renewed = renewed.cookie(SESSION_COOKIE).unwrap();
    assert_eq!(unseal(OTHER_SECRET, renewed)["sub"], "listener-7", "the first seals");
    assert_eq!(unseal(OTHER_SECRET, &during.session())["sub"], "listener-7");
    let after = start(&[OTHER_SECRET]);
    assert_eq!(after.renew(renewed).status, 200);
    for service in [&after, &before] {
        let old = if std::ptr::eq(service, &after) { &session } else { renewed };
        service.assert_refused(&service.renew(old), 401, "session_refused", "by a secret that it has not");
    }
}

#[test]
fn a_session_that_does_not_fit_is_refused_and_the_ticket_kept() {
    let service = Setup::new().sessions(&[SESSION_SECRET], "").start();
    // Shorter in a ticket than in a cookie.
    let numbers = format!("[{}]", ["1e9"; 250].join(","));
    let show: Value = serde_json::from_str(&numbers).unwrap();
    let large = || Ticket::of("listener-7").with("show", show.clone());
    let claims = large().claims.to_string().replace("1000000000.0", "1e9");
    let ticket = crate::support::sign_ticket(crate::support::TICKET_SECRET, crate::support::HS256, &claims);
    assert!(ticket.len() < 4096);
    for _ in 0..2 {
        let answer = service.redeem(&ticket);
        service.assert_refused(&answer, 400, "session_too_large", "a claim that takes too much");
    }
    // Browsers would keep this one, and proxies would not pass it on beside the cookies of four grants.
    let wide = Ticket::of("listener-7").with("show", "x".repeat(2500)).sign();
    let answer = service.redeem(&wide);
    service.assert_refused(&answer, 400, "session_too_large", "with the cookies of all grants");
    // What no grant asks for does not count.
    let other = Ticket::of("listener-7").with("other", "x".repeat(2000)).sign();
    assert_eq!(service.redeem(&other).status, 303);
}

#[test]
fn neither_the_subject_nor_a_claim_is_logged() {
    let service = Setup::new().sessions(&[SESSION_SECRET], "").logging("debug").start();
    let session = service.session_of(&Ticket::of(MARKER).with("show", MARKER).with("sid", MARKER));
    for answer in [service.renew(&session), service.status(&session), service.leave(&session)] {
        assert!(answer.status < 300);
        service.log_line(&answer);
    }
    let refused = service.renew(&session);
    service.assert_refused(&refused, 401, "session_refused", "it was ended");
    assert!(!service.log().contains(MARKER), "{}", service.log());
}

#[test]
fn a_cookie_that_only_looks_like_ours_is_not_ours() {
    let service = Setup::with_sessions().start();
    let session = seal(&content(10, 5));
    assert_eq!(renew_with(&service, &format!("Cookie: {SESSION_COOKIE}={session}\r\n")).status, 200);
    // Browsers guard __Host- names, and let any host of the site set one with a space of Unicode before it, for all
    // the others: whoever trims those spaces takes a session that another host chose.
    for space in ["\u{85}", "\u{a0}", "\u{2000}", "\u{2028}", "\u{3000}", "\u{b}", "\u{c}"] {
        for name in [format!("{space}{SESSION_COOKIE}"), format!("{SESSION_COOKIE}{space}")] {
            let chosen = renew_with(&service, &format!("Cookie: {name}={session}\r\n"));
            assert!([400, 401].contains(&chosen.status), "{name:?}: {}", chosen.status);
            assert_eq!(chosen.header("set-cookie"), None, "{name:?}");
        }
        if !space.is_ascii() {
            let both = format!("Cookie: {SESSION_COOKIE}={session}; {space}{SESSION_COOKIE}=x\r\n");
            assert_eq!(renew_with(&service, &both).status, 200, "{space:?}: nor can it sign anybody out");
        }
    }
}
