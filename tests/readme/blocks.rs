//! The fenced blocks of README.md.

const README: &str = include_str!("../../README.md");

pub struct Block {
    pub kind: Kind,
    pub text: String,
    /// Where its text begins.
    pub line: usize,
}

/// What a block is, and so how it is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Commands: all of them are run, in order.
    Shell,
    /// edgemint.toml.
    Configuration,
    /// What takes the place of `[ticket]` in it.
    Provider,
    /// A function that makes tickets.
    Node,
    Python,
    Go,
    /// A page with the player. tests/browser/readme.test.mjs opens each.
    Page,
    /// The address that a listener is redirected to, with the word TICKET in it.
    HandOver,
    /// What a renewal answers, at a second of its own.
    Renewal,
    /// The one thing here that nobody can run.
    Picture,
}

impl Kind {
    fn of(language: &str, text: &str) -> Option<Self> {
        match language {
            "sh" => Some(Self::Shell),
            "toml" if !text.starts_with("[server]") => Some(Self::Provider),
            "toml" => Some(Self::Configuration),
            "js" => Some(Self::Node),
            "python" => Some(Self::Python),
            "go" => Some(Self::Go),
            "json" => Some(Self::Renewal),
            "html" => Some(Self::Page),
            "" if text.starts_with("https://") && text.lines().count() == 1 => Some(Self::HandOver),
            "" if text.contains('─') => Some(Self::Picture),
            _ => None,
        }
    }
}

/// All blocks, in order. One that no test knows how to run is a failure.
pub fn blocks() -> Vec<Block> {
    assert!(!README.contains("~~~"), "blocks are fenced with backticks");
    let mut lines = README.lines().enumerate();
    let mut blocks = Vec::new();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        assert!(line.starts_with("```"), "README.md:{}: a block that is indented", number + 1);
        let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let text: String = inside.map(|line| format!("{line}\n")).collect();
        let kind = Kind::of(language, &text);
        let kind = kind.unwrap_or_else(|| {
            panic!("README.md:{}: no test runs a block of this kind, `{language}`", number + 1)
        });
        blocks.push(Block { kind, text, line: number + 2 });
    }
    blocks
}

/// The text of the only block of this kind.
pub fn only(kind: Kind) -> String {
    let mut found: Vec<Block> = blocks().into_iter().filter(|block| block.kind == kind).collect();
    assert_eq!(found.len(), 1, "README.md has one block of the kind {kind:?}");
    found.remove(0).text
}

/// Other tests take what they run from `only`, so a second block of their kind would go untested.
#[test]
fn each_block_is_run_by_a_test() {
    use Kind::{Configuration, Go, HandOver, Node, Picture, Python, Renewal};
    for kind in [Configuration, Node, Python, Go, HandOver, Renewal, Picture] {
        only(kind);
    }
    assert!(blocks().iter().filter(|block| block.kind == Kind::Shell).count() > 5);
}

#[test]
fn a_block_of_another_language_has_no_test() {
    for (language, text) in
        [("ruby", "puts 1\n"), ("bash", "true\n"), ("", "edgemint keys list\n"), ("sh ", "")]
    {
        assert_eq!(Kind::of(language, text), None, "{language:?}");
    }
}
