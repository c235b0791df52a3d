//! The script for pages: how it may be kept, and who may read it.

use crate::support::{APP, Answer, Client, Service, Setup};

const SCRIPT: &str = include_str!("../../src/player/player.js");

fn fetch(service: &Service, method: &str, path: &str, headers: &str) -> Answer {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: listen.example.com\r\n{headers}\r\n");
    let mut client = Client::connect(service.address);
    client.send(request).unwrap();
    match method {
        "HEAD" => client.head().unwrap().expect("an answer"),
        _ => client.answer(),
    }
}

fn hash() -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    digest(&SHA256, SCRIPT.as_bytes()).as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn pages_of_the_app_import_it_and_keep_it_as_long_as_its_name_allows() {
    let service = Setup::with_sessions().start();
    let versioned = format!("/player-{}.js", hash());
    for (path, caching) in [("/player.js", "no-cache"), (&*versioned, "public, max-age=31536000, immutable")]
    {
        let answer = fetch(&service, "GET", path, &format!("Origin: {APP}\r\n"));
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body, SCRIPT.as_bytes(), "{path}");
        assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(answer.all("cache-control").collect::<Vec<_>>(), [caching], "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
        assert_eq!(answer.header("vary"), Some("Origin"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.all("set-cookie").count(), 0);

        let tag = answer.header("etag").unwrap();
        assert_eq!(tag, format!("\"{}\"", hash()));
        for held in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let headers = format!("Origin: {APP}\r\nIf-None-Match: {held}\r\n");
            let again = fetch(&service, "GET", path, &headers);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {held}");
            for name in ["etag", "cache-control", "vary", "access-control-allow-origin"] {
                assert_eq!(again.header(name), answer.header(name), "{path} {held} {name}");
            }
        }
        for other in ["\"other\"", "other", &hash(), ""] {
            let headers = format!("If-None-Match: {other}\r\n");
            assert_eq!(fetch(&service, "GET", path, &headers).status, 200, "{path} {other:?}");
        }
        let head = fetch(&service, "HEAD", path, "");
        assert_eq!((head.status, head.header("etag"), head.body.len()), (200, Some(tag), 0), "{path}");
    }
}

#[test]
fn another_hash_is_not_found_and_nothing_of_it_is_kept() {
    let service = Setup::with_sessions().start();
    let hash = hash();
    let upper = hash.to_uppercase();
    for other in ["0123456789abcdef", &hash[..15], &format!("{hash}0"), "", &*upper, "..%2fplayer"] {
        if other == hash {
            continue;
        }
        let answer = fetch(&service, "GET", &format!("/player-{other}.js"), &format!("Origin: {APP}\r\n"));
        answer.assert_refusal(404, "not_found", other);
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = fetch(&service, method, "/player.js", "Content-Length: 0\r\n");
        answer.assert_refusal(405, "method_not_allowed", method);
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    }
}

#[test]
fn pages_of_other_origins_may_not_read_it() {
    let service = Setup::with_sessions().start();
    for origin in [
        "https://www.example.com.evil.example",
        "https://example.com",
        "http://www.example.com",
        "https://www.example.com:444",
        "null",
        "*",
        "https://WWW.example.com",
        "https://www.example.com\r\nOrigin: https://evil.example",
    ] {
        for path in ["/player.js".to_owned(), format!("/player-{}.js", hash())] {
            let answer = fetch(&service, "GET", &path, &format!("Origin: {origin}\r\n"));
            assert_eq!(answer.status, 200, "{origin}");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{origin}");
            assert_eq!(
                answer.header("vary"),
                Some("Origin"),
                "a cache must not give this to the app: {origin}"
            );
        }
    }
}

#[test]
fn it_lies_below_the_base_path() {
    let service = Setup::with_sessions().server("base_path = \"/edgemint\"\n").start();
    assert_eq!(fetch(&service, "GET", "/edgemint/player.js", "").status, 200);
    assert_eq!(fetch(&service, "GET", &format!("/edgemint/player-{}.js", hash()), "").status, 200);
    assert_eq!(fetch(&service, "GET", "/player.js", "").status, 404);
}
