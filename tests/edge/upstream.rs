//! The HTTP origin: what it is asked, what of its answer is passed on, and what happens when it fails.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::directory::assert_ranges;
use crate::programs::needs;
use crate::support::*;

const BODY: &str = "0123456789abcdefghij";

fn edge_before(origin: &str, more: &[&str]) -> EdgeProcess {
    EdgeProcess::start(&[&["--origin", origin], more].concat())
}

/// An origin that knows no ranges, with these header lines.
fn rangeless(headers: &str) -> TestOrigin {
    TestOrigin::fixed(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n{headers}Connection: close\r\n\r\n{BODY}"
    ))
}

#[test]
fn the_origin_is_not_told_who_asks() {
    needs!("openssl");
    let origin = rangeless("");
    let trust = format!("{}={}", keys().rsa.id, keys().rsa.public.display());
    let edge = edge_before(
        &origin.url(),
        &["--protect", "/podcasts/*", "--trust", &trust, "--host", "cdn.example.com"],
    );
    let policy = policy("https://cdn.example.com/podcasts/*", in_seconds(3600), "");
    let path = format!(
        "/podcasts/%61.mp3?a=1&Policy={}&Signature={}&Key-Pair-Id={}&b=%2F",
        alphabet(policy.as_bytes()),
        sign(&keys().rsa, "sha1", &policy),
        keys().rsa.id
    );
    let viewer = [
        ("Cookie", "CloudFront-Key-Pair-Id=K1; session=2"),
        ("Authorization", "Bearer 3"),
        ("Range", "bytes=0-3"),
        ("If-Range", "\"v1\""),
        ("If-None-Match", "\"v2\""),
        ("X-Forwarded-For", "203.0.113.7"),
        ("Accept-Encoding", "gzip"),
    ];
    get(edge.address, &path, &viewer);
    let asked = origin.request();
    assert!(asked.starts_with("GET /podcasts/%61.mp3?a=1&b=%2F HTTP/1.1\r\n"), "{asked}");
    for line in
        ["range: bytes=0-3", "if-range: \"v1\"", "if-none-match: \"v2\"", "user-agent: amazon cloudfront"]
    {
        assert!(asked.contains(&format!("{line}\r\n")), "{line} is missing in {asked}");
    }
    assert!(asked.contains(&format!("host: {}\r\n", origin.address)), "{asked}");
    for name in ["cookie", "authorization", "accept-encoding", "x-forwarded-for"] {
        assert!(!asked.contains(&format!("\r\n{name}:")), "{name} went to the origin: {asked}");
    }
    // Whoever is refused does not reach it.
    assert_eq!(get(edge.address, "/podcasts/a.mp3", &[]).status, 403);
    assert!(origin.is_quiet());
}

#[test]
fn ranges_that_are_out_of_order_are_not_asked_for() {
    let origin = rangeless("");
    let edge = edge_before(&origin.url(), &[]);
    for range in ["bytes=5-6,0-1", "bytes=x", "lines=1-2"] {
        let response = get(edge.address, "/a", &[("Range", range), ("If-Range", "\"v1\"")]);
        assert_eq!((response.status, response.text()), (200, BODY), "{range}");
        assert!(!origin.request().contains("range:"), "{range}");
    }
}

