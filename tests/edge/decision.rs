//! The signature check: every code of rules §5 to the byte, and what may pass.

use std::time::{Duration, Instant};

use crate::programs::needs;
use crate::support::*;

const FAR: i64 = 3600;
const EPISODE: &str = "/podcasts/1.mp3";
const RESOURCE: &str = "https://cdn.example.com/podcasts/*";
const HOST: (&str, &str) = ("Host", "cdn.example.com");

fn edge(more: &[&str]) -> (tempfile::TempDir, EdgeProcess) {
    let media = media();
    let trusted = [&keys().rsa, &keys().ecdsa];
    let edge = EdgeProcess::protecting(&media.path().join("origin"), &trusted, more);
    (media, edge)
}

#[track_caller]
fn assert_refused(response: &Response, code: &str, message: &str) {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    assert_eq!((response.status, response.text()), (403, body.as_str()));
    assert_refusal_headers(response, body.len());
}

#[track_caller]
fn assert_refusal_headers(response: &Response, length: usize) {
    let length = length.to_string();
    for (name, value) in [
        ("server", "CloudFront"),
        ("content-type", "text/xml"),
        ("x-cache", "Error from cloudfront"),
        ("content-length", length.as_str()),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    assert_eq!(response.header("x-amz-cf-id").map(str::len), Some(56));
    // rules §5: neither CORS headers, nor anything of the object.
    assert!(response.headers.iter().all(|(name, _)| !name.starts_with("access-control-")));
    for name in ["etag", "accept-ranges", "last-modified", "content-range", "set-cookie"] {
        assert_eq!(response.header(name), None, "{name}");
    }
}

#[track_caller]
fn assert_denied(response: &Response) {
    assert_refused(response, "AccessDenied", "Access denied");
}

#[test]
fn each_refusal_has_its_code_and_body() {
    needs!("openssl");
    let (_media, edge) = edge(&["--host", "cdn.example.com"]);
    let good = policy(RESOURCE, in_seconds(FAR), "");
    let (encoded, signature, id) =
        (alphabet(good.as_bytes()), sign(&keys().rsa, "sha1", &good), keys().rsa.id);
    let all = |policy: &str, signature: &str, id: &str| {
        format!("CloudFront-Policy={policy}; CloudFront-Signature={signature}; CloudFront-Key-Pair-Id={id}")
    };
    let without_id = format!("CloudFront-Policy={encoded}; CloudFront-Signature={signature}");
    let missing_key = ("MissingKey", "Missing Key-Pair-Id query parameter or cookie value");
    let malformed_policy = ("MalformedPolicy", "Malformed Policy");
    let two_statements = good.replace("]}", ",{\"Resource\":\"*\"}]}");
    let milliseconds = policy(RESOURCE, in_seconds(FAR) * 1000, "");
    let quoted = good.replace("\"AWS:EpochTime\":", "\"AWS:EpochTime\":\"").replace("}}}]}", "\"}}}]}");
    let signed = |policy: &str| cookies(&keys().rsa, policy);
    for (cookies, (code, message)) in [
        (String::new(), missing_key),
        ("session=1; theme=dark".to_owned(), missing_key),
        (without_id, missing_key),
        (all(&encoded, &signature, "KNOBODY"), ("InvalidKey", "Unknown Key")),
        (all(&encoded, &signature, keys().stranger.id), ("InvalidKey", "Unknown Key")),
        (all(&encoded, "not*base64!", id), ("MalformedSignature", "Could not unencode Signature")),
        (
            all(&encoded, &(signature.clone() + "/+=="), id),
            ("MalformedSignature", "Could not unencode Signature"),
        ),
        (format!("CloudFront-Signature={signature}; CloudFront-Key-Pair-Id={id}"), malformed_policy),
        (signed("{}"), malformed_policy),
        (signed("Statement"), malformed_policy),
        (signed(&two_statements), malformed_policy),
        (signed(&milliseconds), malformed_policy),
        (signed(&quoted), malformed_policy),
    ] {
        assert_refused(&get(edge.address, EPISODE, &[HOST, ("Cookie", &cookies)]), code, message);
    }
}

#[test]
fn access_is_denied_for_every_condition_that_fails() {
    needs!("openssl");
    let (_media, edge) = edge(&["--host", "cdn.example.com"]);
    let rsa = &keys().rsa;
    let later = in_seconds(FAR);
    let good = policy(RESOURCE, later, "");
    let by_stranger = cookies(&keys().stranger, &good).replace(keys().stranger.id, rsa.id);
    let other_policy = cookies(rsa, &good)
        .replace(&alphabet(good.as_bytes()), &alphabet(policy(RESOURCE, later + 1, "").as_bytes()));
    let sha256_unsaid = format!(
        "CloudFront-Policy={}; CloudFront-Signature={}; CloudFront-Key-Pair-Id={}",
        alphabet(good.as_bytes()),
        sign(rsa, "sha256", &good),
        rsa.id
    );
    let start = format!(",\"DateGreaterThan\":{{\"AWS:EpochTime\":{}}}", in_seconds(600));
    let address = |network: &str| format!(",\"IpAddress\":{{\"AWS:SourceIp\":\"{network}\"}}");
    for (why, cookies) in [
        ("another key signed", by_stranger),
        ("another policy was signed", other_policy),
        ("SHA-256 without its cookie", sha256_unsaid),
        ("expired", cookies(rsa, &policy(RESOURCE, in_seconds(-1), ""))),
        ("not yet valid", cookies(rsa, &policy(RESOURCE, later, &start))),
        ("another address", cookies(rsa, &policy(RESOURCE, later, &address("203.0.113.7/32")))),
        ("another path", cookies(rsa, &policy("https://cdn.example.com/videos/*", later, ""))),
        ("another host", cookies(rsa, &policy("https://www.example.com/podcasts/*", later, ""))),
        ("one file, another one", cookies(rsa, &policy("https://cdn.example.com/podcasts/2.mp3", later, ""))),
    ] {
        let response =
            get(edge.address, EPISODE, &[HOST, ("Cookie", &cookies), ("X-Forwarded-For", "203.0.113.7")]);
        assert_eq!(response.status, 403, "{why}");
        assert_denied(&response);
    }
}

#[test]
fn signed_cookies_of_each_key_and_hash_are_let_in() {
    needs!("openssl");
    let (_media, edge) = edge(&["--host", "cdn.example.com"]);
    let start = format!(",\"DateGreaterThan\":{{\"AWS:EpochTime\":{}}}", in_seconds(-600));
    let here = ",\"IpAddress\":{\"AWS:SourceIp\":\"127.0.0.0/8\"}".to_owned();
    for more in [String::new(), start, here] {
        let policy = policy(RESOURCE, in_seconds(FAR), &more);
        for key in [&keys().rsa, &keys().ecdsa] {
            let sha256 = format!(
                "CloudFront-Policy={}; CloudFront-Signature={}; CloudFront-Key-Pair-Id={}; CloudFront-Hash-Algorithm=SHA256",
                alphabet(policy.as_bytes()),
                sign(key, "sha256", &policy),
                key.id
            );
            for cookies in [cookies(key, &policy), sha256] {
                let response = get(edge.address, EPISODE, &[HOST, ("Cookie", &cookies)]);
                assert_eq!((response.status, response.body), (200, episode()));
            }
        }
    }
}

#[test]
fn signed_urls_are_let_in_and_outweigh_cookies() {
    needs!("openssl");
    let (_media, edge) = edge(&["--host", "cdn.example.com"]);
    let (rsa, expires) = (&keys().rsa, in_seconds(FAR));
    let canned = sign(rsa, "sha1", &canned_policy("https://cdn.example.com/podcasts/1.mp3?v=2", expires));
    let canned = format!("{EPISODE}?v=2&Expires={expires}&Signature={canned}&Key-Pair-Id={}", rsa.id);
    let custom = policy(RESOURCE, expires, "");
    let custom = format!(
        "{EPISODE}?Policy={}&Signature={}&Key-Pair-Id={}",
        alphabet(custom.as_bytes()),
        sign(rsa, "sha1", &custom),
        rsa.id
    );
    for url in [&canned, &custom] {
        assert_eq!(get(edge.address, url, &[HOST]).status, 200);
        assert_denied(&get(edge.address, &url.replace("Signature=", "Signature=AAAA"), &[HOST]));
    }
    // A canned policy is for its URL to the byte.
    assert_denied(&get(edge.address, &canned.replace("v=2", "v=3"), &[HOST]));
    let cookies = cookies(rsa, &policy(RESOURCE, expires, ""));
    let with_cookies = get(edge.address, &format!("{EPISODE}?Signature=abcd"), &[HOST, ("Cookie", &cookies)]);
    assert_refused(&with_cookies, "MissingKey", "Missing Key-Pair-Id query parameter or cookie value");
}

#[test]
fn all_methods_of_a_protected_path_are_checked() {
    needs!("openssl");
    let (_media, edge) = edge(&["--allow-origin", "https://www.example.com"]);
    let preflight = [("Origin", "https://www.example.com"), ("Access-Control-Request-Method", "GET")];
    assert_refused(
        &send(edge.address, "OPTIONS", EPISODE, &preflight),
        "MissingKey",
        "Missing Key-Pair-Id query parameter or cookie value",
    );
    let head = send(edge.address, "HEAD", EPISODE, &preflight);
    assert_eq!((head.status, head.body.len()), (403, 0));
    assert_refusal_headers(&head, get(edge.address, EPISODE, &[]).body.len());
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get"] {
        let response = send(edge.address, method, "/open/cover.svg", &[]);
        assert_eq!(response.status, 403, "{method}");
        assert!(response.text().contains("not configured to allow the HTTP request method"), "{method}");
        assert_eq!(response.header("content-type"), Some("text/html"));
    }
}

