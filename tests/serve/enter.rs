use std::sync::Barrier;
use std::thread;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::programs::needs;
use crate::support::{Cookies, MARKER, Service, Setup, Ticket, exchange, get, post, run};

#[test]
fn a_listener_comes_back_with_the_cookies_of_every_grant() {
    let service = Setup::new().start();
    let return_to = "&return_to=%2Fepisodes%2F7%3Ft%3D30%23now";
    let answer = service.enter(&format!("ticket={}{return_to}", Ticket::of("listener-7").sign()));
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), Some("https://www.example.com/episodes/7?t=30#now"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.body, b"");
    // Three for each grant, and two that delete what an earlier set may have left.
    assert_eq!(answer.all("set-cookie").count(), 20);
    for cookie in answer.all("set-cookie") {
        for attribute in ["; Domain=example.com", "; HttpOnly", "; Secure", "; SameSite=Lax"] {
            assert!(cookie.contains(attribute), "{attribute} is missing");
        }
    }
    let public_key = service.setup.public_key();
    for (path, inside, outside) in [
        ("/podcasts/", "/podcasts/7.mp3", "/podcast/7.mp3"),
        ("/downloads/", "/downloads/listener-7/a.zip", "/downloads/listener-8/a.zip"),
        ("/shows/", "/shows/evening-news/1.mp3", "/shows/morning-news/1.mp3"),
        ("/near/", "/near/1.mp3", "/far/1.mp3"),
    ] {
        let cookies = Cookies::set_for(&answer, path);
        assert_eq!(cookies.len(), 3, "{path}");
        assert!(cookies.decide(&public_key, inside, "127.0.0.1").is_allowed(), "{inside}");
        assert!(!cookies.decide(&public_key, outside, "127.0.0.1").is_allowed(), "{outside}");
        let elsewhere = cookies.decide(&public_key, inside, "203.0.113.7");
        assert_eq!(elsewhere.is_allowed(), path != "/near/", "{path} from elsewhere");
    }
    openssl_verifies(&service, &Cookies::set_for(&answer, "/podcasts/"));
}

fn openssl_verifies(service: &Service, cookies: &Cookies) {
    needs!("openssl");
    let file = |name: &str, contents: &[u8]| std::fs::write(service.setup.path(name), contents).unwrap();
    file("policy", &cookies.policy());
    file("signature", &cookies.signature());
    file("public.pem", service.setup.public_key().as_bytes());
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["dgst", "-sha1", "-verify", "public.pem", "-signature", "signature", "policy"]);
    assert_eq!(run(openssl.current_dir(service.setup.path(""))), "Verified OK\n");
}

#[test]
fn without_a_return_url_the_default_is_where_it_goes() {
    let service = Setup::new().server("default_return = \"/library\"").start();
    let answer = service.redeem(&Ticket::of("listener-7").sign());
    assert_eq!((answer.status, answer.header("location")), (303, Some("https://www.example.com/library")));
    let other = "https%3A%2F%2Fm.example.com%3A8443%2Fx";
    let answer = service.enter(&format!("return_to={other}&ticket={}", Ticket::of("listener-7").sign()));
    assert_eq!((answer.status, answer.header("location")), (303, Some("https://m.example.com:8443/x")));
}

#[test]
fn a_ticket_works_once() {
    let service = Setup::new().start();
    let ticket = Ticket::of("listener-7").sign();
    assert_eq!(service.redeem(&ticket).status, 303);
    for _ in 0..2 {
        let answer = service.redeem(&ticket);
        service.assert_refused(&answer, 401, "ticket_refused", "a used ticket");
        assert_eq!(service.log_line(&answer)["reason"], "ticket refused: used before");
    }
    service.assert_entering();
}

#[test]
fn two_hundred_at_once_with_one_ticket_give_one_success() {
    let service = Setup::new().server("workers = 4").start();
    let ticket = Ticket::of("listener-7").sign();
    let request = get(&format!("/enter?ticket={ticket}"));
    let (start, address) = (Barrier::new(200), service.address);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let redeem = || {
            start.wait();
            let answer = exchange(address, &request);
            if answer.status != 303 {
                answer.assert_refusal(401, "ticket_refused", "all but the first");
            }
            answer.status
        };
        let threads: Vec<_> = (0..200).map(|_| scope.spawn(redeem)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 199);
    service.assert_entering();
}

#[test]
fn return_urls_that_lead_elsewhere_are_refused_and_use_no_ticket_up() {
    let service = Setup::new().start();
    let ticket = Ticket::of("listener-7").sign();
    let long = format!("/{}", "x".repeat(9000));
    for return_to in [
        "//M.example",
        "///M.example",
        "/\\M.example",
        "\\\\M.example",
        "/\tM",
        "/\r\nSet-Cookie: M=1",
        "https:M.example",
        "https://M.example/",
        "https://www.example.com.M.example/",
        "https://www.example.com@M.example/",
        "https://M@www.example.com/",
        "https://www.example.com:444/M",
        "https://www.example.com./M",
        "http://www.example.com/M",
        "https://ｗｗｗ.example.com/M",
        "https://2130706433/M",
        "javascript:alert('M')",
        "data:text/html,M",
        "M/relative",
        " /M",
        "",
        &long,
    ] {
        let return_to = return_to.replace('M', MARKER);
        let encoded = utf8_percent_encode(&return_to, NON_ALPHANUMERIC);
        let answer = service.enter(&format!("ticket={ticket}&return_to={encoded}"));
        service.assert_refused(&answer, 400, "return_url_refused", &return_to);
    }
    assert_eq!(service.redeem(&ticket).status, 303, "none of them used the ticket up");
}

