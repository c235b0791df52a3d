//! Dependencies between modules point one way, and what a module "knows nothing of" it does not
//! name. This test reads the sources.

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
