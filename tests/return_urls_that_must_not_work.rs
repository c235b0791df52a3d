//! Return URLs that must not work, one row each with its reason, and those that must.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test by panicking")]

use std::sync::LazyLock;

use edgemint::session::Origin;
use edgemint::session::return_url::{
    ReturnUrlRefusal as Refusal, ReturnUrls, ReturnUrlsError, single_parameter,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use url::Url;

const ORIGINS: [&str; 5] = [
    "https://app.example.com",
    "https://www.example.com:8443",
    "http://localhost:5173",
    "http://127.0.0.1:8080",
    "http://[::1]:8080",
];

fn return_urls() -> &'static ReturnUrls {
    static URLS: LazyLock<ReturnUrls> = LazyLock::new(|| {
        let origins = ORIGINS.iter().map(|origin| Origin::parse(origin).unwrap()).collect();
        ReturnUrls::new(origins, "/home").unwrap()
    });
    &URLS
}

fn assert_refused(expected: Refusal, values: &[&str]) {
    let urls = return_urls();
    for value in values {
        assert_eq!(urls.accept(Some(value)), Err(expected), "{value:?}");
    }
}

#[test]
fn what_works_is_written_anew_and_absolute() {
    let urls = return_urls();
    for (value, expected) in [
        (None, "https://app.example.com/home"),
        (Some("/"), "https://app.example.com/"),
        (Some("/episodes/7?t=30&x=%2F%2F#notes"), "https://app.example.com/episodes/7?t=30&x=%2F%2F#notes"),
        (Some("/a/../b/./c"), "https://app.example.com/b/c"),
        (Some("/../../x"), "https://app.example.com/x"),
        // Decoded once, before this; what is still encoded stays so.
        (Some("/%2F%2Fevil.example"), "https://app.example.com/%2F%2Fevil.example"),
        (Some("/%5Cevil.example"), "https://app.example.com/%5Cevil.example"),
        (Some("/%09/evil.example"), "https://app.example.com/%09/evil.example"),
        (Some("/%0d%0aSet-Cookie:x=1"), "https://app.example.com/%0d%0aSet-Cookie:x=1"),
        (Some("/?next=https://evil.example/"), "https://app.example.com/?next=https://evil.example/"),
        (Some("/@evil.example"), "https://app.example.com/@evil.example"),
        (Some("/\"<>"), "https://app.example.com/%22%3C%3E"),
        (Some("https://app.example.com"), "https://app.example.com/"),
        (Some("https://app.example.com?a"), "https://app.example.com/?a"),
        (Some("https://app.example.com#@evil.example"), "https://app.example.com/#@evil.example"),
        (Some("HTTPS://APP.Example.COM/A"), "https://app.example.com/A"),
        (Some("https://app.example.com:443/a"), "https://app.example.com/a"),
        (Some("https://www.example.com:8443/a"), "https://www.example.com:8443/a"),
        (Some("http://localhost:5173/a"), "http://localhost:5173/a"),
        (Some("http://127.0.0.1:8080/a"), "http://127.0.0.1:8080/a"),
        (Some("http://[::1]:8080/a"), "http://[::1]:8080/a"),
    ] {
        assert_eq!(urls.accept(value).as_deref(), Ok(expected), "{value:?}");
    }
}

#[test]
fn scheme_relative() {
    assert_refused(
        Refusal::SchemeRelative,
        &[
            "//",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "//app.example.com/",
            "//user@evil.example",
            "//%2fevil.example",
            // What dot segments leave behind.
            "/.//evil.example",
            "/..//evil.example",
            "/%2e//evil.example",
            "/%2e%2e//evil.example",
            "/.%2E//evil.example",
            "/a/..//evil.example",
            "/..//evil.example/%2e%2e",
            "/.//",
            "https://app.example.com//evil.example",
            "https://app.example.com/..//evil.example",
            "https://app.example.com:443//",
        ],
    );
}

#[test]
fn backslashes_controls_spaces_and_what_is_not_ascii() {
    assert_refused(
        Refusal::ForbiddenCharacter,
        &[
            r"\\evil.example",
            r"\/evil.example",
            r"/\evil.example",
            r"/\/evil.example",
            r"https:\\evil.example",
            r"https://app.example.com\@evil.example",
            r"https://app.example.com\.evil.example",
            r"https://evil.example\.app.example.com/",
            r"/path\to",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r/evil.example",
            "\t//evil.example",
            "\u{1}//evil.example",
            "/\u{0}",
            "/\u{b}/evil.example",
            "/\u{c}/evil.example",
            "/\u{1b}[31m",
            "/\u{7f}",
            "/a\r\nSet-Cookie: x=1",
            "/a\r\n\r\n<script>",
            " /a",
            "/a ",
            "/a b",
            " https://app.example.com/",
            "https://app.exa\nmple.com/",
            "ht\ttps://app.example.com/",
            "java\nscript:alert(1)",
            "/\u{85}",
            "/\u{a0}",
            "/\u{2028}/evil.example",
            "/\u{feff}/evil.example",
            "\u{feff}//evil.example",
            "/é",
            "/／evil.example",
            "／／evil.example",
            "https://ａpp.example.com/",
            "https://app。example.com/",
            "https://app．example.com/",
            "https://app｡example.com/",
            "https://аpp.example.com/",
            "https://app.examplе.com/",
            "https://app.example.com／.evil.example",
            "https://app.example.com＠evil.example",
            "https://app.example.com⁄.evil.example",
            "https://app.example.com？.evil.example",
            "https://app.example.com＃.evil.example",
            "https://app\u{ad}.example.com/",
            "https://app\u{200b}.example.com/",
            "https://①②⑦.0.0.1:8080/",
        ],
    );
}

