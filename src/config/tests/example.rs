use std::collections::BTreeSet;
use std::os::unix::fs::OpenOptionsExt as _;
use std::{fs, io::Write as _};

use super::{API_KEY, AUDIT_KEY, Config, Problems, SESSION_SECRET, TICKET_SECRET, problems, surroundings};
use crate::keyring::Location;
use crate::session::jose::KeySettings;

const EXAMPLE: &str = include_str!("../../../deploy/edgemint.example.toml");

/// Some certificate.
const CERTIFICATE: &str = include_str!("../../../tests/vectors/keys/refused-certificate.pem");

/// The sections that say who is asking in place of `[ticket]`: commented out, because there may be one only.
const ALTERNATIVES: [&str; 4] = ["jwt", "introspect", "header", "redis"];

/// A configuration beside the files and variables that the example refers to.
fn parse(text: &str) -> (tempfile::TempDir, Result<Config, Problems>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in [
        ("ticket.key", TICKET_SECRET),
        ("session.key", SESSION_SECRET),
        ("audit.key", AUDIT_KEY),
        ("session.secret", TICKET_SECRET),
        ("redis.url", "rediss://:s3cret@localhost:1/0"),
        ("login.key", TICKET_SECRET),
    ] {
        let mut options = fs::OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o600).open(folder.path().join(name)).unwrap();
        file.write_all(secret.as_bytes()).unwrap();
    }
    fs::write(folder.path().join("redis.ca.pem"), CERTIFICATE).unwrap();
    let public_key = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    fs::write(folder.path().join("ticket.pub.pem"), public_key).unwrap();
    fs::write(
        folder.path().join("login.pub.pem"),
        include_str!("../../../tests/vectors/keys/test-p256.public.pem"),
    )
    .unwrap();
    for name in ["login.ca.pem", "app.ca.pem"] {
        fs::write(folder.path().join(name), CERTIFICATE).unwrap();
    }
    let surroundings = surroundings(
        &[("EDGEMINT_API_KEY", API_KEY), ("EDGEMINT_OLD_SESSION_SECRET", TICKET_SECRET)],
        Vec::new(),
    );
    let config = Config::parse(&folder.path().join("edgemint.toml"), text, surroundings);
    (folder, config)
}

#[test]
fn the_example_is_right() {
    let (folder, config) = parse(EXAMPLE);
    let config = config.unwrap();
    assert_eq!(config.doubts, []);
    assert_eq!(config.grants.len(), 2);
    assert_eq!(config.session.unwrap().keys.len(), 2);
    assert_eq!(config.keyring.location, Location::Directory(folder.path().join("keys")));
    assert_eq!(config.keyring.poll.as_secs(), 30);
    assert!(config.ticket.is_some() && config.provider.is_none());
}

#[test]
fn every_alternative_in_the_example_is_right() {
    let refused = parse(&EXAMPLE.replace("#[header]", "[header]")).1.unwrap_err().to_string();
    assert!(refused.contains("one section says who is asking, and [ticket] at "), "{refused}");
    for name in ALTERNATIVES {
        let text = with_alternative(name);
        let config = parse(&text).1.unwrap_or_else(|problems| panic!("[{name}]: {problems}\n{text}"));
        let settings = format!("{:?}", config.provider.expect(name)).to_lowercase();
        assert!(settings.starts_with(&format!("{name}(")), "{settings}");
        assert!(config.ticket.is_none());
    }
}

/// The text without what stands from one line to before another.
fn without(text: &str, from: &str, to: &str) -> String {
    let (before, rest) = text.split_once(from).unwrap();
    format!("{before}{}", &rest[rest.find(to).unwrap()..])
}

/// What begins with `##` stands in the place of a line, or of lines, before it.
#[test]
fn every_alternative_within_a_section_is_right() {
    let jwt = with_alternative("jwt");
    let bearer = without(&jwt, "cookie = \"access_token\"", "\n##bearer").replace("##bearer", "bearer");
    let (before, after) = jwt.split_once("# The app is asked").unwrap();
    let keys = without(before, "[jwt.jwks]", "##[[jwt.keys]]").replace("##bearer", "#").replace("\n##", "\n");
    let keys = format!("{keys}#{after}");
    let header =
        without(&with_alternative("introspect"), "cookies = ", "\n##header").replace("##header", "header");
    for text in [bearer, keys, header] {
        let config = parse(&text).1.unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        assert!(config.provider.is_some(), "{text}");
    }
    let fetched = without(EXAMPLE, "[[ticket.keys]]", "##[ticket.jwks]");
    let (before, set) = fetched.split_at(fetched.find("##[ticket.jwks]").unwrap());
    let (set, after) = set.split_at(set.find("\n\n").unwrap());
    let fetched = format!("{before}{}{after}", set.replace("##", ""));
    let config = parse(&fetched).1.unwrap_or_else(|problems| panic!("{problems}\n{fetched}"));
    assert!(matches!(config.ticket.unwrap().keys, KeySettings::Fetched(_)));
}

