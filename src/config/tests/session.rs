use super::{parse, problems, with_line};

/// The good configuration with these lines of `[session]` behind it: the section is line 18.
fn with_session(lines: &str) -> String {
    with_line(0, "") + "\n[session]\n" + lines
}

const SECRETS: &str = "secrets = [{ env = \"SESSION_SECRET\" }]\n";

#[test]
fn reads_what_is_right() {
    let session = |lines: &str| {
        let session = parse(&with_session(&format!("{SECRETS}{lines}"))).unwrap().session.unwrap();
        (session.max_age.as_secs(), session.idle.as_secs(), session.keys.len())
    };
    assert_eq!(session(""), (86_400, 7200, 1));
    assert_eq!(session("max_age = \"1h\""), (3600, 3600, 1), "idle is never longer");
    assert_eq!(session("max_age = \"30d\"\nidle = \"30d\""), (2_592_000, 2_592_000, 1));
    assert_eq!(session("max_age = \"2s\"\nidle = \"1s\""), (2, 1, 1));
    let two = "secrets = [{ env = \"SESSION_SECRET\" }, { env = \"API_KEY\" }]";
    assert_eq!(parse(&with_session(two)).unwrap().session.unwrap().keys.len(), 2);
    assert!(parse(&with_line(0, "")).unwrap().session.is_none());
}

#[test]
fn every_mistake_has_a_place_and_a_remedy() {
    for (lines, place, setting, phrase) in ROWS {
        let found = problems(&with_session(lines));
        let expected = format!("edgemint.toml{place}: session{setting}: ");
        assert!(
            found.len() == 1 && found[0].starts_with(&expected) && found[0].contains(phrase),
            "{lines}\nwanted {expected}…{phrase}\nfound {found:#?}"
        );
    }
}

/// Lines, the place that is blamed, the setting, and a part of the message.
const ROWS: &[(&str, &str, &str, &str)] = &[
    ("", ":18:1", ".secrets", "it is missing; nothing could seal the session cookie"),
    ("secrets = []", ":18:1", ".secrets", "it is missing; nothing could seal the session cookie"),
    ("secrets = { env = \"A\" }", ":19:11", ".secrets", "found a table, wanted a list"),
    ("secrets = [\"hunter2\"]", ":19:12", ".secrets[0]", "never written into the configuration"),
    ("secrets = [{ }]", ":19:12", ".secrets[0]", "neither file nor env is given"),
    ("secrets = [{ env = \"NOT_SET\" }]", ":19:20", ".secrets[0].env", "is not set"),
    ("secrets = [{ env = \"SHORT\" }]", ":19:12", ".secrets[0]", "at least 32 bytes: make one with `openssl"),
    (
        "secrets = [{ env = \"API_KEY\" }, { env = \"SESSION_SECRET\" }, { env = \"API_KEY\" }]",
        ":19:11",
        ".secrets",
        "there are 3; write the one that seals, and at most one",
    ),
    (
        "secrets = [{ env = \"SESSION_SECRET\" }, { env = \"SESSION_SECRET\" }]",
        ":19:40",
        ".secrets[1]",
        "both are the same secret",
    ),
    (
        "max_age = \"0s\"\nsecrets = [{ env = \"SESSION_SECRET\" }]",
        ":19:11",
        ".max_age",
        "out of range; write 1s to 30days",
    ),
    ("max_age = \"31d\"\nsecrets = [{ env = \"SESSION_SECRET\" }]", ":19:11", ".max_age", "out of range"),
    ("max_age = \"1500ms\"\nsecrets = [{ env = \"SESSION_SECRET\" }]", ":19:11", ".max_age", "whole seconds"),
    (
        "max_age = \"1h\"\nidle = \"2h\"\nsecrets = [{ env = \"SESSION_SECRET\" }]",
        ":20:8",
        ".idle",
        "write 1s to 1h",
    ),
    ("idle = \"soon\"\nsecrets = [{ env = \"SESSION_SECRET\" }]", ":19:8", ".idle", "is not a time span"),
    ("secret = { env = \"SESSION_SECRET\" }", ":19:1", ".secret", "did you mean secrets?"),
];

#[test]
fn sessions_need_tickets() {
    let good = with_line(0, "");
    let lines: Vec<&str> = good.lines().collect();
    // Lines 4 to 9 are of tickets.
    let text = [&lines[..3], &["[session]", SECRETS], &lines[9..]].concat().join("\n");
    let found = problems(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("edgemint.toml:4:1: session: sessions are started by tickets"), "{found:?}");
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", parse(&with_session(SECRETS)).unwrap());
    assert!(shown.contains("SealingKey([redacted])") && !shown.contains(super::SESSION_SECRET), "{shown}");
}
