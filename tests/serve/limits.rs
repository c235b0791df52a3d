use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use serde_json::json;

use crate::support::{Client, DEADLINE, MARKER, SAME_SITE, Service, Setup, Ticket, exchange, get, post};

fn headed(headers: &str) -> String {
    format!("GET /healthz HTTP/1.1\r\nHost: listen.example.com\r\n{headers}\r\n")
}

#[test]
fn heads_over_16_kib_are_refused() {
    let service = Setup::new().start();
    let ticket = Ticket::of("listener-7").sign();
    let value = |length: usize| format!("{MARKER}{}", "x".repeat(length));
    for (what, request) in [
        ("one header", headed(&format!("X-Long: {}\r\n", value(16_400)))),
        ("a cookie", headed(&format!("Cookie: a={}\r\n", value(16_400)))),
        ("many headers", headed(&format!("X-Long: {}\r\n", value(1000)).repeat(17))),
        ("the request line", get(&format!("/enter?ticket={ticket}&x={}", value(16_400)))),
        ("the path", get(&format!("/{}", value(16_400)))),
        (
            "both",
            get(&format!("/enter?ticket={ticket}&{}", value(8000)))
                .replace("Host", &format!("X: {}\r\nHost", value(8200))),
        ),
        ("far more", headed(&format!("X-Long: {}\r\n", value(60_000)))),
    ] {
        let answer = service.ask(request);
        assert_eq!(answer.header("connection"), Some("close"), "{what}");
        service.assert_refused(&answer, 431, "headers_too_large", what);
    }
    assert_eq!(service.ask(headed(&format!("X-Long: {}\r\n", "x".repeat(16_000)))).status, 200);
    assert_eq!(service.redeem(&ticket).status, 303, "none of them used the ticket up");
}

#[test]
fn a_page_may_read_that_its_head_was_too_large() {
    let service = Setup::with_sessions().start();
    for (origin, is_ours) in [("https://www.example.com", true), ("https://evil.example", false)] {
        let headers = format!("Origin: {origin}\r\nX-Long: {}\r\n", "x".repeat(17_000));
        let answer = service.ask(post("/renew", &headers, ""));
        service.assert_refused(&answer, 431, "headers_too_large", origin);
        assert_eq!(answer.header("access-control-allow-origin"), is_ours.then_some(origin));
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

/// What actix-http refuses before there is a request: an empty answer, and the end of the connection.
#[test]
fn heads_that_cannot_be_parsed_get_an_empty_answer() {
    let service = Setup::new().start();
    for (status, request) in [
        (431, headed("X-Many: M\r\n".repeat(96).as_str())),
        (431, headed(&format!("X-Long: M{}", "x".repeat(200_000)))),
        (431, get(&format!("/{}", "M".repeat(70_000)))),
        (400, "GET /healthz HTTP/1.1\r\n\r\n".to_owned()),
        (400, "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: M b\r\nM\r\n\r\n".to_owned()),
        (400, "GET /healthz HTTP/9.9\r\nHost: M\r\n\r\n".to_owned()),
        (400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        (400, headed("X-M\0: M\r\n")),
        (400, headed("X-M: M\0\r\n")),
        (400, headed(" X-M: M\r\n")),
        (400, headed("X M: M\r\n")),
        (400, headed("Content-Length: -1\r\n")),
        (400, headed("Content-Length: +1\r\n")),
        (400, headed("Content-Length: M\r\n")),
        (400, headed("Content-Length: 1\r\nContent-Length: 2\r\n")),
        (400, headed("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")),
        (400, headed("Transfer-Encoding: M\r\n")),
        (400, headed("Transfer-Encoding: chunked, M\r\n")),
        (400, headed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
        (400, format!("\u{16}\u{3}\u{1}{MARKER}\r\n\r\n")),
        (400, format!("{MARKER}\r\n\r\n")),
    ] {
        let mut client = Client::connect(service.address);
        // It may be refused before all of it has gone.
        let _ = client.send(request.replace('M', MARKER));
        let answer = client.answer();
        let shown: String = request.chars().take(120).collect();
        assert_eq!((answer.status, answer.body.len()), (status, 0), "{shown:?}");
        for header in ["set-cookie", "location"] {
            assert_eq!(answer.all(header).count(), 0, "{shown:?}");
        }
        assert!(client.is_ended(), "{shown:?}");
        service.assert_serving();
        assert!(!service.log().contains(MARKER), "{shown:?}: {}", service.log());
    }
    service.wait_until_alone();
}

#[test]
fn the_surplus_of_connections_waits_and_is_served_when_others_end() {
    let service = Setup::new().server("max_connections = 4").start();
    let mut held: Vec<Client> = (0..4).map(|_| Client::connect(service.address)).collect();
    for client in &mut held {
        client.send(get("/healthz")).unwrap();
        assert_eq!(client.answer().status, 200);
    }
    let mut waiting: Vec<Client> = (0..30).map(|_| Client::connect(service.address)).collect();
    for client in &mut waiting {
        client.send(get("/healthz")).unwrap();
    }
    // Those that are held are served meanwhile, as often as they ask.
    for client in &mut held {
        client.send(get("/readyz")).unwrap();
        assert_eq!(client.answer().status, 200);
    }
    assert!(service.connections() <= 5, "the surplus is not accepted");
    waiting[0].stream().set_nonblocking(true).unwrap();
    assert!(waiting[0].stream().peek(&mut [0]).is_err(), "nobody of the surplus is answered");
    waiting[0].stream().set_nonblocking(false).unwrap();
    drop(held);
    for mut client in waiting {
        assert_eq!(client.answer().status, 200);
    }
    service.assert_serving();
    service.assert_entering();
    service.wait_until_alone();
}

#[test]
fn ten_thousand_refusals_leave_no_memory_and_no_descriptor_behind() {
    let service = Setup::new().logging("error").start();
    let refused = |count: usize| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| refuse(&service, count / 4));
            }
        });
    };
    refused(2000);
    service.assert_serving();
    service.wait_until_alone();
    let (memory, files) = (service.resident(), service.open_files());
    refused(10_000);
    service.assert_serving();
    service.wait_until_alone();
    assert_eq!(service.open_files(), files);
    let grown = service.resident().saturating_sub(memory);
    assert!(grown < 4_000_000, "{grown} bytes more than before");
}

