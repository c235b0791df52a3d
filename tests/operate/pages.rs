//! Completions and manual pages, read by the programs that they are for.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::programs::needs;

fn edgemint(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_edgemint")).env_clear().args(arguments).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = edgemint(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What bash offers for the last of these words, with the completions loaded.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let script = r#"
        set -u
        source ./edgemint.bash
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        COMPREPLY=()
        completion=$(complete -p edgemint | sed 's/.*-F \([^ ]*\) .*/\1/')
        "$completion" edgemint "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = Command::new("bash");
    let output =
        bash.current_dir(folder).args(["--norc", "-c", script, "bash"]).args(words).output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_subcommands_flags_and_values() {
    needs!("bash");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("edgemint.bash"), printed(&["completions", "bash"])).unwrap();
    let parsed =
        Command::new("bash").args(["-n", "edgemint.bash"]).current_dir(folder.path()).output().unwrap();
    assert!(
        parsed.status.success() && parsed.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&parsed.stderr)
    );
    for (words, expected) in [
        (&["edgemint", "hea"][..], &["healthcheck"][..]),
        (&["edgemint", "keys", "act"], &["activate"]),
        (&["edgemint", "healthcheck", "--re"], &["--ready"]),
        (&["edgemint", "completions", "ba"], &["bash"]),
        (&["edgemint", "nothing-of-ours"], &[]),
    ] {
        let offered: Vec<_> =
            offered(folder.path(), words).into_iter().filter(|word| !word.is_empty()).collect();
        assert_eq!(offered, expected, "{words:?}");
    }
}

#[test]
fn every_shell_has_completions_that_name_the_subcommands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        assert!(["healthcheck", "activate"].iter().all(|word| script.contains(word)), "{shell}");
    }
    let refused = edgemint(&["completions", "cmd.exe"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(2) && said.contains("bash, elvish, fish, powershell, zsh"),
        "{said}"
    );
}

#[test]
fn the_formatters_of_manual_pages_have_nothing_to_object_to() {
    needs!("groff", "mandoc");
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    assert_eq!(printed(&["man", "--dir", dir]), "");
    let mut pages: Vec<_> =
        fs::read_dir(dir).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    for page in ["edgemint.1", "edgemint-serve.1", "edgemint-keys.1", "edgemint-keys-activate.1"] {
        assert!(pages.iter().any(|found| found == page), "{page} is not among {pages:?}");
    }
    for page in &pages {
        for program in
            [&["groff", "-k", "-ww", "-z", "-man", "-Tutf8"][..], &["mandoc", "-T", "lint", "-W", "error"]]
        {
            let judged =
                Command::new(program[0]).args(&program[1..]).arg(page).current_dir(dir).output().unwrap();
            let objections = [judged.stdout, judged.stderr].concat();
            let objections = String::from_utf8_lossy(&objections);
            assert!(judged.status.success() && objections.is_empty(), "{}: {page}: {objections}", program[0]);
        }
    }
    // What is read in the end: every page that another names is there.
    let formatted = |page: &str| {
        let output = Command::new("mandoc").args(["-T", "ascii", page]).current_dir(dir).output().unwrap();
        // Bold is a character, a backspace, and the character once more.
        let text = String::from_utf8(output.stdout).unwrap();
        let mut plain = String::new();
        for character in text.chars() {
            match character {
                '\u{8}' => _ = plain.pop(),
                other => plain.push(other),
            }
        }
        plain
    };
    for named in formatted("edgemint.1").split_whitespace().filter(|word| word.starts_with("edgemint-")) {
        let page = named.replace("(1)", ".1");
        assert!(pages.contains(&page), "{page} is named and not there");
    }
    assert!(formatted("edgemint-healthcheck.1").contains("--ready"));
    assert!(formatted("edgemint-keys-init.1").contains(concat!("edgemint ", env!("CARGO_PKG_VERSION"))));
    assert_eq!(fs::read_to_string(folder.path().join("edgemint.1")).unwrap(), printed(&["man"]));
}

#[test]
fn a_directory_that_is_not_there_is_said() {
    let output = edgemint(&["man", "--dir", "/nowhere/man1"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.starts_with("edgemint: cannot write manual pages into \"/nowhere/man1\": "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
