//! The sections that README.md shows in place of `[ticket]`, each put into its configuration.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::process::Command;

use crate::blocks::{Kind, blocks, only};

/// The names in `{ file = "NAME" }`.
fn files(text: &str) -> impl Iterator<Item = &str> {
    text.split("{ file = \"").skip(1).map(|rest| rest.split('"').next().unwrap())
}

/// A configuration without `[ticket]`, and without `[session]`, which only tickets start.
fn without_tickets(configuration: &str) -> String {
    let mut is_ticket = false;
    let kept = configuration.lines().filter(|line| {
        if line.starts_with('[') {
            is_ticket = line.contains("[ticket") || line.contains("[session]");
        }
        !is_ticket
    });
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn each_section_in_place_of_tickets_is_a_configuration() {
    let mut checked = 0;
    for block in blocks().into_iter().filter(|block| block.kind == Kind::Provider) {
        let place = format!("README.md:{}", block.line);
        let folder = tempfile::tempdir().unwrap();
        let configuration = format!("{}{}", without_tickets(&only(Kind::Configuration)), block.text);
        assert!(!configuration.contains("ticket"), "{place}: {configuration}");
        for file in files(&configuration) {
            let path = folder.path().join(file);
            let text = if file.ends_with(".url") {
                "redis://127.0.0.1/"
            } else {
                "correct-horse-battery-staple-secret"
            };
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::DirBuilder::new().mode(0o700).create(folder.path().join("state")).unwrap();
        fs::write(folder.path().join("edgemint.toml"), configuration).unwrap();
        let edgemint = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
            let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
            assert!(output.status.success(), "{place}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        edgemint(&["keys", "init", "--algorithm", "ecdsa-p256", "--key-pair-id", "KTEST"]);
        let said = edgemint(&["check", "--config", "edgemint.toml"]);
        assert!(said.contains("\nwho is asking    "), "{place}: {said}");
        checked += 1;
    }
    assert!(checked >= 6, "{checked}");
}