/// The section that a line begins: `ticket` for `[[ticket.keys]]`.
fn section_begun(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.trim_start_matches('[');
    name.split([']', '.']).next()
}

/// What a line of settings that is commented out holds.
fn commented_out(line: &str) -> Option<&str> {
    line.strip_prefix('#')
        .filter(|rest| rest.starts_with(|first: char| first == '[' || first.is_ascii_lowercase()))
}

/// The example with one alternative in the place of what stands for tickets.
fn with_alternative(name: &str) -> String {
    let (mut text, mut section, mut alternative) = (String::new(), String::new(), String::new());
    for line in EXAMPLE.lines() {
        if let Some(begun) = section_begun(line) {
            section = begun.to_owned();
        }
        let shown = match commented_out(line) {
            Some(setting) => {
                if let Some(begun) = section_begun(setting) {
                    alternative = begun.to_owned();
                    // Whatever stands above belongs to another section.
                    section = String::new();
                }
                if alternative == name { setting } else { line }
            }
            None => line,
        };
        if !["ticket", "session"].contains(&section.as_str()) {
            text += shown;
            text.push('\n');
        }
    }
    text
}

/// The names in a reference to a secret or a key.
const REFERENCE: &str = "file, env";

/// What the reader knows is learnt from the reader: it lists its names when it meets an unknown one.
#[test]
fn the_example_shows_every_setting() {
    assert!(
        EXAMPLE.contains("{ file = ") && EXAMPLE.contains("{ env = "),
        "both kinds of reference are shown"
    );
    let mut known = BTreeSet::new();
    explore("", &|table| table.to_owned(), &mut known);
    let mut shown = BTreeSet::new();
    let lines = EXAMPLE.lines().map(|line| {
        let once = line.strip_prefix('#').filter(|rest| rest.starts_with('#')).unwrap_or(line);
        commented_out(once).unwrap_or(line)
    });
    let example = toml::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap();
    flatten("", &toml::Value::Table(example), &mut shown);
    assert_eq!(
        known.difference(&shown).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "known but not in the example"
    );
    assert!(
        known.len() >= 38 && known.contains("ticket.keys.public_key"),
        "the exploration went wrong: {known:?}"
    );
}

/// Puts a table with an unknown name into the place that `wrap` fills, and does the same for every
/// name that the reader then says it knows. One without such names is no table.
fn explore(name: &str, wrap: &dyn Fn(&str) -> String, known: &mut BTreeSet<String>) -> bool {
    let inner = |text: &str| {
        let table = if name.is_empty() { text.to_owned() } else { format!("{{ {text} }}") };
        problems(&wrap(&table))
            .into_iter()
            .find_map(|problem| Some(problem.split_once("known here are ")?.1.to_owned()))
    };
    let Some(names) = inner("qqqqqqqq = 1") else { return false };
    // A reference is one or the other, so it counts as a whole.
    if names == REFERENCE {
        return false;
    }
    for child in names.split(", ") {
        let path = if name.is_empty() { child.to_owned() } else { format!("{name}.{child}") };
        let place = |value: &str| {
            let pair = format!("{child} = {value}");
            wrap(&if name.is_empty() { pair } else { format!("{{ {pair} }}") })
        };
        let list = |value: &str| place(&format!("[{value}]"));
        if !explore(&path, &place, known) && !explore(&path, &list, known) {
            known.insert(path);
        }
    }
    true
}

fn flatten(name: &str, value: &toml::Value, shown: &mut BTreeSet<String>) {
    // A table may itself be a setting, with names that are the operator's own.
    shown.insert(name.to_owned());
    match value {
        toml::Value::Table(table) if !table.keys().all(|key| REFERENCE.contains(key.as_str())) => {
            for (key, value) in table {
                flatten(&if name.is_empty() { key.clone() } else { format!("{name}.{key}") }, value, shown);
            }
        }
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            items.iter().for_each(|item| flatten(name, item, shown));
        }
        _ => {}
    }
}
