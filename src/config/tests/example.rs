use std::collections::BTreeSet;
use std::os::unix::fs::OpenOptionsExt as _;
use std::{fs, io::Write as _};

use super::{API_KEY, Config, TICKET_SECRET, problems, surroundings};

const EXAMPLE: &str = include_str!("../../../deploy/edgemint.example.toml");

#[test]
fn the_example_is_right() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["ticket.key", "audit.key"] {
        let mut new = fs::OpenOptions::new();
        let mut file = new.write(true).create_new(true).mode(0o600).open(folder.path().join(name)).unwrap();
        file.write_all(TICKET_SECRET.as_bytes()).unwrap();
    }
    let public_key = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    fs::write(folder.path().join("ticket.pub.pem"), public_key).unwrap();
    let surroundings = surroundings(&[("EDGEMINT_API_KEY", API_KEY)], Vec::new());
    let config = Config::parse(&folder.path().join("edgemint.toml"), EXAMPLE, surroundings).unwrap();
    assert_eq!(config.grants.len(), 2);
    assert_eq!(config.keyring_directory, folder.path().join("keys"));
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
    let example = toml::from_str(EXAMPLE).unwrap();
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
    match value {
        toml::Value::Table(table) if table.keys().all(|key| !REFERENCE.contains(key.as_str())) => {
            for (key, value) in table {
                flatten(&if name.is_empty() { key.clone() } else { format!("{name}.{key}") }, value, shown);
            }
        }
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            items.iter().for_each(|item| flatten(name, item, shown));
        }
        _ => {
            shown.insert(name.to_owned());
        }
    }
}