#[test]
fn neither_a_path_nor_an_https_url() {
    assert_refused(
        Refusal::NotPathOrHttps,
        &[
            "a",
            "episodes/7",
            "./a",
            "../a",
            "?a",
            "#a",
            ".",
            "%2F%2Fevil.example",
            "%2Fa",
            "https:app.example.com",
            "https:evil.example",
            "https:/app.example.com",
            "https:/evil.example",
            "http:evil.example",
            "https:",
            "https",
            ":",
            "://app.example.com",
            ":https://app.example.com",
            "app.example.com/a",
            "app.example.com:443/a",
            "evil.example?https://app.example.com/",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "javascript://app.example.com/%0aalert(1)",
            "javascript:https://app.example.com/",
            "data:text/html,<script>alert(1)</script>",
            "data:text/html;base64,PHNjcmlwdD4=",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://app.example.com/",
            "ws://app.example.com/",
            "wss://app.example.com/",
            "blob:https://app.example.com/1",
            "view-source:https://app.example.com/",
            "about:blank",
            "mailto:a@example.com",
            "intent://app.example.com#Intent;scheme=https;end",
            "httpss://app.example.com/",
            "https+x://app.example.com/",
            "xhttps://app.example.com/",
            "null",
            "undefined",
        ],
    );
}

#[test]
fn user_information() {
    assert_refused(
        Refusal::UserInfo,
        &[
            "https://user@app.example.com/",
            "https://user:secret@app.example.com/",
            "https://@app.example.com/",
            "https://:@app.example.com/",
            "https://app.example.com@evil.example/",
            "https://app.example.com:443@evil.example/",
            "https://app.example.com:@evil.example",
            "https://evil.example@app.example.com@evil.example/",
            "https://app.example.com%2F@evil.example/",
            "https://app.example.com&@evil.example#@app.example.com/",
        ],
    );
}

#[test]
fn other_origins() {
    assert_refused(
        Refusal::OriginNotAllowed,
        &[
            "https://evil.example/",
            "https://evil.example",
            "https://example.com/",
            "https://evil.example/https://app.example.com/",
            "https://evil.example?https://app.example.com/",
            "https://evil.example#https://app.example.com/",
            // Suffixes and prefixes.
            "https://app.example.com.evil.example/",
            "https://app.example.comevil.example/",
            "https://app.example.com-evil.example/",
            "https://evilapp.example.com/",
            "https://evil.app.example.com/",
            "https://app.example.co/",
            "https://app-example.com/",
            "https://appXexample.com/",
            "https://app.example.com,evil.example/",
            "https://app.example.com;evil.example/",
            // Dots.
            "https://app.example.com./",
            "https://app.example.com..",
            "https://.app.example.com/",
            "https://app..example.com/",
            // Ports and schemes.
            "https://app.example.com:80/",
            "https://app.example.com:8443/",
            "https://app.example.com:444/",
            "https://app.example.com:/",
            "https://app.example.com:0443/",
            "https://app.example.com:443:443/",
            "https://app.example.com:65979/",
            "https://app.example.com:+443/",
            "https://app.example.com:443evil.example/",
            "https://www.example.com/",
            "https://www.example.com:443/",
            "http://app.example.com/",
            "http://app.example.com:443/",
            "https://localhost:5173/",
            "http://localhost/",
            "http://localhost:5174/",
            // No host, and more slashes.
            "https://",
            "https:///",
            "https:///app.example.com/",
            "https:////evil.example/",
            "https://?app.example.com",
            "https://#app.example.com",
            // Spellings of addresses.
            "http://0x7f.1:8080/",
            "http://0x7f.0.01:8080/",
            "http://0x7f000001:8080/",
            "http://2130706433:8080/",
            "http://0177.0.0.1:8080/",
            "http://127.1:8080/",
            "http://127.0.0.1.:8080/",
            "http://127.0.0.01:8080/",
            "http://127.0.0.2:8080/",
            "http://0.0.0.0:8080/",
            "http://[0:0:0:0:0:0:0:1]:8080/",
            "http://[::0001]:8080/",
            "http://[::ffff:127.0.0.1]:8080/",
            "http://[::1%25lo]:8080/",
            "http://::1:8080/",
            "https://[app.example.com]/",
            // Encoded and look-alike hosts.
            "https://app%2eexample.com/",
            "https://app.example.com%2f.evil.example/",
            "https://app.example.com%5c.evil.example/",
            "https://app.example.com%00.evil.example/",
            "https://app.example.com%23.evil.example/",
            "https://%61pp.example.com/",
            "https://xn--pp-7kc.example.com/",
            "https://app.xn--exampl-1of.com/",
            "https://app.example.com%EF%BC%8F.evil.example/",
            "https://*.example.com/",
            "https://*/",
        ],
    );
}