#[test]
fn no_other_spelling_of_a_protected_path_is_open() {
    needs!("openssl");
    let (_media, edge) = edge(&[]);
    for path in [
        "/%70odcasts/1.mp3",
        "//podcasts/1.mp3",
        "/open/../podcasts/1.mp3",
        "/open/%2e%2e/podcasts/1.mp3",
        "/open/..%2fpodcasts/1.mp3",
        "/./podcasts/1.mp3",
        "/podcasts%2f1.mp3",
        "/podcasts/%31.mp3",
    ] {
        let response = get(edge.address, path, &[]);
        assert_refused(&response, "MissingKey", "Missing Key-Pair-Id query parameter or cookie value");
    }
    assert_eq!(get(edge.address, "/open/cover.svg", &[]).status, 200);
}

#[test]
fn the_scheme_counts_when_it_is_set() {
    needs!("openssl");
    let later = in_seconds(FAR);
    let [https, http, either] = ["https", "http", "*"].map(|scheme| {
        cookies(&keys().rsa, &policy(&format!("{scheme}://cdn.example.com/podcasts/*"), later, ""))
    });
    for (flags, expected) in [
        (&["--host", "cdn.example.com", "--scheme", "https"][..], [200, 403, 200]),
        (&["--host", "cdn.example.com", "--scheme", "http"], [403, 200, 200]),
        (&["--host", "cdn.example.com"], [200, 200, 200]),
    ] {
        let (_media, edge) = edge(flags);
        let statuses = [&https, &http, &either]
            .map(|cookies| get(edge.address, EPISODE, &[HOST, ("Cookie", cookies)]).status);
        assert_eq!(statuses, expected, "{flags:?}");
    }
}

