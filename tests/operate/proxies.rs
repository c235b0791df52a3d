//! The service behind nginx and behind Caddy, as `deploy/` configures them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use serde_json::{Value, json};

use crate::programs::needs;
use crate::proxy::{Proxy, deploy};
use crate::support::{Answer, Cookies, SESSION_COOKIE, SESSION_SECRET, Service, Setup, Ticket, wait_for};

/// Where a browser of the app's pages says it is.
const ORIGIN: &str = "Origin: https://www.example.com";

const BOUND_GRANT: &str = r#"
[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "5m"
bind_address = true
require = [{ claim = "roles", contains = "subscriber" }]
cookie = { domain = "example.com" }
"#;

fn service() -> Service {
    let setup = Setup::new().grants(BOUND_GRANT).server("trusted_proxies = [\"127.0.0.1\"]");
    setup.sessions(&[SESSION_SECRET], "").start()
}

fn subscriber() -> Ticket {
    Ticket::of("listener-7").with("roles", json!(["subscriber"]))
}

/// So many roles that the session's cookie is nearly as large as it may be.
fn subscriber_with_many_roles() -> Ticket {
    let mut roles: Vec<_> =
        (0..58).map(|number| format!("role-{number:02}-of-a-large-organisation-{number:02}")).collect();
    roles.push("subscriber".to_owned());
    Ticket::of("listener-7").with("roles", json!(roles))
}

fn bound_to(answer: &Answer) -> Value {
    assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.body));
    Cookies::set_for(answer, "/podcasts/").statement()["Condition"]["IpAddress"]["AWS:SourceIp"].take()
}

/// An address at which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn listener_is_where_the_proxy_saw_it(proxy: impl Fn([SocketAddr; 2]) -> Proxy) {
    let service = service();
    let proxy = proxy([service.address; 2]);
    for headers in [
        &[][..],
        &["X-Forwarded-For: 203.0.113.7"],
        &["X-Forwarded-For: 203.0.113.7, 127.0.0.1"],
        &["X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 127.0.0.1"],
        &["X-Forwarded-For: garbage, 127.0.0.1,"],
        &["X-Real-IP: 203.0.113.7", "Forwarded: for=203.0.113.7"],
    ] {
        let answer = proxy.get(&format!("/enter?ticket={}", subscriber().sign()), headers);
        assert_eq!(bound_to(&answer), "127.0.0.2/32", "{headers:?}");
        assert_eq!(answer.header("location"), Some("https://www.example.com/"));
    }
}

fn cookies_arrive_whole(proxy: impl Fn([SocketAddr; 2]) -> Proxy) {
    let service = service();
    let proxy = proxy([service.address; 2]);
    let answer = proxy.get(&format!("/enter?ticket={}", subscriber_with_many_roles().sign()), &[]);
    assert_eq!(answer.status, 303, "{}", proxy.logs());
    let ticket = subscriber_with_many_roles().sign();
    let direct = service.ask(format!(
        "GET /enter?ticket={ticket} HTTP/1.1\r\nHost: listen.example.com\r\nX-Forwarded-For: 127.0.0.2\r\n\r\n"
    ));
    let names = |answer: &Answer| {
        answer
            .all("set-cookie")
            .map(|cookie| cookie.split('=').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&answer), names(&direct));
    let head: usize = answer.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    let session = answer.cookie(SESSION_COOKIE).unwrap();
    assert!(head > 4200, "{head} bytes fit into the buffers of old, and show nothing");
    let cookies = format!("Cookie: {SESSION_COOKIE}={session}; app={}", "x".repeat(4000));
    let renewed = proxy
        .post("/renew", &[ORIGIN, "Content-Type: application/json", "Sec-Fetch-Site: same-site", &cookies]);
    assert_eq!(renewed.status, 200, "{}", String::from_utf8_lossy(&renewed.body));
    assert_eq!(renewed.json()["grants"][0]["name"], "podcasts");
}

