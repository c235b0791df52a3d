//! The blocks of the chapter, each behind a mark with the mistake's name, and their comparison with what came out.

use std::collections::BTreeMap;

use super::{clock, configuration, edge, keys, rotation, secrets, serving, store};

const CHAPTER: &str = include_str!("../../../deploy/OPERATIONS.md");
const MARK: &str = "<!-- wrong: ";

/// A mistake's name in the chapter, and what comes out when it is made; `None` where this machine cannot make it,
/// which was said.
pub type Mistake = (&'static str, fn() -> Option<String>);

/// Makes each mistake, and holds what comes out against the chapter.
pub fn try_all(mistakes: &[Mistake]) {
    let chapter = blocks();
    let mut differences = String::new();
    for (name, make) in mistakes {
        let Some(came) = make() else { continue };
        let shown = chapter.get(name).copied().unwrap_or("(nothing is shown)");
        if masked(shown) != masked(&came) {
            differences +=
                &format!("{MARK}{name} -->\n```text\n{came}\n```\nand the chapter shows:\n{shown}\n\n");
        }
    }
    assert!(differences.is_empty(), "this came out:\n{differences}");
}

/// What is shown of each mistake.
fn blocks() -> BTreeMap<&'static str, &'static str> {
    let mut found = BTreeMap::new();
    for part in CHAPTER.split(MARK).skip(1) {
        let (name, rest) = part.split_once(" -->\n```text\n").expect("a mark stands before a block of text");
        let (shown, _) = rest.split_once("\n```").unwrap();
        assert_eq!(found.insert(name, shown), None, "{name} is shown twice");
    }
    found
}

/// Without what is another in each run: positions in a file, ports, seconds, process ids, ids of keys.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word.max(first.len_utf8()));
        rest = after;
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let follows = |before: &str| masked.ends_with(before);
        let is_id = word.len() == 16 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        masked += match word {
            _ if is_id => "ID",
            _ if is_number
                && (word.len() > 4 || follows("127.0.0.1:") || follows(".toml:") || follows(".toml:N:")) =>
            {
                "N"
            }
            word => word,
        };
    }
    masked
}

#[test]
fn every_mistake_is_shown_and_everything_shown_is_tried() {
    let tried = [
        clock::MISTAKES,
        configuration::MISTAKES,
        edge::MISTAKES,
        keys::MISTAKES,
        rotation::MISTAKES,
        secrets::MISTAKES,
        serving::MISTAKES,
        store::MISTAKES,
    ];
    let mut tried: Vec<&str> =
        tried.iter().flat_map(|mistakes| mistakes.iter().map(|(name, _)| *name)).collect();
    tried.sort_unstable();
    let shown: Vec<&str> = blocks().into_keys().collect();
    assert_eq!(tried, shown);
}

#[test]
fn a_mask_hides_what_differs_and_nothing_else() {
    for (left, right) in [
        ("edgemint.toml:34:21: x", "edgemint.toml:1:2: x"),
        ("on 127.0.0.1:8080: x", "on 127.0.0.1:43121: x"),
        ("before 1795279272, now 1795281972", "before 1800000000, now 1800002700"),
        ("keys/0123456789abcdef.pem", "keys/49898d11e2191496.pem"),
    ] {
        assert_eq!(masked(left), masked(right));
    }
    for (left, right) in [
        ("403 AccessDenied", "404 AccessDenied"),
        ("mode 0644", "mode 0640"),
        ("ended 44 min ago", "ended 45 min ago"),
        ("K2JCJMDEHXQW5F", "K2JCJMDEHXQW5G"),
        ("é", "e"),
    ] {
        assert_ne!(masked(left), masked(right));
    }
}
