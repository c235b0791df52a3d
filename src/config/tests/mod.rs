mod example;
mod messages;
mod precedence;
mod secrets;
mod wrong;

use std::path::Path;

use crate::session::api_key::ApiKeys;

use super::{Config, Override, Problems, Surroundings};

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
    let secrets = [("TICKET_SECRET", TICKET_SECRET), ("API_KEY", API_KEY)];
    let environment =
        secrets.iter().chain(environment).map(|(name, value)| (name.into(), value.into())).collect();
    Surroundings { environment, flags, descriptor_limit: Some(4096) }
}

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(
        Path::new("edgemint.toml"),
        text,
        surroundings(
            &[("SHORT", "hunter2-short"), ("SPACED", "hunter2 with spaces, but long enough to be a key")],
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
    assert_eq!(config.ticket.unwrap().keys[0].algorithm().as_str(), "HS256");
    let api_keys = ApiKeys::from(config.api_keys);
    assert_eq!(api_keys.name_of(API_KEY.as_bytes()), Some("app"));
    assert_eq!(api_keys.name_of(TICKET_SECRET.as_bytes()), None);
}

#[test]
fn stays_below_the_descriptor_limit() {
    let limited = |limit| Surroundings { descriptor_limit: limit, ..surroundings(&[], Vec::new()) };
    let connections = |limit| {
        let config = Config::parse(Path::new("edgemint.toml"), &with_line(0, ""), limited(limit));
        config.unwrap().server.max_connections
    };
    assert_eq!([connections(Some(1024)), connections(None), connections(Some(10))], [960, 1024, 1]);
}
