//! By which name a request goes through log, audit and answer: its proxy's, if that is believed; else one of our own.

use std::collections::BTreeSet;

use crate::support::{Answer, MARKER, Service, Setup, get};

const TRUSTING: &str = "trusted_proxies = [\"127.0.0.1\"]";

fn ask(service: &Service, target: &str, headers: impl AsRef<[u8]>) -> Answer {
    let head = format!("GET {target} HTTP/1.1\r\nHost: listen.example.com\r\n");
    service.ask([head.as_bytes(), headers.as_ref(), b"\r\n"].concat())
}

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").expect("every answer has exactly one").to_owned()
}

/// 24 hexadecimal digits, as this service makes them.
fn is_own(id: &str) -> bool {
    id.len() == 24 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[test]
fn a_trusted_proxy_names_its_requests() {
    let service = Setup::new().server(TRUSTING).start();
    let longest = "a".repeat(64);
    for name in
        ["r", "0af7651916cd43dd8448eb211c80319c", "1-67891233-abcdef012345678912345678", "A.b_C-9", &longest]
    {
        // In the audit, in the log alone, and where nothing is logged.
        for (target, status) in [("/enter", 401), ("/nowhere", 404), ("/healthz", 200)] {
            let answer = ask(&service, target, format!("x-request-ID: {name}\r\n"));
            assert_eq!((answer.status, id(&answer).as_str()), (status, name), "{target}");
        }
        let log = service.log_with(&format!("\"request_id\":\"{name}\",\"route\":\"none\""));
        let named = |target: &str| {
            log.lines().filter(|line| line.contains(&format!("\"{name}\"")) && line.contains(target)).count()
        };
        assert_eq!((named("edgemint::audit"), named("edgemint::http::guard")), (1, 1), "{log}");
    }
    let head = "X".repeat(20_000);
    let refused = ask(&service, "/enter", format!("X-Request-Id: early\r\nX: {head}\r\n"));
    assert_eq!((refused.status, id(&refused).as_str()), (431, "early"));
}

#[test]
fn what_might_forge_a_log_or_a_header_is_no_name() {
    let service = Setup::new().server(TRUSTING).start();
    let marked = |text: &str| text.replace('M', MARKER);
    let too_long = "a".repeat(65);
    let mut given = vec![Vec::new()];
    for value in [
        "",
        " ",
        "\t",
        &too_long,
        "a b",
        "M,M",
        "M;M",
        "M:M",
        "M/M",
        "\"M\"",
        "M\\",
        "M%0d%0aX: y",
        "M=M",
        "M+M",
        "{M}",
        "<M>",
        "M\u{1b}[2J",
        "M\tM",
        "M\u{b}",
        "é",
        "\u{202e}M",
    ] {
        given.push(marked(&format!("X-Request-Id: {value}\r\n")).into_bytes());
    }
    given.push([&b"X-Request-Id: "[..], MARKER.as_bytes(), b"\xff\xfe\r\n"].concat());
    // Two are none, alike or not, and whichever is the good one.
    for (one, other) in [("one", "one"), ("one", "two"), ("", "one"), ("one", "")] {
        given.push(format!("X-Request-Id: {one}\r\nx-request-id: {other}\r\n").into_bytes());
    }
    // Others have other meanings.
    given.push(marked("X-Correlation-Id: M\r\nRequest-Id: M\r\nX-Amzn-Trace-Id: M\r\n").into_bytes());
    let mut ids = BTreeSet::new();
    for headers in &given {
        let what = String::from_utf8_lossy(headers);
        let answer = ask(&service, "/nowhere", headers);
        // Bytes that no header may hold never become a request, and that answer has no names at all.
        if answer.status == 400 {
            assert!(answer.header("x-request-id").is_none() && what.contains(['\u{1b}', '\u{b}']), "{what}");
            continue;
        }
        assert_eq!(answer.status, 404, "{what}");
        assert!(is_own(&id(&answer)), "{what}: {}", id(&answer));
        assert_eq!(service.log_line(&answer)["request_id"], id(&answer), "{what}");
        assert!(ids.insert(id(&answer)), "{what}: given twice");
    }
    assert!(ids.len() >= given.len() - 2);
    assert!(!service.log().contains(MARKER), "{}", service.log());
    service.assert_serving();
}

#[test]
fn a_stranger_names_nothing() {
    let strangers = [
        "",
        "trusted_proxies = []",
        "trusted_proxies = [\"10.0.0.0/8\", \"127.0.0.2\"]",
        "trusted_proxies = [\"::1\"]",
    ];
    for service in strangers.map(|lines| Setup::new().server(lines).start()) {
        for headers in [
            format!("X-Request-Id: {MARKER}\r\n"),
            // Whom he claims to come from changes nothing: the other end of the connection counts.
            format!("X-Request-Id: {MARKER}\r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: for=127.0.0.2\r\n"),
        ] {
            let answer = ask(&service, "/enter", &headers);
            assert!(is_own(&id(&answer)), "{headers}");
            service.log_line(&answer);
        }
        assert!(!service.log().contains(MARKER));
        let answer = service.ask(get("/healthz"));
        assert!(is_own(&id(&answer)));
    }
}
