//! The directory origin: ranges, conditions, names, CORS, and memory. Expected values are RFC 9110's and rules §5's.

use std::fs::{self, File, FileTimes};
use std::io::Read as _;
use std::time::{Duration, SystemTime};

use crate::support::*;

/// RFC 9110 §5.6.7's example date, as a modification time.
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const OBJECT: &str = "/open/10k.bin";

fn edge(more: &[&str]) -> (tempfile::TempDir, EdgeProcess) {
    let media = media();
    let file = File::options().write(true).open(media.path().join("origin/open/10k.bin")).unwrap();
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    file.set_times(FileTimes::new().set_modified(modified)).unwrap();
    let origin = media.path().join("origin");
    let edge = EdgeProcess::start(&[&["--origin", origin.to_str().unwrap()], more].concat());
    (media, edge)
}

/// The table of ranges, asked through one edge (a directory) or two (an HTTP origin that is an edge).
pub fn assert_ranges(edge: &EdgeProcess) {
    for (range, first, last) in [
        ("bytes=0-499", 0, 499),
        ("bytes=500-999", 500, 999),
        ("bytes=-500", 9500, 9999),
        ("bytes=9500-", 9500, 9999),
        ("bytes=0-", 0, 9999),
        ("bytes=9999-", 9999, 9999),
        ("bytes=0-99999", 0, 9999),
        ("bytes=-99999", 0, 9999),
        ("bytes=9999-20000,", 9999, 9999),
    ] {
        let response = get(edge.address, OBJECT, &[("Range", range)]);
        assert_eq!(response.status, 206, "{range}");
        assert_eq!(
            response.header("content-range"),
            Some(format!("bytes {first}-{last}/10000").as_str()),
            "{range}"
        );
        assert_eq!(
            response.header("content-length"),
            Some((last - first + 1).to_string().as_str()),
            "{range}"
        );
        assert_eq!(response.body, &episode()[first..=last], "{range}");
    }
    for range in ["bytes=10000-", "bytes=10000-10001", "bytes=-0", "bytes=99999999999999999999999-"] {
        let response = get(edge.address, OBJECT, &[("Range", range)]);
        assert_eq!(
            (response.status, response.header("content-range")),
            (416, Some("bytes */10000")),
            "{range}"
        );
        assert_eq!(response.header("etag"), None, "{range}");
    }
    for range in
        ["bytes=2-1", "bytes=a-b", "bytes=", "bytes=5-6,0-1", "bytes=0-5,3-8", "items=0-1", "bytes=0-1,x"]
    {
        let response = get(edge.address, OBJECT, &[("Range", range)]);
        assert_eq!((response.status, response.header("content-range")), (200, None), "{range}");
        assert_eq!(response.body, episode(), "{range}");
    }
}

#[test]
fn ranges_are_those_of_the_rfc() {
    assert_ranges(&edge(&[]).1);
}

#[test]
fn several_ranges_come_in_parts() {
    let (_media, edge) = edge(&[]);
    let response = get(edge.address, OBJECT, &[("Range", "bytes=0-9, 500-509, -2")]);
    assert_eq!(response.status, 206);
    assert_eq!(response.header("content-range"), None);
    let boundary =
        response.header("content-type").unwrap().strip_prefix("multipart/byteranges; boundary=").unwrap();
    let mut expected = Vec::new();
    for (first, last) in [(0, 9), (500, 509), (9998, 9999)] {
        let head = format!(
            "--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {first}-{last}/10000\r\n\r\n"
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&episode()[first..=last]);
        expected.extend_from_slice(b"\r\n");
    }
    expected.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    assert_eq!(response.header("content-length"), Some(expected.len().to_string().as_str()));
    assert_eq!(response.body, expected);
    // One that is left is no multipart.
    let one = get(edge.address, OBJECT, &[("Range", "bytes=0-9, 20000-")]);
    assert_eq!((one.status, one.header("content-range")), (206, Some("bytes 0-9/10000")));
}

