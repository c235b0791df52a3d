use std::collections::BTreeSet;

use crate::support::{
    Answer, MARKER, SAME_SITE, SESSION_COOKIE, SESSION_SECRET, Service, Setup, Ticket, content, get, post,
    seal,
};

/// (name, Domain, Path) of a cookie.
fn identity(cookie: &str) -> (String, String, String) {
    let attribute = |name: &str| {
        let found = cookie.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_default().to_owned()
    };
    (cookie.split('=').next().unwrap().to_owned(), attribute("Domain"), attribute("Path"))
}

fn assert_deletes_everything(answer: &Answer, set: &BTreeSet<(String, String, String)>) {
    let removed: BTreeSet<_> = answer.all("set-cookie").map(identity).collect();
    assert!(removed.is_superset(set), "{:?}", set.difference(&removed).collect::<Vec<_>>());
    assert_eq!(removed.len(), answer.all("set-cookie").count(), "each once");
    for cookie in answer.all("set-cookie") {
        assert!(cookie.contains("=; ") && cookie.contains("; Max-Age=0"), "{cookie}");
        assert!(cookie.contains("; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), "{cookie}");
        let ours = cookie.starts_with("__Host-");
        assert!(!ours || (cookie.contains("; Secure") && !cookie.contains("Domain")), "{cookie}");
    }
}

/// Every cookie that is there after entering and a renewal.
fn cookies_of(service: &Service) -> BTreeSet<(String, String, String)> {
    let entered = service.redeem(&Ticket::of("listener-7").sign());
    let renewed = service.renew(&seal(&content(6000, 5400)));
    assert_eq!((entered.status, renewed.status), (303, 200));
    let all = entered.all("set-cookie").chain(renewed.all("set-cookie"));
    all.map(identity).collect()
}

#[test]
fn it_deletes_what_was_set_and_kills_every_copy_of_the_session() {
    let service = Setup::new().sessions(&[SESSION_SECRET], "").start();
    let set = cookies_of(&service);
    assert_eq!(set.len(), 21, "five for each grant, and ours");
    let (session, other) = (service.session(), service.session());
    let copy = session.clone();
    for _ in 0..2 {
        let answer = service.leave(&session);
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        assert_deletes_everything(&answer, &set);
        for refused in [service.renew(&copy), service.status(&copy)] {
            service.assert_refused(&refused, 401, "session_refused", "a copy of a session that was left");
        }
    }
    assert_eq!(service.renew(&other).status, 200, "another session of the same listener");
    assert_eq!(service.renew(&service.session()).status, 200, "who signs in again is welcome");
}

#[test]
fn a_cookie_that_was_sealed_anew_dies_with_the_others() {
    let service = Setup::with_sessions().start();
    let old = seal(&content(6000, 5400));
    let renewed = service.renew(&old).cookie(SESSION_COOKIE).unwrap().to_owned();
    assert_eq!(service.leave(&old).status, 204);
    for copy in [old, renewed] {
        service.assert_refused(&service.renew(&copy), 401, "session_refused", "one session, two cookies");
    }
}

#[test]
fn it_is_allowed_to_whoever_has_nothing_to_leave() {
    let service = Setup::with_sessions().start();
    let set = cookies_of(&service);
    let expired = seal(&content(90_000, 5));
    for cookies in [
        String::new(),
        format!("Cookie: {SESSION_COOKIE}={MARKER}\r\n"),
        format!("Cookie: {SESSION_COOKIE}={expired}\r\n"),
        format!("Cookie: {SESSION_COOKIE}=a; {SESSION_COOKIE}=b\r\n"),
    ] {
        let answer = service.ask(post("/leave", &format!("{SAME_SITE}{cookies}"), "{}"));
        assert_eq!(answer.status, 204, "{cookies}");
        assert_deletes_everything(&answer, &set);
    }
    assert!(!service.log().contains(MARKER));
}

fn leave_by(service: &Service, ticket: &str, rest: &str, session: &str) -> Answer {
    let cookie = format!("Cookie: {SESSION_COOKIE}={session}\r\nHost");
    service.ask(get(&format!("/leave?ticket={ticket}{rest}")).replacen("Host", &cookie, 1))
}

#[test]
fn the_app_sends_the_browser_here_with_a_ticket() {
    let service = Setup::new().sessions(&[SESSION_SECRET], "").start();
    let set = cookies_of(&service);
    let session = service.session();
    let ticket = Ticket::of("listener-7").sign();
    let answer = leave_by(&service, &ticket, "&return_to=%2Fbye", &session);
    assert_eq!((answer.status, answer.header("location")), (303, Some("https://www.example.com/bye")));
    assert_deletes_everything(&answer, &set);
    service.assert_refused(&service.renew(&session), 401, "session_refused", "it was left");
    let again = leave_by(&service, &ticket, "", &session);
    service.assert_refused(&again, 401, "ticket_refused", "a ticket works once");
    service.assert_refused(&service.redeem(&ticket), 401, "ticket_refused", "at either door");
}

#[test]
fn the_session_that_the_ticket_names_ends_even_where_its_cookie_is_gone() {
    let service = Setup::with_sessions().start();
    let named = |name: &str| Ticket::of("listener-7").with("sid", name);
    let (seven, eight) = (service.session_of(&named("s-7")), service.session_of(&named("s-8")));
    let answer = service.ask(get(&format!("/leave?ticket={}", named("s-7").sign())));
    assert_eq!((answer.status, answer.header("location")), (303, Some("https://www.example.com/")));
    service.assert_refused(&service.renew(&seven), 401, "session_refused", "it was named");
    assert_eq!(service.renew(&eight).status, 200, "this one was not");
}

#[test]
fn an_old_cookie_cannot_end_a_later_session_of_the_same_name() {
    let service = Setup::with_sessions().start();
    let (old, later) = (seal(&content(60, 30)), seal(&content(5, 5)));
    assert_eq!(service.leave(&old).status, 204);
    service.assert_refused(&service.renew(&old), 401, "session_refused", "it was left");
    assert_eq!(service.leave(&old).status, 204);
    assert_eq!(service.renew(&later).status, 200, "of the same name, and began later");
}

#[test]
fn without_a_good_ticket_a_link_signs_nobody_out() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    let ticket = || Ticket::of("listener-7").with("sid", "s-7");
    let good = ticket().sign();
    for (query, status, code) in [
        (String::new(), 401, "ticket_refused"),
        ("?return_to=/".to_owned(), 401, "ticket_refused"),
        ("?ticket=".to_owned(), 401, "ticket_refused"),
        (format!("?ticket={MARKER}"), 401, "ticket_refused"),
        (
            format!("?ticket={}", ticket().by("an0ther-secret-of-another-web-app-somewhere").sign()),
            401,
            "ticket_refused",
        ),
        (format!("?ticket={}", ticket().with("exp", 1).with("iat", 0).sign()), 401, "ticket_refused"),
        (format!("?ticket={}", ticket().with("aud", MARKER).sign()), 401, "ticket_refused"),
        (format!("?ticket={}", ticket().with("sid", "").sign()), 401, "ticket_refused"),
        (format!("?ticket={}", ticket().with("sid", 7).sign()), 401, "ticket_refused"),
        (format!("?ticket={}", ticket().with("sid", "x".repeat(257)).sign()), 401, "ticket_refused"),
        (format!("?ticket={good}&ticket={good}"), 400, "query_refused"),
        (format!("?ticket={good}&return_to=%"), 400, "query_refused"),
        (format!("?ticket={good}&return_to=//{MARKER}.example"), 400, "return_url_refused"),
        (format!("?ticket={good}&return_to=https://{MARKER}.example/"), 400, "return_url_refused"),
        (format!("?ticket={good}&return_to="), 400, "return_url_refused"),
    ] {
        let request = get(&format!("/leave{query}"));
        let cookie = format!("Cookie: {SESSION_COOKIE}={session}\r\nHost");
        let answer = service.ask(request.replacen("Host", &cookie, 1));
        service.assert_refused(&answer, status, code, &query);
    }
    assert_eq!(service.renew(&session).status, 200, "it goes on");
    assert_eq!(leave_by(&service, &good, "", &session).status, 303, "and the ticket was kept");
    let closed = Setup::new().without_tickets().start();
    closed.assert_refused(&leave_by(&closed, &good, "", ""), 401, "ticket_refused", "no tickets are taken");
}
