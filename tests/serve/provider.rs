//! Where something else than a ticket says who is asking: here a proxy, in a header.

use serde_json::json;

use crate::support::{APP, Answer, Cookies, MARKER, SAME_SITE, Service, Setup, Ticket, get, post};

const FROM_HERE: &str = "[header]\npeers = [\"127.0.0.1\"]\n";
const FROM_ELSEWHERE: &str = "[header]\npeers = [\"192.0.2.0/24\"]\n";

fn behind_a_proxy() -> Setup {
    Setup::new().without_tickets().section(FROM_HERE)
}

fn enter(service: &Service, query: &str, headers: &str) -> Answer {
    service.ask(get(&format!("/enter{query}")).replacen("Host", &format!("{headers}Host"), 1))
}

const NAMED: &str = "X-Forwarded-User: listener-7\r\n";

#[test]
fn a_link_is_enough_to_enter_and_every_renewal_asks_again() {
    let service = behind_a_proxy().start();
    let answer = enter(&service, "?return_to=/library", NAMED);
    assert_eq!((answer.status, answer.header("location")), (303, Some("https://www.example.com/library")));
    // Nobody says which show.
    assert_eq!(answer.all("set-cookie").count(), 15);
    let cookies = Cookies::set_for(&answer, "/downloads/");
    let public_key = service.setup.public_key();
    assert!(cookies.decide(&public_key, "/downloads/listener-7/1.zip", "127.0.0.1").is_allowed());

    let renewed = service.ask(post("/renew", &format!("{SAME_SITE}{NAMED}"), ""));
    assert_eq!((renewed.status, renewed.all("set-cookie").count()), (200, 15));
    assert_eq!(renewed.json()["session_ends_at"], json!(null), "a proxy does not tell");
    let refused = service.ask(post("/renew", SAME_SITE, ""));
    service.assert_refused(&refused, 401, "session_refused", "the proxy names nobody any more");
    assert_eq!(refused.header("access-control-allow-origin"), Some(APP));

    let left = service.ask(post("/leave", &format!("{SAME_SITE}{NAMED}"), ""));
    assert_eq!((left.status, left.all("set-cookie").count()), (204, 21));
    assert_eq!(enter(&service, "", NAMED).status, 303, "signing out of the app is the app's");
}

#[test]
fn whom_nobody_vouches_for_is_refused() {
    let service = behind_a_proxy().start();
    let alike = enter(&service, "", "").constant_part();
    for headers in [
        "",
        "X-Forwarded-User:\r\n",
        "X-Forwarded-User: a\r\nX-Forwarded-User: b\r\n",
        "X-User: listener-7\r\n",
        "Cookie: X-Forwarded-User=listener-7\r\n",
    ] {
        let answer = enter(&service, "?return_to=/", headers);
        service.assert_refused(&answer, 401, "session_refused", headers);
        assert_eq!(answer.constant_part(), alike, "{headers}");
    }
    let elsewhere = Setup::new().without_tickets().section(FROM_ELSEWHERE).start();
    let answer = enter(&elsewhere, "", &format!("X-Forwarded-User: {MARKER}\r\n"));
    elsewhere.assert_refused(&answer, 401, "session_refused", "a stranger's header");
    assert_eq!(answer.constant_part(), alike);
    let renewed = elsewhere.ask(post("/renew", &format!("{SAME_SITE}{NAMED}"), ""));
    elsewhere.assert_refused(&renewed, 401, "session_refused", "a stranger's header");
}

#[test]
fn a_ticket_is_taken_by_nobody_there() {
    let service = behind_a_proxy().start();
    for ticket in [Ticket::of("listener-7").sign(), MARKER.to_owned(), String::new()] {
        let answer = enter(&service, &format!("?ticket={ticket}"), NAMED);
        service.assert_refused(&answer, 401, "ticket_refused", "beside a good header");
        let answer = service.ask(get(&format!("/leave?ticket={ticket}")));
        service.assert_refused(&answer, 401, "ticket_refused", "leaving");
    }
    let answer = enter(&service, "?return_to=//M.example", NAMED);
    service.assert_refused(&answer, 400, "return_url_refused", "elsewhere");
}

#[test]
fn a_listener_is_shut_out_for_as_long_as_it_is_remembered() {
    let service = behind_a_proxy().start();
    let key =
        format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", crate::support::API_KEY);
    let body = json!({"subject": "listener-7"}).to_string();
    assert_eq!(service.ask(post("/v1/revoke", &key, &body)).status, 200);
    let refused = enter(&service, "", NAMED);
    service.assert_refused(&refused, 401, "session_refused", "a session that does not tell when it began");
    assert_eq!(enter(&service, "", "X-Forwarded-User: listener-8\r\n").status, 303);
}