#[test]
fn the_host_is_the_one_that_the_viewer_asks_for() {
    needs!("openssl");
    let (_media, open) = edge(&[]);
    let at_its_address = format!("http://{}/podcasts/*", open.address);
    let cookies_for = |resource: &str| cookies(&keys().rsa, &policy(resource, in_seconds(FAR), ""));
    assert_eq!(get(open.address, EPISODE, &[("Cookie", &cookies_for(&at_its_address))]).status, 200);
    assert_eq!(get(open.address, EPISODE, &[HOST, ("Cookie", &cookies_for(RESOURCE))]).status, 200);
    assert_denied(&get(open.address, EPISODE, &[HOST, ("Cookie", &cookies_for(&at_its_address))]));

    let (_media, named) = edge(&["--host", "cdn.example.com"]);
    let cookie = cookies_for(RESOURCE);
    for host in ["cdn.example.com", "cdn.example.com:8080", "127.0.0.1", "localhost:1"] {
        assert_eq!(get(named.address, EPISODE, &[("Host", host), ("Cookie", &cookie)]).status, 200, "{host}");
    }
    for host in ["www.example.com", "cdn.example.com.evil.org"] {
        let response = get(named.address, "/open/cover.svg", &[("Host", host)]);
        assert_eq!((response.status, response.header("server")), (403, Some("CloudFront")), "{host}");
        assert!(response.text().contains("Bad request."), "{host}");
    }
    let twice = get(named.address, EPISODE, &[HOST, ("Host", "www.example.com"), ("Cookie", &cookie)]);
    assert_eq!(twice.status, 400);
}