#[test]
fn conditions_decide_before_ranges() {
    let (_media, edge) = edge(&[]);
    let etag = get(edge.address, OBJECT, &[]).header("etag").unwrap().to_owned();
    assert!(etag.starts_with('"'), "a strong entity tag: {etag}");
    let weak = format!("W/{etag}");
    for (condition, status) in [
        (("If-Range", etag.as_str()), 206),
        (("If-Range", DATE), 206),
        (("If-Range", "\"other\""), 200),
        (("If-Range", &weak), 200),
        (("If-Range", EARLIER), 200),
        (("If-None-Match", &etag), 304),
        (("If-None-Match", &weak), 304),
        (("If-None-Match", "*"), 304),
        (("If-None-Match", "\"other\""), 206),
        (("If-Modified-Since", DATE), 304),
        (("If-Modified-Since", EARLIER), 206),
        (("If-Modified-Since", "nonsense"), 206),
        (("If-Match", &etag), 206),
        (("If-Match", "\"other\""), 412),
        (("If-Match", &weak), 412),
        (("If-Unmodified-Since", EARLIER), 412),
        (("If-Unmodified-Since", DATE), 206),
    ] {
        let response = get(edge.address, OBJECT, &[("Range", "bytes=0-9"), condition]);
        assert_eq!(response.status, status, "{condition:?}");
        match status {
            304 => {
                assert!(response.body.is_empty());
                assert_eq!(response.header("etag"), Some(etag.as_str()));
            }
            412 => assert!(response.text().contains("<Code>PreconditionFailed</Code>")),
            206 => assert_eq!(response.body, &episode()[..10]),
            _ => assert_eq!(response.body, episode()),
        }
    }
}

#[test]
fn a_written_object_is_another_version() {
    let (media, edge) = edge(&[]);
    let before = get(edge.address, OBJECT, &[]).header("etag").unwrap().to_owned();
    fs::write(media.path().join("origin/open/10k.bin"), [7; 10_000]).unwrap();
    let after = get(edge.address, OBJECT, &[("If-Range", &before), ("Range", "bytes=0-9")]);
    assert_eq!((after.status, after.body), (200, vec![7; 10_000]));
    assert_ne!(after.headers.iter().find(|(name, _)| name == "etag").unwrap().1, before);
}

#[test]
fn heads_are_those_of_get_without_the_body() {
    let (_media, edge) = edge(&[]);
    let get = get(edge.address, OBJECT, &[]);
    for headers in [&[][..], &[("Range", "bytes=0-9")]] {
        // RFC 9110 §14.2: a server ignores the Range of a HEAD.
        let head = send(edge.address, "HEAD", OBJECT, headers);
        assert_eq!((head.status, head.body.len()), (200, 0));
        for name in ["content-length", "content-type", "etag", "last-modified", "accept-ranges", "server"] {
            assert_eq!(head.header(name), get.header(name), "{name}");
        }
    }
    for (name, value) in [
        ("content-length", "10000"),
        ("content-type", "application/octet-stream"),
        ("last-modified", DATE),
        ("accept-ranges", "bytes"),
        ("server", "AmazonS3"),
        ("x-cache", "Miss from cloudfront"),
    ] {
        assert_eq!(get.header(name), Some(value), "{name}");
    }
    let missing = send(edge.address, "HEAD", "/open/none", &[]);
    assert_eq!((missing.status, missing.body.len()), (404, 0));
}

#[test]
fn an_empty_object_has_no_range() {
    let (_media, edge) = edge(&[]);
    let whole = get(edge.address, "/open/empty.bin", &[]);
    assert_eq!((whole.status, whole.header("content-length"), whole.body.len()), (200, Some("0"), 0));
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
        let response = get(edge.address, "/open/empty.bin", &[("Range", range)]);
        assert_eq!((response.status, response.header("content-range")), (416, Some("bytes */0")), "{range}");
    }
    assert_eq!(get(edge.address, "/open/empty.bin", &[("Range", "bytes=1-0")]).status, 200);
}