fn tickets_are_in_no_log(proxy: impl Fn([SocketAddr; 2]) -> Proxy) {
    let service = service();
    let up = proxy([service.address; 2]);
    let down = proxy([nobody(), nobody()]);
    let (good, bad) = (subscriber().sign(), subscriber().by("s0me-other-secret-of-thirty-two-bytes").sign());
    let referer = format!("Referer: https://listen.example.com/enter?ticket={good}");
    assert_eq!(up.get(&format!("/enter?ticket={good}"), &[]).status, 303);
    assert_eq!(up.get(&format!("/enter?ticket={bad}"), &[]).status, 401);
    assert_eq!(up.get(&format!("/leave?ticket={bad}"), &[]).status, 401);
    assert_eq!(up.get("/player.js", &[&referer]).status, 200);
    for target in [format!("/enter?ticket={good}"), format!("/leave?return_to=/&ticket={good}")] {
        let answer = down.get(&target, &[]);
        assert!([502, 503].contains(&answer.status), "{}", answer.status);
        // The page of an error makes a browser ask for its icon, and say where it is unless it was told not to.
        let is_silent = answer.header("referrer-policy") == Some("no-referrer");
        down.get("/favicon.ico", &[&*referer][usize::from(is_silent)..]);
    }
    for (proxy, status) in [(&up, "303"), (&down, "50")] {
        let logs = proxy.logs();
        assert!(logs.contains("/enter") && logs.contains(status), "requests are not logged at all: {logs}");
        for ticket in [&good, &bad] {
            assert!(!logs.contains(ticket.rsplit('.').next().unwrap()), "a ticket is in the log: {logs}");
        }
    }
    let says = ["no live upstreams", "onnection refused"].map(|words| down.logs().contains(words));
    assert_ne!(says, [false; 2], "that no instance answers is not to be seen: {}", down.logs());
}

fn what_is_for_the_inside_stays_there(proxy: impl Fn([SocketAddr; 2]) -> Proxy) {
    let service = service();
    let proxy = proxy([service.address; 2]);
    for target in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/mint", "/v1/revoke"] {
        assert_eq!(proxy.get(target, &[]).status, 404, "{target}");
        let direct = service.ask(crate::support::get(target));
        let is_there = target != "/metrics";
        assert_eq!(direct.status != 404, is_there, "{target}: {}", direct.status);
    }
}

fn nobody_names_himself(proxy: impl Fn([SocketAddr; 2]) -> Proxy) {
    let open = BOUND_GRANT.replace("require", "#require").replace("bind_address", "#bind_address");
    let setup = Setup::new().grants(open.leak()).without_tickets();
    let service = setup.section("[header]\npeers = [\"127.0.0.1\"]\n").start();
    let direct =
        service.ask("GET /enter HTTP/1.1\r\nHost: listen.example.com\r\nX-Forwarded-User: admin\r\n\r\n");
    assert_eq!(direct.status, 303, "the peer is believed");
    let answer = proxy([service.address; 2]).get("/enter", &["X-Forwarded-User: admin"]);
    answer.assert_refusal(401, "session_refused", "a header of the client's");
}