/// A host that holds the border to the path would open one path with the cookies of another.
#[test]
fn a_host_that_is_none_is_a_bad_request() {
    let (_media, open) = edge(&[]);
    let (_media_too, named) = edge(&["--host", "cdn.example.com"]);
    let cookie = cookies(&keys().rsa, &policy("https://cdn.example.com/hidden/*", in_seconds(FAR), ""));
    for host in [
        "cdn.example.com/hidden",
        "cdn.example.com/hidden/",
        "cdn.example.com?",
        "cdn.example.com#",
        "listener@cdn.example.com",
        "https://cdn.example.com",
        "cdn.example.com\\",
        "cdn.example.com\\hidden",
        "cdn.example.com%2fhidden",
        "cdn.example.com hidden",
        "*",
        "",
    ] {
        for (edge, path) in [(&open, EPISODE), (&named, EPISODE), (&open, "/open/cover.svg")] {
            let response = get(edge.address, path, &[("Host", host), ("Cookie", &cookie)]);
            assert_eq!(response.status, 400, "{host:?} {path}");
            assert_eq!(response.header("server"), Some("CloudFront"), "{host:?} {path}");
            assert!(response.text().contains("Bad request."), "{host:?} {path}");
        }
    }
    for host in ["cdn.example.com:", "cdn.example.com:https", "::1", "[::1]:1:2"] {
        assert_denied(&get(open.address, EPISODE, &[("Host", host), ("Cookie", &cookie)]));
    }
    let user = "http://listener@cdn.example.com/podcasts/1.mp3";
    assert_eq!(get(open.address, user, &[HOST, ("Cookie", &cookie)]).status, 400);
}

#[test]
fn behaviours_trust_their_own_keys_and_the_first_match_wins() {
    needs!("openssl");
    let media = media();
    let trust = |pattern: &str, key: &Key| format!("{pattern}:{}={}", key.id, key.public.display());
    let (inner, outer) = (trust("/podcasts/1*", &keys().ecdsa), trust("/podcasts/*", &keys().rsa));
    let origin = media.path().join("origin");
    let edge = EdgeProcess::start(&[
        "--origin",
        origin.to_str().unwrap(),
        "--protect",
        "/podcasts/1*",
        "--protect",
        "/podcasts/*",
        "--trust",
        &inner,
        "--trust",
        &outer,
        "--host",
        "cdn.example.com",
    ]);
    let policy = policy(RESOURCE, in_seconds(FAR), "");
    let by_outer = cookies(&keys().rsa, &policy);
    assert_refused(&get(edge.address, EPISODE, &[("Cookie", &by_outer)]), "InvalidKey", "Unknown Key");
    assert_eq!(get(edge.address, EPISODE, &[("Cookie", &cookies(&keys().ecdsa, &policy))]).status, 200);
    assert_eq!(get(edge.address, "/podcasts/2.mp3", &[("Cookie", &by_outer)]).status, 404);
}

#[test]
fn a_range_after_the_expiry_is_refused_while_a_download_goes_on() {
    needs!("openssl");
    let (_media, edge) = edge(&["--host", "cdn.example.com"]);
    let cookies = cookies(&keys().rsa, &policy(RESOURCE, in_seconds(2), ""));
    let ask = || get(edge.address, EPISODE, &[("Cookie", &cookies), ("Range", "bytes=0-1")]);
    let mut download = open(edge.address, "GET", EPISODE, &[("Cookie", &cookies)]);
    assert_eq!(ask().status, 206);
    let deadline = Instant::now() + Duration::from_secs(20);
    let refused = loop {
        let response = ask();
        if response.status != 206 {
            break response;
        }
        assert!(Instant::now() < deadline, "never refused");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_denied(&refused);
    let (head, mut body) = read_response(&mut download);
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut body, &mut bytes).unwrap();
    assert_eq!((head.status, bytes), (200, episode()));
}

#[test]
fn the_log_tells_the_trace_and_no_secret() {
    needs!("openssl");
    let (_media, edge) = edge(&["--host", "cdn.example.com"]);
    let expired = policy(RESOURCE, in_seconds(-1), "");
    let (encoded, signature) = (alphabet(expired.as_bytes()), sign(&keys().rsa, "sha1", &expired));
    let response = get(edge.address, EPISODE, &[("Cookie", &cookies(&keys().rsa, &expired))]);
    let url = format!("{EPISODE}?Policy={encoded}&Signature={signature}&Key-Pair-Id={}", keys().rsa.id);
    let by_url = get(edge.address, &url, &[]);
    let id = response.header("x-amz-cf-id").unwrap();
    edge.log_with(id);
    let log = edge.log_with(by_url.header("x-amz-cf-id").unwrap());
    let line = log.lines().find(|line| line.contains(id)).unwrap();
    let fields: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&fields["decision"], &fields["path"]), (&"AccessDenied".into(), &EPISODE.into()));
    let trace: serde_json::Value = serde_json::from_str(fields["trace"].as_str().unwrap()).unwrap();
    let failed: Vec<_> = trace.as_array().unwrap().iter().filter(|check| check["passed"] == false).collect();
    assert_eq!((failed.len(), &failed[0]["name"]), (1, &"expiry".into()));
    for secret in [&signature, &encoded] {
        assert!(!log.contains(&secret[..40]), "a secret is in the log");
    }
}