#[test]
fn no_path_leaves_the_origin() {
    let (media, edge) = edge(&[]);
    let origin = media.path().join("origin");
    let outside = media.path().join("secret.txt");
    std::os::unix::fs::symlink(&outside, origin.join("open/leaving")).unwrap();
    std::os::unix::fs::symlink(media.path(), origin.join("open/up")).unwrap();
    std::os::unix::fs::symlink("10k.bin", origin.join("open/staying")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(origin.join("open/pipe")).status().unwrap().success());
    let absolute = outside.to_str().unwrap();
    for path in [
        "/../secret.txt",
        "/open/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/.%2e/secret.txt",
        "/%2E./secret.txt",
        "/..%2fsecret.txt",
        "/open/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/%252e%252e%252fsecret.txt",
        "/..%c0%afsecret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/open/10k.bin%00",
        "/open/10k.bin%00.svg",
        "/open/10k.bin/",
        "/open/10k.bin/..",
        "/open/leaving",
        "/open/up/secret.txt",
        "/open/pipe",
        "/open/directory",
        "/open/directory/",
        "/open",
        "/",
        "//",
        absolute,
        &format!("/{absolute}"),
        &absolute.replace('/', "%2f"),
        &format!("/%2f{absolute}"),
    ] {
        let target = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let response = get(edge.address, &target, &[]);
        assert_eq!(response.status, 404, "{path}");
        let text = response.text();
        assert!(text.contains("<Code>NoSuchKey</Code>") && text.contains("<HostId>"), "{path}: {text}");
        assert!(!text.contains("secret"), "{path}: {text}");
    }
    assert_eq!(get(edge.address, "/open/staying", &[]).body, episode());
    assert_eq!(get(edge.address, "/open/a%20b.txt", &[]).text(), "blank");
    assert_eq!(get(edge.address, "/open/%61%20b.txt?query=%2e%2e", &[]).text(), "blank");
    // An absolute target and one that is no path.
    assert_eq!(get(edge.address, &format!("http://{}{OBJECT}", edge.address), &[]).status, 200);
    assert_eq!(send(edge.address, "OPTIONS", "*", &[]).status, 400);
}

#[test]
fn pages_of_allowed_origins_may_read() {
    let (_media, edge) =
        edge(&["--allow-origin", "https://www.example.com", "--allow-origin", "http://localhost:3000"]);
    for origin in ["https://www.example.com", "http://localhost:3000"] {
        let response = get(edge.address, OBJECT, &[("Origin", origin), ("Range", "bytes=0-1")]);
        for (name, value) in [
            ("access-control-allow-origin", origin),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "Content-Range, Content-Length, Accept-Ranges, ETag"),
            ("vary", "Origin"),
        ] {
            assert_eq!(response.header(name), Some(value), "{name}");
        }
    }
    for origin in
        ["https://evil.example", "http://www.example.com", "https://www.example.com.evil.org", "null", "*"]
    {
        let response = get(edge.address, OBJECT, &[("Origin", origin)]);
        assert_eq!((response.status, response.header("vary")), (200, Some("Origin")), "{origin}");
        assert!(response.headers.iter().all(|(name, _)| !name.starts_with("access-control-")), "{origin}");
    }
    let preflight = [("Origin", "https://www.example.com"), ("Access-Control-Request-Method", "GET")];
    let response = send(edge.address, "OPTIONS", OBJECT, &preflight);
    assert_eq!((response.status, response.body.len()), (200, 0));
    assert_eq!(response.header("access-control-allow-methods"), Some("GET, HEAD, OPTIONS"));
    assert!(response.header("access-control-allow-headers").unwrap().contains("Range"));
}

/// A seek far into a file of 2 GiB, then many viewers that read slowly: nothing is held but a chunk for each.
#[test]
#[cfg(target_os = "linux")]
fn whole_objects_are_never_in_memory() {
    const LENGTH: u64 = 2 << 30;
    const STREAMED: u64 = 300 << 20;
    const MOST_MEGABYTES: u64 = 64;
    let (media, edge) = edge(&[]);
    File::create(media.path().join("origin/open/large.wav")).unwrap().set_len(LENGTH).unwrap();

    let first = LENGTH - STREAMED;
    let mut stream = open(edge.address, "GET", "/open/large.wav", &[("Range", &format!("bytes={first}-"))]);
    let (head, mut body) = read_response(&mut stream);
    assert_eq!((head.status, head.header("content-length")), (206, Some(STREAMED.to_string().as_str())));
    assert_eq!(std::io::copy(&mut body, &mut std::io::sink()).unwrap(), STREAMED);

    let mut viewers: Vec<_> = (0..20).map(|_| open(edge.address, "GET", "/open/large.wav", &[])).collect();
    for viewer in &mut viewers {
        viewer.read_exact(&mut vec![0; 1 << 20]).unwrap();
    }
    let peak = edge.peak_megabytes();
    assert!(peak < MOST_MEGABYTES, "{peak} MB");
}