/// Refusals of every kind, over connections that are kept where they can be.
fn refuse(service: &Service, count: usize) {
    let body = json!({"grants": [MARKER]}).to_string();
    let requests = [
        get(&format!(
            "/enter?ticket={}",
            Ticket::of("a").by("a secret of somebody else, of 32 bytes").sign()
        )),
        get("/enter?ticket=x&return_to=//evil.example"),
        get("/nowhere"),
        post("/v1/mint", "Content-Type: application/json\r\n", &body),
        post("/renew", SAME_SITE, "{}"),
        post("/leave", "Origin: https://evil.example\r\n", "{}"),
        headed(&format!("X-Long: {}\r\n", "x".repeat(20_000))),
    ];
    let mut client = None;
    for request in requests.iter().cycle().take(count) {
        let mut kept = client.take().unwrap_or_else(|| Client::connect(service.address));
        kept.send(request).unwrap();
        let answer = kept.answer();
        assert!((400..500).contains(&answer.status), "{}", answer.status);
        if answer.header("connection") != Some("close") {
            client = Some(kept);
        }
    }
}

#[test]
fn the_process_leaves_no_core_and_shows_its_memory_to_nobody() {
    let service = Setup::new().start();
    assert_leaves_no_core(service.pid());
    let answer = exchange(service.address, get("/healthz"));
    assert_eq!(answer.status, 200, "within {DEADLINE:?}");
    for arguments in
        [&["demo", "--port-base", "0"][..], &["edge", "--listen", "127.0.0.1:0", "--origin", "keys"]]
    {
        let mut child = service.setup.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_leaves_no_core(child.id());
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        child.wait().unwrap();
    }
}

fn assert_leaves_no_core(pid: u32) {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let core: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"], "soft and hard limit");
    // A process that is not dumpable has its files in /proc owned by root, and gives no memory to others.
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(format!("/proc/{pid}/mem")).unwrap());
    assert_eq!(owner, 0);
}

#[test]
fn without_a_descriptor_left_it_waits_and_then_serves_on() {
    let service = Setup::new().start();
    service.assert_serving();
    let pid = Pid::from_raw(i32::try_from(service.pid()).unwrap());
    let usual = getrlimit(Resource::Nofile);
    // What is open stays open, and nothing can be opened.
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(3), ..usual }).unwrap();
    let mut clients: Vec<Client> = (0..4).map(|_| Client::connect(service.address)).collect();
    for client in &mut clients {
        client.send(get("/healthz")).unwrap();
    }
    // What it was asked by then is not even taken.
    let alone = clients[0].stream();
    alone.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(alone.peek(&mut [0]).is_err(), "it answers without a descriptor");
    alone.set_read_timeout(Some(DEADLINE)).unwrap();
    assert_eq!(service.connections(), 0);
    prlimit(pid, Resource::Nofile, usual).unwrap();
    for client in &mut clients {
        assert_eq!(client.try_answer().unwrap().expect("an answer").status, 200);
    }
    drop(clients);
    service.wait_until_alone();
    service.assert_entering();
}
