//! From the first command of README.md to the last, as somebody new would.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::blocks::blocks;
use crate::client::{Response, get};
use crate::programs::needs;
use crate::reader::Reader;

const EPISODE: &str = "/podcasts/1.mp3";

#[test]
fn a_reader_who_does_what_it_says_gets_there() {
    needs!("openssl", "curl");
    let mut reader = Reader::new();
    for block in blocks() {
        reader.follow(&block);
    }
    let edge = reader.server("edgemint edge").address;

    let public = std::fs::read_to_string(reader.folder.path().join("public.pem")).unwrap();
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{public}");
    assert!(reader.outputs("keys list").concat().contains("generated"));
    assert!(reader.outputs("edgemint check").concat().contains("https://cdn.example.com/podcasts/*"));
    is_the_answer_of_the_api(&reader.outputs("/v1/mint").concat(), edge);
    let shut_out: Value = serde_json::from_str(&reader.outputs("/v1/revoke").concat()).unwrap();
    let [from, end] = ["refused_from", "cookies_end_by"].map(|name| shut_out[name].as_i64().unwrap());
    assert_eq!(end - from, 15 * 60 + 60, "the lifetime and the expiry step of the configuration");
    let mut without_server = reader.outputs("edgemint mint --key").into_iter();
    assert_eq!(without_server.next(), Some("206\n"), "curl, with cookies as its arguments");
    opens(edge, &serde_json::from_str(without_server.next().unwrap()).unwrap());
    assert_eq!(without_server.next(), None);
    let url = reader.outputs("edgemint url").concat();
    let target = url.trim_end().strip_prefix("https://cdn.example.com").unwrap();
    assert_eq!(ask(edge, target, "").status, 200);
    assert_eq!(ask(edge, &target.replace("1.mp3", "2.mp3"), "").status, 403, "another file");

    is_rotated(&reader);

    let demo = reader.server("edgemint demo").address;
    let page = get(demo, "/", &[("Host", &format!("app.edgemint.localhost:{}", demo.port()))]);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    reader.stop_servers();
}

/// What README.md says about it, and that the edge takes the cookies.
fn is_the_answer_of_the_api(text: &str, edge: SocketAddr) {
    let answer: Value = serde_json::from_str(text).unwrap();
    let grants = answer["grants"].as_array().unwrap();
    assert_eq!(grants.len(), 1);
    let grant = &grants[0];
    assert_eq!(grant["resource"], "https://cdn.example.com/podcasts/*");
    let [renew_at, expires_at] = ["renew_at", "expires_at"].map(|name| grant[name].as_i64().unwrap());
    assert!(renew_at < expires_at, "{renew_at} {expires_at}");
    let values: Vec<&str> =
        grant["set_cookie"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    let cookies = grant["cookies"].as_object().unwrap();
    let kept = values.iter().filter(|header| !header.contains("; Max-Age=0"));
    assert_eq!(kept.count(), cookies.len());
    for (name, value) in cookies {
        let pair = format!("{name}={};", value.as_str().unwrap());
        assert!(values.iter().any(|header| header.starts_with(&pair)), "{name}");
    }
    opens(edge, &grant["cookies"]);
}

fn opens(edge: SocketAddr, cookies: &Value) {
    let pairs = cookies.as_object().unwrap().iter();
    let header: Vec<String> =
        pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
    assert_eq!(ask(edge, EPISODE, &header.join("; ")).status, 200);
    assert_eq!(ask(edge, EPISODE, &header[1..].join("; ")).status, 403, "without one of the cookies");
}

fn ask(edge: SocketAddr, target: &str, cookies: &str) -> Response {
    get(edge, target, &[("Host", "cdn.example.com"), ("Cookie", cookies)])
}

/// A new key signs, the edge was seen to accept it, and the service that runs has followed.
fn is_rotated(reader: &Reader) {
    let told = reader.outputs("keys rotate").concat();
    let steps: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let done = |step: &str| steps.iter().any(|told| told["event"] == "done" && told["step"] == step);
    assert!(["publish", "trust", "prove", "activate"].into_iter().all(done), "{told}");
    let status = reader.outputs("keys status").concat();
    let active = status.lines().find(|line| line.contains(" active ")).unwrap_or_else(|| panic!("{status}"));
    assert!(!active.contains("K2JCJMDEHXQW5F"), "{status}");
    assert!(
        status.lines().any(|line| line.contains("K2JCJMDEHXQW5F") && line.contains("retiring")),
        "{status}"
    );
    let service = reader.server("edgemint serve").address;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let ready: Value = serde_json::from_slice(&get(service, "/readyz", &[]).body).unwrap();
        let signs = ready["keyring"]["key_pair_id"].as_str().unwrap();
        if active.contains(signs) {
            break;
        }
        assert!(Instant::now() < deadline, "{signs} still signs");
        std::thread::sleep(Duration::from_millis(20));
    }
}
