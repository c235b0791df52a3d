//! Where a listener is, for the grants that are bound to an address.

use serde_json::Value;

use crate::support::{Answer, Cookies, MARKER, Service, Setup, Ticket};

fn enter(service: &Service, headers: &str) -> Answer {
    let ticket = Ticket::of("listener-7").sign();
    let target = format!("/enter?ticket={ticket}");
    service.ask(format!("GET {target} HTTP/1.1\r\nHost: listen.example.com\r\n{headers}\r\n"))
}

/// The address that the cookies of `near` are bound to; `None` if there are none.
fn bound_to(answer: &Answer) -> Option<Value> {
    assert_eq!(answer.status, 303);
    let cookies = Cookies::set_for(answer, "/near/");
    (cookies.len() > 0).then(|| cookies.statement()["Condition"]["IpAddress"]["AWS:SourceIp"].take())
}

#[test]
fn a_stranger_speaks_for_himself_only() {
    let setups = ["", "trusted_proxies = [\"203.0.113.0/24\", \"2001:db8::/32\"]"];
    for service in setups.map(|lines| Setup::new().server(lines).start()) {
        for headers in [
            "",
            "X-Forwarded-For: 203.0.113.7\r\n",
            "X-Forwarded-For: 203.0.113.7, 203.0.113.8\r\nX-Forwarded-For: 127.0.0.2\r\n",
            "Forwarded: for=203.0.113.7\r\n",
            "X-Real-IP: 203.0.113.7\r\nTrue-Client-IP: 203.0.113.7\r\n",
            "CloudFront-Viewer-Address: 203.0.113.7:4711\r\n",
            "X-Forwarded-For: unknown\r\n",
            "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n",
        ] {
            let answer = enter(&service, headers);
            assert_eq!(bound_to(&answer).unwrap(), "127.0.0.1/32", "{headers}");
            assert_eq!(answer.header("location"), Some("https://www.example.com/"), "{headers}");
        }
    }
}

#[test]
fn a_trusted_proxy_is_believed_from_right_to_left() {
    let service = Setup::new().server("trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]").start();
    for (headers, expected) in [
        ("X-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7/32"),
        ("X-Forwarded-For: 198.51.100.1, 203.0.113.7\r\n", "203.0.113.7/32"),
        ("X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.7, 10.1.2.3\r\n", "203.0.113.7/32"),
        ("X-Forwarded-For: garbage, 203.0.113.7\r\n", "203.0.113.7/32"),
        ("X-Forwarded-For: ::ffff:203.0.113.7\r\n", "203.0.113.7/32"),
    ] {
        assert_eq!(bound_to(&enter(&service, headers)).unwrap(), expected, "{headers}");
    }
}

#[test]
fn a_network_may_be_written_as_it_is_mapped_into_ipv6() {
    let service = Setup::new().server("trusted_proxies = [\"::ffff:127.0.0.0/104\"]").start();
    let answer = enter(&service, "X-Forwarded-For: 203.0.113.7, 127.0.0.9\r\n");
    assert_eq!(bound_to(&answer).unwrap(), "203.0.113.7/32");
}

#[test]
fn whoever_a_proxy_cannot_name_gets_no_bound_grant() {
    let service = Setup::new().server("trusted_proxies = [\"127.0.0.1\"]").logging("debug").start();
    for headers in ["", "Forwarded: for=203.0.113.7\r\n"] {
        let answer = enter(&service, headers);
        assert_eq!(bound_to(&answer), None, "the proxy's own address is nobody's: {headers}");
        let id = answer.header("x-request-id").unwrap();
        let log = service.log_with(&format!("{id}\",\"route"));
        let left_out = log.lines().find(|line| line.contains(id) && line.contains("\"near\"")).unwrap();
        assert!(left_out.contains("address") && left_out.contains("DEBUG"), "{left_out}");
    }
    for value in [
        // All of them proxies.
        "",
        "127.0.0.1",
        "127.0.0.1, ::ffff:127.0.0.1",
        "M",
        "unknown",
        "_hidden",
        "203.0.113.7:443",
        "203.0.113.7, ",
        "2001:db8::1",
        "[2001:db8::1]",
        "\u{e9}",
    ] {
        let value = value.replace('M', MARKER);
        let answer = enter(&service, &format!("X-Forwarded-For: {value}\r\n"));
        assert_eq!(bound_to(&answer), None, "{value}");
        assert_eq!(answer.all("set-cookie").count(), 15, "{value}: the others are given");
        assert!(!service.log().contains(MARKER));
    }
}
