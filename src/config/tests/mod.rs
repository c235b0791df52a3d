mod example;
mod messages;
mod precedence;
mod rotation;
mod secrets;
mod session;
mod store;
mod traces;
mod wrong;

use std::path::Path;

use crate::session::api_key::ApiKeys;
use crate::session::jose::KeySettings;

use super::{Config, Override, Problems, SubjectRule, Surroundings};

/// A small configuration with nothing wrong. Tests replace one of its lines and count on the numbers.
const GOOD: [&str; 17] = [
    "[server]",
    "public_url = \"https://listen.example.com\"",
    "app_origins = [\"https://www.example.com\"]",
    "[ticket]",
    "issuer = \"app\"",
    "audience = \"edgemint\"",
    "[[ticket.keys]]",
    "algorithm = \"HS256\"",
    "secret = { env = \"TICKET_SECRET\" }",
    "[[grants]]",
    "name = \"podcasts\"",
    "resource = \"https://cdn.example.com/podcasts/*\"",
    "ttl = \"15m\"",
    "cookie = { domain = \"example.com\" }",
    "[[api_keys]]",
    "name = \"app\"",
    "secret = { env = \"API_KEY\" }",
];

const TICKET_SECRET: &str = "correct-horse-battery-staple-ticket-secret";
const AUDIT_KEY: &str = "correct-horse-battery-staple-audit-key";
const SESSION_SECRET: &str = "correct-horse-battery-staple-session-secret";
const API_KEY: &str = "correct-horse-battery-staple-api-key-secret";

/// The good configuration with a line, counted from 1, replaced; 0 replaces none.
fn with_line(number: usize, text: &str) -> String {
    let mut lines = GOOD.map(str::to_owned);
    if let Some(line) = number.checked_sub(1).and_then(|index| lines.get_mut(index)) {
        text.clone_into(line);
    }
    lines.join("\n")
}

fn surroundings(environment: &[(&str, &str)], flags: Vec<Override>) -> Surroundings {
    let secrets =
        [("TICKET_SECRET", TICKET_SECRET), ("API_KEY", API_KEY), ("SESSION_SECRET", SESSION_SECRET)];
    let environment =
        secrets.iter().chain(environment).map(|(name, value)| (name.into(), value.into())).collect();
    Surroundings { environment, flags, descriptor_limit: Some(4096), cores: 4 }
}

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(
        Path::new("edgemint.toml"),
        text,
        surroundings(
            &[
                ("SHORT", "hunter2-short"),
                ("SPACED", "hunter2 with spaces, but long enough to be a key"),
                ("REDIS_URL", "redis://:hunter2@127.0.0.1:1/0"),
            ],
            Vec::new(),
        ),
    )
}

fn problems(text: &str) -> Vec<String> {
    parse(text).err().iter().flat_map(Problems::iter).map(ToString::to_string).collect()
}

#[test]
fn reads_what_is_right() {
    let config = parse(&with_line(0, "")).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.max_connections, 1024);
    assert_eq!(config.grants[0].cookies().path(), "/podcasts/");
    let KeySettings::Configured(keys) = config.ticket.unwrap().keys else { panic!("keys are configured") };
    assert_eq!(keys[0].algorithm().as_str(), "HS256");
    let api_keys = ApiKeys::from(config.api_keys);
    assert_eq!(api_keys.name_of(API_KEY.as_bytes()), Some("app"));
    assert_eq!(api_keys.name_of(TICKET_SECRET.as_bytes()), None);
}

/// What becomes of `max_connections` below a limit of open files.
fn connections(server: &str, limit: Option<u64>) -> Result<usize, String> {
    let surroundings = Surroundings { descriptor_limit: limit, cores: 4, ..surroundings(&[], Vec::new()) };
    let text = with_line(1, &format!("[server]\n{server}"));
    let config = Config::parse(Path::new("edgemint.toml"), &text, surroundings);
    config.map(|config| config.server.max_connections).map_err(|problems| problems.to_string())
}

#[test]
fn connections_leave_descriptors_for_the_workers() {
    assert_eq!(connections("workers = 2", Some(1024)), Ok(968));
    assert_eq!(connections("", Some(1024)), Ok(960), "one worker per core");
    assert_eq!(connections("workers = 32", None), Ok(1024));
    assert_eq!(connections("workers = 32\nmax_connections = 848", Some(1024)), Ok(848));
    assert_eq!(connections("workers = 4\nmax_connections = 4", None), Ok(4));
    assert_eq!(connections("workers = 1", Some(53)), Ok(1));
}

#[test]
fn workers_that_the_descriptors_do_not_suffice_for_are_refused() {
    let expected = "edgemint.toml:2:11: server.workers: 32 workers need a limit of at least 208 open files, and it is 128; \
                    set workers lower, or raise the limit (ulimit -n, or LimitNOFILE= in a systemd unit)";
    assert_eq!(connections("workers = 32", Some(128)), Err(expected.to_owned()));
    // Once what is wrong with the workers is said, the connections are not blamed as well.
    assert_eq!(connections("workers = 32\nmax_connections = 50", Some(128)), Err(expected.to_owned()));
    let by_default = connections("", Some(67)).unwrap_err();
    assert!(
        by_default.starts_with(
            "edgemint.toml:1:1: server: 4 workers need a limit of at least 68 open files, and it is 67; "
        ),
        "{by_default}"
    );
}

#[test]
fn a_grant_is_traced_and_requires_claims_as_configured() {
    let audited = "[audit]\nkey = { env = \"API_KEY\" }\n[server]";
    let require =
        "require = [{ claim = \"plan\", equals = \"premium\" }, { claim = \"/a/tier\", any_of = [1, true] }]";
    let text = with_line(13, &format!("ttl = \"15m\"\n{require}\ntrace = true")).replace("[server]", audited);
    let config = parse(&text).unwrap();
    let grant = &config.grants[0];
    assert!(grant.is_traced() && !grant.is_shared());
    assert_eq!(grant.claims().collect::<Vec<_>>(), ["plan", "a"]);
    assert!(matches!(config.audit.subject, SubjectRule::Hashed(_)), "the default once there is a key");
    let shown = grant.to_string();
    assert!(shown.contains("; only if plan is \"premium\" and /a/tier is 1 or true"), "{shown}");
    assert!(shown.contains(", with a trace tag"), "{shown}");
    // What is wrong with the key is said once, whatever else would need it.
    let weak = text.replace("{ env = \"API_KEY\" }\n[server]", "{ env = \"SHORT\" }\n[server]");
    assert_eq!(problems(&weak).len(), 1, "{:?}", problems(&weak));
    let plain = parse(&with_line(0, "")).unwrap();
    assert!(matches!(plain.audit.subject, SubjectRule::Nothing) && !plain.grants[0].is_traced());
}
