//! A refusal's advice, followed, gets the operator further.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::support::{NOBODY, Place, is_root, set_mode};
use crate::programs::left_out;

/// Runs the command between the last pair of backquotes.
fn follow(place: &Place, refused: &[&str]) {
    let ran = place.run(refused);
    ran.is_refusal(&["`"]);
    let remedy = ran.stderr.rsplit('`').nth(1).unwrap();
    let status = Command::new("sh").args(["-c", remedy]).current_dir(place.root()).status().unwrap();
    assert!(status.success(), "{remedy}");
}

#[test]
fn a_directory_whose_parent_is_missing_is_refused_with_the_mkdir() {
    let place = Place::new();
    let init = ["keys", "init", "--algorithm", "ecdsa-p256", "--dir", "x/y/z"];
    place.refused(&init, &["there is no directory `x/y`", "`mkdir -p x/y`"]);
    follow(&place, &init);
    place.succeeds(&init);
    place.private_file("file", b"");
    place.refused(&["keys", "init", "--dir", "file/y"], &["`file` is not a directory"]);
}

#[test]
fn a_link_to_nothing_is_refused_as_that() {
    let place = Place::new();
    symlink("nowhere", place.keys()).unwrap();
    symlink("circle", place.root().join("circle")).unwrap();
    for command in ["init", "list"] {
        place.refused(&["keys", command], &["`keys` is a symbolic link that leads to no directory"]);
        place.refused(&["keys", command, "--dir", "circle"], &["`circle` is a symbolic link that leads"]);
    }
    place.refused(&["keys", "init", "--dir", "keys/below"], &["`keys` is a symbolic link that leads"]);
    fs::create_dir(place.root().join("nowhere")).unwrap();
    place.succeeds(&["keys", "init", "--algorithm", "ecdsa-p256"]);
}

#[test]
fn a_lock_that_is_no_regular_file_is_refused_as_that() {
    let (place, id) = Place::with_key(&[]);
    let lock = place.keys().join(".lock");
    let activate = ["keys", "activate", &id, "--key-pair-id", "K1"];
    let refused = |found: &str| {
        let words = [&format!("`keys/.lock` is a {found}"), "`mv keys/.lock keys/.lock.old`"];
        place.refused(&activate, &words);
    };
    fs::remove_file(&lock).unwrap();
    symlink("elsewhere", &lock).unwrap();
    refused("symbolic link");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    refused("directory");
    fs::remove_dir(&lock).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(&lock).unwrap();
    refused("socket or device");
    drop(listener);
    follow(&place, &activate);
    place.succeeds(&activate);
}

#[test]
fn a_path_that_begins_with_a_dash_is_advised_as_a_path() {
    let place = Place::new();
    place.refused(&["keys", "list", "--dir=-rf"], &["edgemint keys init --dir ./-rf"]);
    place.succeeds(&["keys", "init", "--algorithm", "ecdsa-p256", "--dir=-rf"]);
    set_mode(&place.root().join("-rf"), 0o777);
    follow(&place, &["keys", "list", "--dir=-rf"]);
    place.succeeds(&["keys", "list", "--dir=-rf"]);
}

/// A service that is not root can read no file of root's without others reading it too.
#[test]
fn a_file_of_roots_is_refused_to_another_user_with_the_way_to_a_copy() {
    if !is_root() {
        left_out("files of root's, read by another user (only root can become another user)");
        return;
    }
    let (place, id) = Place::with_key(&[]);
    let run = place.commands_of_nobody(&id);
    for (mode, found) in [(0o400, "0400"), (0o600, "0600"), (0o444, "0444"), (0o440, "0440")] {
        for file in [place.pem(&id), place.document()] {
            std::os::unix::fs::chown(&file, Some(0), None).unwrap();
            set_mode(&file, mode);
            let name = format!("keys/{}", file.file_name().unwrap().to_str().unwrap());
            let copy = format!("`install -m 600 -o {NOBODY} {name} COPY`");
            let ran = run(&["keys", "public", &id]);
            ran.is_refusal(&[&format!("`{name}` belongs to root (mode {found})"), &copy]);
            std::os::unix::fs::chown(&file, Some(NOBODY), None).unwrap();
            set_mode(&file, 0o600);
        }
    }
    std::os::unix::fs::chown(place.keys(), Some(0), None).unwrap();
    set_mode(&place.keys(), 0o777);
    run(&["keys", "list"]).is_refusal(&["owner or root", "`chmod go-w keys`"]);
    set_mode(&place.keys(), 0o755);
    assert_eq!(run(&["keys", "list"]).code, Some(0));
}
