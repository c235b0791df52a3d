//! Dependencies between modules point one way, and what a module "knows nothing of" it does not
//! name. This test reads the sources, and holds ARCHITECTURE.md and SECURITY.md to them.

#![expect(clippy::unwrap_used, reason = "what this test cannot read, it fails on")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each module and the others that it may use; `cloudfront` stands at the bottom.
const MAP: [(&str, &[&str]); 12] = [
    ("cloudfront", &[]),
    ("keyring", &["cloudfront"]),
    ("mint", &["cloudfront"]),
    ("session", &["cloudfront"]),
    ("rotation", &["cloudfront", "keyring"]),
    ("edge", &["cloudfront"]),
    ("player", &[]),
    ("telemetry", &[]),
    ("config", &["cloudfront", "keyring", "mint", "session", "rotation", "telemetry"]),
    ("http", &["cloudfront", "keyring", "mint", "session", "player", "config", "telemetry"]),
    ("demo", &["cloudfront", "keyring", "rotation", "edge", "player", "config", "http", "telemetry"]),
    (
        "cli",
        &[
            "cloudfront",
            "keyring",
            "mint",
            "session",
            "rotation",
            "edge",
            "player",
            "config",
            "http",
            "demo",
            "telemetry",
        ],
    ),
];

/// Names of other crates that only these modules may use, or these parts of them.
const RESERVED: [(&str, &[&str]); 7] = [
    ("actix_web::", &["edge", "http", "demo", "cli"]),
    ("tokio::", &["mint", "session", "rotation", "telemetry/traces", "edge", "http", "demo", "cli"]),
    ("aws_config::", &["keyring", "rotation"]),
    ("aws_sdk_cloudfront::", &["rotation"]),
    // Providers read no file: what they need, the configuration has read. Revocations outlive a process in one. What the
    // system knows of a process is in files too.
    (
        "std::fs",
        &[
            "keyring",
            "session/revocation/file",
            "config",
            "edge",
            "demo",
            "cli",
            "telemetry/metrics/process.rs",
        ],
    ),
    ("std::env", &["config", "cli"]),
    ("clap::", &["cli"]),
];

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (module, file, line) in lines_of_code() {
        let allowed = MAP.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("{module} is missing in the map of this test"));
        for used in modules_named(&line) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: {module} uses {used}: {}", file.display(), line.trim()));
            }
        }
        for (name, may) in RESERVED {
            if line.contains(name) && !may.iter().any(|part| file.starts_with(part) || module == *part) {
                wrong.push(format!("{}: {module} names {name}: {}", file.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the map:\n{}", wrong.join("\n"));
}

#[test]
fn the_map_has_no_cycle() {
    for (index, (module, allowed)) in MAP.iter().enumerate() {
        for used in *allowed {
            let position = MAP.iter().position(|(name, _)| name == used).expect("a module of the map");
            assert!(position < index, "{module} may use {used}, which stands above it");
        }
    }
}

#[test]
fn the_reader_sees_every_way_to_name_a_module() {
    for (line, expected) in [
        ("use crate::http::Service;", vec!["http"]),
        ("use crate::{mint, session::Session};", vec!["mint", "session"]),
        ("let x = crate::edge::Edge::new();", vec!["edge"]),
        ("pub(crate) fn nothing() {}", vec![]),
    ] {
        assert_eq!(modules_named(line), expected, "{line}");
    }
    assert!(lines_of_code().len() > 1000, "the sources were not found");
}

fn modules_named(line: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let group = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
        let paths = group.map_or_else(|| vec![rest], |group| group.split(',').collect());
        for path in paths {
            let name: String = path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if MAP.iter().any(|(module, _)| *module == name) {
                named.push(name);
            }
        }
    }
    named
}

/// (module, file, line) of everything below `src/`, comments left out.
fn lines_of_code() -> Vec<(String, PathBuf, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut lines = Vec::new();
    let mut open = vec![source.clone()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let inside = path.strip_prefix(&source).unwrap().to_path_buf();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        let module = first.trim_end_matches(".rs").to_owned();
        if path.extension().is_none_or(|extension| extension != "rs") || module == "lib" || module == "main" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        // A `use crate::{` may run over several lines; joined, they are one.
        let text = text.replace("{\n", "{ ").replace(",\n", ", ");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.extend(code.map(|line| (module.clone(), inside.clone(), line.to_owned())));
    }
    lines
}

/// Documents whose words are held against the repository.
const DOCUMENTS: [&str; 2] = ["ARCHITECTURE.md", "SECURITY.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// What stands between backticks, but not in blocks of code.
fn spans(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// The path and the name of a span such as `mint/step.rs::expiry`. Routes begin with a slash, and are none.
fn reference(span: &str) -> Option<(&str, Option<&str>)> {
    let (path, name) = span.split_once("::").map_or((span, None), |(path, name)| (path, Some(name)));
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
    let is_path = is_plain && !path.starts_with('/') && (path.contains('/') || path.ends_with(".rs"));
    is_path.then_some((path, name))
}

/// Where a document's path leads: from the top if it says so, else from `src/`.
fn resolved(path: &str) -> PathBuf {
    let from_the_top = ["src/", "tests/", "deploy/", "benches/"].iter().any(|top| path.starts_with(top));
    root().join(if from_the_top { "" } else { "src" }).join(path)
}

fn has_word(text: &str, word: &str) -> bool {
    let is_end = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        is_end(text[..at].chars().next_back()) && is_end(text[at + word.len()..].chars().next())
    })
}

#[test]
fn what_the_documents_name_exists() {
    let mut missing = Vec::new();
    for name in DOCUMENTS {
        let text = document(name);
        let references: Vec<_> = spans(&text).into_iter().filter_map(reference).collect();
        assert!(references.len() > 20, "{name} names nothing");
        for (path, word) in references {
            let file = resolved(path);
            match word {
                None if file.exists() => {}
                Some(word) if fs::read_to_string(&file).is_ok_and(|text| has_word(&text, word)) => {}
                _ => missing.push(format!("{name}: {path} {}", word.unwrap_or_default())),
            }
        }
    }
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

/// The first and the last cell of each row of the table that begins with these words, as the names in backticks.
fn table<'t>(text: &'t str, heading: &str) -> Vec<(&'t str, Vec<&'t str>)> {
    let (_, rows) = text.split_once(heading).unwrap_or_else(|| panic!("no table {heading:?}"));
    let rows = rows.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.trim_matches(['|', ' ']).split(" | ").map(spans).collect::<Vec<_>>());
    cells.map(|cells| (cells[0][0], cells.last().unwrap().clone())).collect()
}

#[test]
fn the_map_of_the_document_is_this_one() {
    let text = document("ARCHITECTURE.md");
    let modules = MAP.map(|(module, allowed)| (module, allowed.to_vec()));
    assert_eq!(table(&text, "| module | does | may use |"), modules);
    let reserved = RESERVED.map(|(name, allowed)| (name, allowed.to_vec()));
    assert_eq!(table(&text, "| name | only in |"), reserved);
}

#[test]
fn the_reader_sees_what_documents_name() {
    let text =
        "`mint/step.rs::expiry` and `main.rs`, not `/enter` or `a::b`, nor\n```\n`x/y.rs`\n```\n`tests/`";
    let found: Vec<_> = spans(text).into_iter().filter_map(reference).collect();
    assert_eq!(found, [("mint/step.rs", Some("expiry")), ("main.rs", None), ("tests/", None)]);
    assert_eq!(resolved("tests/run"), root().join("tests/run"));
    assert_eq!(resolved("mint/step.rs"), root().join("src/mint/step.rs"));
    assert!(has_word("fn expiry(", "expiry") && !has_word("fn expiry_of(", "expiry"));
}