#[test]
fn sizes() {
    assert_refused(Refusal::Empty, &[""]);
    let longest = format!("/{}", "a".repeat(2047));
    assert_eq!(return_urls().accept(Some(&longest)).unwrap().len(), ORIGINS[0].len() + 2048);
    assert_refused(Refusal::TooLong, &[&format!("{longest}a"), &"/a".repeat(4500), &"é".repeat(1025)]);
}

#[test]
fn a_doubled_parameter_never_reaches_the_parser() {
    for query in
        ["return_to=/a&return_to=//evil.example", "return_to=/a&ticket=x&return%5Fto=https://evil.example/"]
    {
        assert!(single_parameter(query, "return_to").is_err(), "{query}");
    }
    // Encoded twice, it stays a path: it is decoded once and no more.
    let value = single_parameter("return_to=%2F%255Cevil.example", "return_to").unwrap().unwrap();
    assert_eq!(return_urls().accept(Some(&value)).as_deref(), Ok("https://app.example.com/%5Cevil.example"));
}

#[test]
fn settings_keep_to_the_same_rules() {
    let app = || vec![Origin::parse(ORIGINS[0]).unwrap()];
    assert_eq!(ReturnUrls::new(vec![], "/").unwrap_err(), ReturnUrlsError::NoOrigin);
    for (default, expected) in [
        ("", Refusal::Empty),
        ("home", Refusal::NotPathOrHttps),
        ("//evil.example", Refusal::SchemeRelative),
        ("https://evil.example/", Refusal::OriginNotAllowed),
    ] {
        assert_eq!(ReturnUrls::new(app(), default).unwrap_err(), ReturnUrlsError::Default(expected));
    }
    let urls = ReturnUrls::new(app(), "https://app.example.com/in").unwrap();
    assert_eq!(urls.accept(None).as_deref(), Ok("https://app.example.com/in"));
}

/// Values near the edge: pieces of URLs, good and bad, in any order.
fn near_misses() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "https:",
        "http:",
        "HTTPS:",
        "javascript:",
        "/",
        "//",
        "\\",
        "@",
        ":",
        ".",
        "..",
        "?",
        "#",
        "%",
        "%2f",
        "%5c",
        "%09",
        "\t",
        "\n",
        " ",
        "app.example.com",
        "www.example.com:8443",
        "localhost:5173",
        "127.0.0.1",
        ":8080",
        ":443",
        "[::1]",
        "evil.example",
        "a",
        "é",
        "。",
        "／",
        "\u{7f}",
        "&",
        "=",
    ]);
    let begin = prop::sample::select(vec![
        "",
        "/",
        "https://",
        "https://app.example.com",
        "http://localhost:5173",
        "http://[::1]:8080",
    ]);
    (begin, prop::collection::vec(piece, 0..8))
        .prop_map(|(begin, pieces)| format!("{begin}{}", pieces.concat()))
}

fn assert_harmless(value: &str) -> Result<bool, TestCaseError> {
    let Ok(accepted) = return_urls().accept(Some(value)) else {
        return Ok(false);
    };
    prop_assert!(accepted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'), "{}", accepted);
    let read_again = Url::parse(&accepted).unwrap();
    let origin = read_again.origin().ascii_serialization();
    prop_assert!(ORIGINS.contains(&origin.as_str()), "{} is at {}", accepted, origin);
    prop_assert!(read_again.username().is_empty() && read_again.password().is_none());
    // As plain text, too: what no parser could read otherwise.
    prop_assert!(accepted.starts_with(&format!("{origin}/")), "{} is not below {}", accepted, origin);
    prop_assert_eq!(return_urls().accept(Some(&accepted)), Ok(accepted));
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn whatever_is_accepted_stays_at_a_configured_origin(value in near_misses()) {
        assert_harmless(&value)?;
    }

    #[test]
    fn no_text_at_all_leads_elsewhere(value in any::<String>(), path in "/[!-~]{0,40}") {
        assert_harmless(&value)?;
        assert_harmless(&path)?;
    }
}

#[test]
fn the_near_misses_are_near() {
    let mut runner = TestRunner::deterministic();
    let accepted = (0..2000)
        .filter(|_| {
            let value = near_misses().new_tree(&mut runner).unwrap().current();
            assert_harmless(&value).unwrap()
        })
        .count();
    assert!(
        (100..1900).contains(&accepted),
        "{accepted} of 2000 accepted: the property tests next to nothing"
    );
}
