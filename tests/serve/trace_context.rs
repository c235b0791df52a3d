//! Traces that others began: continued where a trusted proxy brings them, and nobody else. Without anything that
//! exports: that is tests/otlp.

use serde_json::{Value, json};

use crate::support::{Answer, MARKER, Reply, SAME_SITE, Service, Setup, Upstream, post};

const TRUSTING: &str = "trusted_proxies = [\"127.0.0.1\"]";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn parent() -> String {
    format!("traceparent: 00-{TRACE}-{SPAN}-01\r\n")
}

/// The app is asked who is asking, each time.
fn asking(upstream: &Upstream, server: &str) -> Setup {
    let section = format!(
        "[introspect]\nurl = \"{}\"\ncookies = [\"session\"]\nsubject = \"/user/id\"\ncache = \"0s\"\n",
        upstream.url("/api/session"),
    );
    Setup::new().shared_only().without_tickets().server(server).section(section.leak())
}

fn app() -> Upstream {
    Upstream::saying(Reply::json(json!({"user": {"id": "u-1"}})))
}

fn renew(service: &Service, headers: &str) -> Answer {
    service.ask(post("/renew", &format!("{SAME_SITE}Cookie: session=abc\r\n{headers}"), ""))
}

/// The lines of the last request's head that say in which trace it is.
fn told(upstream: &Upstream) -> Vec<String> {
    let request = upstream.requests().pop().unwrap();
    let mut lines: Vec<_> =
        request.split("\r\n").filter(|line| line.starts_with("trace")).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn ids(line: &Value) -> (Option<&str>, Option<&str>) {
    (line["trace_id"].as_str(), line["span_id"].as_str())
}

#[test]
fn a_trusted_proxys_trace_goes_on_to_the_app_and_is_in_every_line() {
    let upstream = app();
    let service = asking(&upstream, TRUSTING).logging("debug").start();
    let answer = renew(&service, &parent());
    assert_eq!(answer.status, 200);
    assert_eq!(told(&upstream), [format!("traceparent: 00-{TRACE}-{SPAN}-01")]);
    let id = answer.header("x-request-id").unwrap();
    let log = service.log_with("\"answered\"");
    let lines: Vec<Value> = log
        .lines()
        .filter(|line| line.contains(id))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["minted", "answered"]);
    for line in &lines {
        assert_eq!(ids(line), (Some(TRACE), Some(SPAN)), "{line}");
    }
    // A refusal, in the audit and in the log alone.
    for (target, status) in [("/v1/mint", 401), ("/nowhere", 404)] {
        let refused = service.ask(post(target, &parent(), ""));
        assert_eq!(refused.status, status);
        assert_eq!(ids(&service.log_line(&refused)), (Some(TRACE), Some(SPAN)), "{target}");
    }
    // What is not of this version comes out as it, and what others say beside it as it came.
    let future =
        format!("Traceparent: cc-{TRACE}-{SPAN}-ff-more\r\nTracestate: a=1, b=2\r\ntracestate: c=3\r\n");
    renew(&service, &future);
    assert_eq!(
        told(&upstream),
        [format!("traceparent: 00-{TRACE}-{SPAN}-03"), "tracestate: a=1,b=2,c=3".to_owned()]
    );
    renew(&service, &format!("{}tracestate: a=1,A=2\r\n", parent()));
    assert_eq!(
        told(&upstream),
        [format!("traceparent: 00-{TRACE}-{SPAN}-01")],
        "a state that is not good is left out"
    );
}

#[test]
fn for_people_the_lines_are_text() {
    let setup = Setup::new().server(TRUSTING);
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = setup.serve();
    command.args(["--log-format", "text"]).stderr(log.reopen().unwrap());
    let service = Service::spawn(setup, command, log);
    for (target, mark) in [("/v1/mint", '"'), ("/nowhere", '"')] {
        let refused = service.ask(post(target, &format!("X-Request-Id: from-the-proxy\r\n{}", parent()), ""));
        assert_eq!(refused.header("x-request-id"), Some("from-the-proxy"));
        let log = service
            .log_with(&format!("route={mark}{}{mark}", if target == "/nowhere" { "none" } else { target }));
        let line = log.lines().last().unwrap();
        for (name, value) in [("request_id", "from-the-proxy"), ("trace_id", TRACE), ("span_id", SPAN)] {
            assert!(line.contains(&format!(" {name}={mark}{value}{mark} ")), "{name}: {line}");
        }
    }
}

#[test]
fn a_strangers_trace_is_not_continued() {
    let upstream = app();
    for server in ["", "trusted_proxies = [\"10.0.0.0/8\"]"] {
        let service = asking(&upstream, server).start();
        let headers = format!("{}tracestate: v={MARKER}\r\nX-Forwarded-For: 10.0.0.1\r\n", parent());
        let answer = renew(&service, &headers);
        assert_eq!(answer.status, 200);
        assert_eq!(told(&upstream), Vec::<String>::new());
        assert_eq!(ids(&service.log_line(&answer)), (None, None));
        assert!(!service.log().contains(TRACE) && !service.log().contains(MARKER));
    }
}

#[test]
fn what_is_no_place_in_a_trace_is_as_none() {
    let upstream = app();
    let service = asking(&upstream, TRUSTING).start();
    let good = format!("00-{TRACE}-{SPAN}-01");
    // All that can be wrong with one is in the table of another implementation: tests/vectors/traces.
    for headers in [
        String::new(),
        "traceparent: \r\n".to_owned(),
        format!("traceparent: ff-{TRACE}-{SPAN}-01\r\n"),
        format!("traceparent: {}\r\n", good.to_uppercase()),
        format!("traceparent: 00-{}-{SPAN}-01\r\n", "0".repeat(32)),
        format!("traceparent: {good}, {good}\r\n"),
        format!("traceparent: {good}\r\ntraceparent: {good}\r\n"),
        format!("traceparent: {good}\r\ntraceparent: 00-{SPAN}{SPAN}-{SPAN}-01\r\n"),
        format!("traceparent: {good}x\r\n"),
        // Without a trace its state is nothing, and other headers mean nothing.
        "tracestate: a=1\r\n".to_owned(),
        format!("b3: {TRACE}-{SPAN}-1\r\nuber-trace-id: {TRACE}:{SPAN}:0:1\r\n"),
    ] {
        let answer = renew(&service, &headers);
        assert_eq!(answer.status, 200, "{headers}");
        assert_eq!(told(&upstream), Vec::<String>::new(), "{headers}");
        assert_eq!(ids(&service.log_line(&answer)), (None, None), "{headers}");
    }
    assert!(!service.log().contains(TRACE));
}