#[test]
fn a_range_is_cut_out_of_an_answer_that_has_none() {
    let origin = rangeless("ETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    let edge = edge_before(&origin.url(), &[]);
    let ask = |range: &str, if_range: &str| {
        let response = get(edge.address, "/a", &[("Range", range), ("If-Range", if_range)]);
        (
            response.status,
            response.header("content-range").unwrap_or("-").to_owned(),
            response.text().to_owned(),
        )
    };
    let cut = |range: &str, text: &str| (206, format!("bytes {range}/20"), text.to_owned());
    assert_eq!(ask("bytes=0-0", "\"v1\""), cut("0-0", "0"));
    assert_eq!(ask("bytes=10-12", "\"v1\""), cut("10-12", "abc"));
    assert_eq!(ask("bytes=-3", "\"v1\""), cut("17-19", "hij"));
    assert_eq!(ask("bytes=18-", "Sun, 06 Nov 1994 08:49:37 GMT"), cut("18-19", "ij"));
    assert_eq!(ask("bytes=20-", "\"v1\""), (416, "bytes */20".to_owned(), String::new()));
    let whole = (200, "-".to_owned(), BODY.to_owned());
    assert_eq!(ask("bytes=0-0", "\"v2\""), whole);
    assert_eq!(ask("bytes=0-0", "W/\"v1\""), whole);
    assert_eq!(ask("bytes=0-0,2-3", "\"v1\""), whole);
    let plain = get(edge.address, "/a", &[("Range", "bytes=1-2")]);
    assert_eq!((plain.status, plain.text()), (206, "12"));
}

#[test]
fn an_origin_that_knows_ranges_answers_them_itself() {
    let media = media();
    let behind = EdgeProcess::start(&["--origin", media.path().join("origin").to_str().unwrap()]);
    let front = edge_before(&format!("http://{}/", behind.address), &[]);
    assert_ranges(&front);
    let parts = get(front.address, "/open/10k.bin", &[("Range", "bytes=0-1,5-6")]);
    assert_eq!(parts.status, 206);
    assert!(parts.header("content-type").unwrap().starts_with("multipart/byteranges"));
    let head = send(front.address, "HEAD", "/open/10k.bin", &[]);
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("10000"), 0));
    let etag = head.header("etag").unwrap();
    assert_eq!(get(front.address, "/open/10k.bin", &[("If-None-Match", etag)]).status, 304);
    assert_eq!(get(front.address, "/open/none", &[]).status, 404);
}

#[test]
fn headers_of_the_connection_end_at_the_edge() {
    let origin = TestOrigin::fixed(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nSet-Cookie: tracker=1\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\n\
         X-Kept: 2\r\nAccess-Control-Allow-Origin: *\r\nContent-Encoding: gzip\r\nConnection: close, X-Mine\r\n\
         Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    );
    let edge = edge_before(&origin.url(), &["--allow-origin", "https://www.example.com"]);
    let response = get(edge.address, "/a", &[("Range", "bytes=0-1")]);
    // Of unknown length, so nothing can be cut out of it.
    assert_eq!((response.status, response.text()), (200, "hello"));
    for name in ["set-cookie", "keep-alive", "x-mine", "access-control-allow-origin"] {
        assert_eq!(response.header(name), None, "{name}");
    }
    for (name, value) in [("server", "nginx"), ("x-kept", "2"), ("content-encoding", "gzip")] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
}

#[test]
fn errors_and_redirects_of_the_origin_are_passed_on() {
    for (status_line, status, x_cache) in [
        ("302 Found", 302, "Miss from cloudfront"),
        ("404 Not Found", 404, "Error from cloudfront"),
        ("403 Forbidden", 403, "Error from cloudfront"),
        ("500 Internal Server Error", 500, "Error from cloudfront"),
        ("503 Service Unavailable", 503, "Error from cloudfront"),
    ] {
        let origin = TestOrigin::fixed(format!(
            "HTTP/1.1 {status_line}\r\nServer: own\r\nLocation: /b\r\nContent-Length: 4\r\nConnection: close\r\n\r\nown!"
        ));
        let edge = edge_before(&origin.url(), &[]);
        let response = get(edge.address, "/a", &[("Range", "bytes=0-1")]);
        assert_eq!((response.status, response.text()), (status, "own!"));
        assert_eq!((response.header("server"), response.header("x-cache")), (Some("own"), Some(x_cache)));
        assert_eq!(response.header("location"), Some("/b"));
        origin.request();
        assert!(origin.is_quiet(), "a redirect was followed");
    }
}