#[test]
fn a_query_that_two_parsers_read_differently_is_refused_and_uses_no_ticket_up() {
    let service = Setup::new().start();
    let ticket = Ticket::of("listener-7").sign();
    for query in [
        "ticket=T&ticket=T",
        "ticket=T&ticket=M",
        "ticket=M&ticket=T",
        "ticket=T&%74icket=M",
        "ticket=T&return_to=/&return_to=/M",
        "ticket=T&return_to=/M&return%5Fto=/",
        "ticket=T&return_to=/%",
        "ticket=T&return_to=/%4",
        "ticket=T&return_to=/%zzM",
        "ticket=T&return_to=%ff",
        "ticket=T&M%ff=1",
    ] {
        let answer = service.enter(&query.replace('T', &ticket).replace('M', MARKER));
        service.assert_refused(&answer, 400, "query_refused", query);
    }
    assert_eq!(service.redeem(&ticket).status, 303, "none of them used the ticket up");
}

#[test]
fn no_other_method_enters() {
    let service = Setup::new().start();
    let ticket = Ticket::of("listener-7").sign();
    let target = format!("/enter?ticket={ticket}");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for request in [
        post(&target, "", ""),
        post(&target, form, MARKER),
        get(&target).replace("GET", "PUT"),
        get(&target).replace("GET", "DELETE"),
        get(&target).replace("GET", "OPTIONS"),
        get(&target).replace("GET", "PATCH"),
        get(&target).replace("GET", "get"),
        get(&target).replace("GET", MARKER),
    ] {
        let answer = service.ask(&request);
        assert_eq!(answer.header("allow"), Some("GET"));
        service.assert_refused(&answer, 405, "method_not_allowed", &request);
    }
    let mut client = crate::support::Client::connect(service.address);
    client.send(get(&target).replace("GET", "HEAD")).unwrap();
    let head = client.head().unwrap().unwrap();
    assert_eq!((head.status, head.header("allow"), head.header("location")), (405, Some("GET"), None));
    assert_eq!(head.all("set-cookie").count(), 0);
    assert_eq!(service.redeem(&ticket).status, 303, "none of them used the ticket up");
}

#[test]
fn there_is_nothing_at_other_addresses() {
    let service = Setup::new().start();
    let ticket = Ticket::of("listener-7").sign();
    for path in [
        "/",
        "/M",
        "/enter/",
        "/enter/M",
        "//enter",
        "/Enter",
        "/enter%2f",
        "/enter%00",
        "/./enter",
        "/x/../enter",
        "/enter;M",
        "/v1/mint/",
        "/v1",
        "/healthz/M",
        "/metrics",
        "/keys/keyring.json",
        "/%2e%2e/%2e%2e/etc/passwd",
    ] {
        let answer = service.ask(get(&format!("{}?ticket={ticket}", path.replace('M', MARKER))));
        service.assert_refused(&answer, 404, "not_found", path);
    }
    assert_eq!(service.redeem(&ticket).status, 303, "none of them used the ticket up");
}

#[test]
fn with_a_base_path_nothing_is_outside_it() {
    let service = Setup::new().server("base_path = \"/edge/mint\"").start();
    let ask = |target: &str| exchange(service.address, get(target));
    for path in
        ["/enter", "/healthz", "/readyz", "/v1/mint", "/edge/enter", "/edge/mintenter", "/edge/mint", "/"]
    {
        ask(path).assert_refusal(404, "not_found", path);
    }
    let ticket = Ticket::of("listener-7").sign();
    ask(&format!("/enter?ticket={ticket}")).assert_refusal(404, "not_found", "outside");
    assert_eq!(ask("/edge/mint/readyz").status, 200);
    ask("/edge/mint/v1/mint").assert_refusal(405, "method_not_allowed", "inside");
    assert_eq!(ask(&format!("/edge/mint/enter?ticket={ticket}")).status, 303);
}

#[test]
fn where_no_tickets_are_taken_every_ticket_is_refused_alike() {
    let closed = Setup::new().without_tickets().start();
    let open = Setup::new().start();
    let refused = open.redeem(MARKER);
    open.assert_refused(&refused, 401, "ticket_refused", "no ticket at all");
    for query in
        [format!("ticket={}", Ticket::of("listener-7").sign()), format!("ticket={MARKER}"), String::new()]
    {
        let answer = closed.enter(&query);
        closed.assert_refused(&answer, 401, "ticket_refused", "tickets are off");
        assert_eq!(answer.constant_part(), refused.constant_part());
    }
}

#[test]
fn a_listener_without_any_grant_keeps_the_ticket() {
    let own = Setup::new().own_grant_only().start();
    for subject in ["a/b", "a*", "a?b", "a\"b", "..", "é", "a b"] {
        let ticket = Ticket::of(&format!("{subject}{MARKER}")).sign();
        for _ in 0..2 {
            let answer = own.redeem(&ticket);
            answer.assert_refusal(403, "no_grant", subject);
            own.log_line(&answer);
            assert!(!own.log().contains(MARKER), "{}", own.log());
        }
    }
    own.assert_entering();
}