fn nobody_names_his_request(proxy: impl Fn([SocketAddr; 2]) -> Proxy) {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let service = service();
    let proxy = proxy([service.address; 2]);
    let parent = format!("traceparent: 00-{TRACE}-b7ad6b7169203331-01");
    let told = ["X-Request-Id: the-clients-own", &*parent, "tracestate: a=1"];
    let direct = told.map(|line| format!("{line}\r\n")).concat();
    let direct = service.ask(format!("GET /enter HTTP/1.1\r\nHost: listen.example.com\r\n{direct}\r\n"));
    assert_eq!(direct.header("x-request-id"), Some("the-clients-own"), "the peer is believed");
    assert_eq!(service.log_line(&direct)["trace_id"], TRACE);
    let answer = proxy.get("/enter", &told);
    let name = answer.header("x-request-id").unwrap();
    // Longer than edgemint's own.
    assert!(name.len() >= 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'), "{name}");
    assert!(service.log_line(&answer).get("trace_id").is_none());
    // Written once the answer has gone.
    wait_for("the name in the proxy's log", || proxy.logs().contains(name));
}

fn one_instance_suffices(proxy: impl Fn([SocketAddr; 2]) -> Proxy) {
    let service = service();
    let proxy = proxy([nobody(), service.address]);
    for _ in 0..4 {
        let answer = proxy.get(&format!("/enter?ticket={}", subscriber().sign()), &[]);
        assert_eq!(answer.status, 303, "{}", proxy.logs());
    }
}

#[test]
fn nginx_names_the_listener() {
    needs!("nginx", "openssl", "curl");
    listener_is_where_the_proxy_saw_it(Proxy::nginx);
    nobody_names_himself(Proxy::nginx);
    nobody_names_his_request(Proxy::nginx);
}

#[test]
fn nginx_passes_all_cookies_on() {
    needs!("nginx", "openssl", "curl");
    cookies_arrive_whole(Proxy::nginx);
}

#[test]
fn nginx_logs_no_ticket() {
    needs!("nginx", "openssl", "curl");
    tickets_are_in_no_log(Proxy::nginx);
}

#[test]
fn nginx_keeps_what_is_for_the_inside() {
    needs!("nginx", "openssl", "curl");
    what_is_for_the_inside_stays_there(Proxy::nginx);
    one_instance_suffices(Proxy::nginx);
}

/// An instance whose store is not there yet.
fn nobody_ready() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().map(Result::unwrap) {
            assert_ne!(connection.read(&mut [0; 16384]).unwrap(), 0, "a request");
            let head = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            connection.write_all(head.as_bytes()).unwrap();
        }
    });
    address
}

#[test]
fn nginx_asks_the_other_instance_while_one_is_not_ready() {
    needs!("nginx", "openssl", "curl");
    let service = service();
    let proxy = Proxy::nginx([nobody_ready(), service.address]);
    let mut session = String::new();
    for _ in 0..4 {
        let entered = proxy.get(&format!("/enter?ticket={}", subscriber().sign()), &[]);
        assert_eq!(entered.status, 303);
        session = format!("Cookie: {SESSION_COOKIE}={}", entered.cookie(SESSION_COOKIE).unwrap());
    }
    for _ in 0..4 {
        let renewed = proxy.post("/renew", &[ORIGIN, "Content-Type: application/json", &session]);
        assert_eq!(renewed.status, 200, "{}", String::from_utf8_lossy(&renewed.body));
    }
    let neither = Proxy::nginx([nobody_ready(), nobody_ready()]).get("/player.js", &[]);
    assert_eq!((neither.status, neither.header("retry-after")), (503, Some("1")));
}

#[test]
fn caddy_names_the_listener() {
    needs!("caddy", "openssl", "curl");
    listener_is_where_the_proxy_saw_it(Proxy::caddy);
    nobody_names_himself(Proxy::caddy);
    nobody_names_his_request(Proxy::caddy);
}

#[test]
fn caddy_passes_all_cookies_on() {
    needs!("caddy", "openssl", "curl");
    cookies_arrive_whole(Proxy::caddy);
}

#[test]
fn caddy_logs_no_ticket() {
    needs!("caddy", "openssl", "curl");
    tickets_are_in_no_log(Proxy::caddy);
}

#[test]
fn caddy_keeps_what_is_for_the_inside() {
    needs!("caddy", "openssl", "curl");
    what_is_for_the_inside_stays_there(Proxy::caddy);
    one_instance_suffices(Proxy::caddy);
}

#[test]
fn the_caddyfile_is_formatted_and_valid() {
    needs!("caddy");
    let file = deploy("caddy/Caddyfile");
    let folder = tempfile::tempdir().unwrap();
    let formatted = Command::new("caddy").arg("fmt").arg(&file).output().unwrap();
    assert_eq!(String::from_utf8(formatted.stdout).unwrap(), std::fs::read_to_string(&file).unwrap());
    let mut command = Command::new("caddy");
    command.env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path());
    // It opens the log that it would write.
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("/var/log/caddy/", &format!("{}/", folder.path().display()));
    std::fs::write(folder.path().join("Caddyfile"), text).unwrap();
    let judged =
        command.args(["validate", "--adapter", "caddyfile", "--config"]).arg(folder.path().join("Caddyfile"));
    let judged = judged.output().unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
}
