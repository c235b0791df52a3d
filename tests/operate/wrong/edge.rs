//! What the edge refuses, and what its double says of why. The cookies are the binary's own.

use std::process::Command;

use serde_json::Value;

use super::chapter::{Mistake, try_all};
use super::deployment::{Deployment, KEY_PAIR_ID, line};
use crate::compose::Listening;
use crate::programs::is_installed;
use crate::support::exchange;

const RESOURCE: &str = "https://cdn.example.com/podcasts/*";

pub const MISTAKES: &[Mistake] = &[
    ("no-cookies", || Stage::new().answers("")),
    ("two-sets", || {
        let (stage, staging) = (Stage::new(), Stage::new());
        // One set for production and one of another environment, with the same Domain and Path.
        stage.answers(&format!("{}; {}", stage.cookies(RESOURCE, &[]), staging.cookies(RESOURCE, &[])))
    }),
    ("key-not-in-the-group", || {
        let (stage, other) = (Stage::new(), Stage::new());
        stage.answers(&other.cookies(RESOURCE, &[]).replace(KEY_PAIR_ID, "K36X4X2EO997HM"))
    }),
    ("group-in-the-cookie", || {
        let stage = Stage::new();
        stage.answers(
            &stage.cookies(RESOURCE, &[]).replace(KEY_PAIR_ID, "2f1c6a5e-8a0b-4a8e-9d3c-5b7f0e4d1a92"),
        )
    }),
    ("key-of-another-pair-at-the-edge", || {
        let (stage, other) = (Stage::new(), Stage::new());
        stage.answers(&other.cookies(RESOURCE, &[]))
    }),
    ("resource-of-another-host", || {
        let stage = Stage::new();
        stage.answers(&stage.cookies("https://www.example.com/podcasts/*", &[]))
    }),
    ("hash-cookie-lost", || {
        let stage = Stage::new();
        let cookies = stage.cookies(RESOURCE, &["--hash", "sha256"]);
        stage.answers(&cookies.replace("CloudFront-Hash-Algorithm=SHA256", "other=1"))
    }),
    ("signature-in-the-query", || {
        let stage = Stage::new();
        stage.answers_at("/podcasts/1.mp3?Signature=old", &stage.cookies(RESOURCE, &[]))
    }),
    ("cdn-by-http", || {
        if !is_installed("curl") {
            return None;
        }
        let stage = Stage::new();
        let mint = ["--format", "netscape"];
        std::fs::write(stage.place.path("cookies.txt"), stage.minted(&[], RESOURCE, &mint)).unwrap();
        let port = stage.edge.address.port();
        let mut curl = Command::new("curl");
        curl.args(["-s", "-b", "cookies.txt", "--resolve", &format!("cdn.example.com:{port}:127.0.0.1")]);
        let asked = curl
            .arg(format!("http://cdn.example.com:{port}/podcasts/1.mp3"))
            .current_dir(stage.place.path("."));
        assert!(asked.output().unwrap().status.success());
        Some(line(&stage.edge, "edge answered"))
    }),
];

/// An edge that trusts the key of a deployment.
pub struct Stage {
    pub place: Deployment,
    edge: Listening,
}

impl Stage {
    pub fn new() -> Self {
        let place = Deployment::of("own-host.toml");
        std::fs::create_dir_all(place.path("media/podcasts")).unwrap();
        std::fs::write(place.path("media/podcasts/1.mp3"), "0123456789").unwrap();
        let trust = format!("{KEY_PAIR_ID}=public.pem");
        let words = [
            "edge",
            "--listen",
            "127.0.0.1:0",
            "--origin",
            "media",
            "--protect",
            "/podcasts/*",
            "--trust",
            &trust,
        ];
        let edge = Listening::start(&mut place.command(&words));
        Self { place, edge }
    }

    /// Where the edge listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.edge.address
    }

    /// What `mint` says, started by another program.
    fn minted(&self, by: &[&str], resource: &str, more: &[&str]) -> String {
        let key = self.place.key_file();
        let words =
            ["mint", "--key", &key, "--key-pair-id", KEY_PAIR_ID, "--ttl", "15m", "--resource", resource];
        let minted = self.place.command_by(by, &[&words, more].concat()).output().unwrap();
        assert!(minted.status.success(), "{}", String::from_utf8_lossy(&minted.stderr));
        String::from_utf8(minted.stdout).unwrap()
    }

    pub fn cookies_by(&self, by: &[&str], resource: &str, more: &[&str]) -> String {
        let minted: Value = serde_json::from_str(&self.minted(by, resource, more)).unwrap();
        let pairs = minted.as_object().unwrap().iter();
        pairs
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn cookies(&self, resource: &str, more: &[&str]) -> String {
        self.cookies_by(&[], resource, more)
    }

    pub fn answers(&self, cookies: &str) -> Option<String> {
        self.answers_at("/podcasts/1.mp3", cookies)
    }

    /// What the double logs of a request with these cookies, which are not in it.
    fn answers_at(&self, path: &str, cookies: &str) -> Option<String> {
        let head = "Host: cdn.example.com";
        exchange(self.edge.address, format!("GET {path} HTTP/1.1\r\n{head}\r\nCookie: {cookies}\r\n\r\n"));
        let told = line(&self.edge, "edge answered");
        for value in cookies.split("; ").filter_map(|cookie| cookie.split_once('=')).map(|(_, value)| value) {
            assert!(value.len() < 40 || !self.edge.log().contains(value), "{value}");
        }
        Some(told)
    }
}

#[test]
fn what_the_edge_refuses_is_told_as_the_chapter_shows() {
    try_all(MISTAKES);
}

#[test]
fn cookies_with_nothing_wrong_are_let_in() {
    let stage = Stage::new();
    let told = stage.answers(&stage.cookies(RESOURCE, &[])).unwrap();
    assert!(told.contains("\"status\":200") && !told.contains("failed"), "{told}");
}