#[test]
fn an_origin_that_is_away_or_slow_has_its_own_answers() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hangs_up = TestOrigin::start(|_, _| {});
    let garbage = TestOrigin::fixed("SSH-2.0-OpenSSH\r\n");
    for url in [format!("http://{free}"), hangs_up.url(), garbage.url()] {
        let response = get(edge_before(&url, &[]).address, "/a", &[("Origin", "https://www.example.com")]);
        assert_eq!((response.status, response.header("server")), (502, Some("CloudFront")), "{url}");
        assert_eq!(response.header("x-cache"), Some("Error from cloudfront"));
        assert!(response.text().contains("<H1>502 ERROR</H1>") && !response.text().contains("127.0.0.1"));
    }
    // It takes the request and never answers.
    let silent = TestOrigin::start(|_, stream| drop(stream.read(&mut [0])));
    let edge = edge_before(&silent.url(), &["--origin-timeout", "100ms"]);
    let response = get(edge.address, "/a", &[]);
    assert_eq!((response.status, response.header("server")), (504, Some("CloudFront")));
}

#[test]
fn an_answer_that_breaks_off_breaks_off_for_the_viewer() {
    let origin = TestOrigin::fixed("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this");
    let edge = edge_before(&origin.url(), &[]);
    let mut stream = open(edge.address, "GET", "/a", &[]);
    let (head, mut body) = read_response(&mut stream);
    assert_eq!((head.status, head.header("content-length")), (200, Some("1000")));
    let mut bytes = Vec::new();
    // A reset or a close: either way fewer bytes than were promised.
    let _ = body.read_to_end(&mut bytes);
    assert!(bytes.len() < 1000);
    assert_eq!(get(edge.address, "/a", &[]).status, 200, "and the next request is served");
}

#[test]
fn a_viewer_that_hangs_up_ends_the_reading_of_the_origin() {
    let (ended, told) = channel();
    let ended = std::sync::Mutex::new(ended);
    let origin = TestOrigin::start(move |_, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
        let mut result = stream.write_all(head.as_bytes());
        while result.is_ok() {
            result = stream.write_all(&[0; 65536]);
        }
        ended.lock().unwrap().send(()).unwrap();
    });
    let edge = edge_before(&origin.url(), &[]);
    let mut viewer = open(edge.address, "GET", "/a", &[]);
    viewer.read_exact(&mut [0; 1 << 16]).unwrap();
    assert!(told.try_recv().is_err(), "the origin ended while it was read");
    drop(viewer);
    told.recv_timeout(Duration::from_secs(10)).expect("the origin is still being read");
}

/// The origin says no more: there is no byte that could fail to be sent, so the edge must see the hang-up itself.
#[test]
fn a_viewer_that_hangs_up_on_a_silent_origin_ends_its_reading() {
    for said in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"] {
        let (ended, told) = channel();
        let ended = std::sync::Mutex::new(ended);
        let origin = TestOrigin::start(move |_, stream| {
            stream.write_all(said.as_bytes()).unwrap();
            // Ends when the edge closes its side.
            let _ = stream.read(&mut [0]);
            ended.lock().unwrap().send(()).unwrap();
        });
        let edge = edge_before(&origin.url(), &[]);
        let mut viewer = open(edge.address, "GET", "/a", &[]);
        origin.request();
        if !said.is_empty() {
            // Nothing is left unread, so that closing says goodbye and does not reset.
            read_response(&mut viewer).1.read_exact(&mut [0]).unwrap();
        }
        drop(viewer);
        told.recv_timeout(Duration::from_secs(10)).expect("the origin is still being read");
    }
}

#[test]
fn an_http_origin_is_never_asked_for_a_path_that_climbs() {
    let origin = rangeless("");
    let edge = edge_before(&format!("{}/public", origin.url()), &[]);
    for path in [
        "/../private",
        "/%2e%2e/private",
        "/a/..%2f..%2fprivate",
        "/..%5cprivate",
        "/..\\private",
        "/a/./b",
        "/a\\b",
    ] {
        let response = get(edge.address, path, &[]);
        assert_eq!((response.status, response.header("server")), (403, Some("CloudFront")), "{path}");
    }
    assert!(origin.is_quiet());
    get(edge.address, "/a//b%2fc", &[]);
    assert!(origin.request().starts_with("GET /public/a//b%2fc HTTP/1.1\r\n"));
}
