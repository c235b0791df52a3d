//! The disk is full, read-only, or holds half a file.

use std::fs;
use std::process::Command;

use crate::programs::needs;
use crate::support::{Ran, Stage, Start, behind};

const ROTATE: [&str; 3] = ["keys", "rotate", "--wait"];

/// Runs a rotation with a file system of its own at `keys`, which `mount` makes of the keyring in `before`; what is
/// there then is found in `keys` again.
fn with_mount(stage: &Stage, mount: &str) -> Ran {
    let root = stage.place.root();
    fs::rename(stage.place.keys(), root.join("before")).unwrap();
    fs::create_dir(stage.place.keys()).unwrap();
    let script = format!("{mount} || exit 99; \"$@\"; code=$?; cp -a keys after; exit $code");
    let is_root = rustix::process::geteuid().is_root();
    let unshare: &[&str] = if is_root { &["-m"] } else { &["-rm"] };
    let shell = [unshare, &["sh", "-c", &script, "sh"]].concat();
    let mut command: Command = behind("unshare", &shell, &stage.place.command(&ROTATE));
    let ran = Ran::from(command.output().unwrap());
    assert_ne!(ran.code, Some(99), "{ran:?}");
    fs::remove_dir(stage.place.keys()).unwrap();
    fs::rename(root.join("after"), stage.place.keys()).unwrap();
    ran
}

#[test]
fn a_disk_with_room_for_so_many_files_stops_it_or_is_enough() {
    needs!("unshare");
    let start = Start::new();
    let mut codes = Vec::new();
    // One page for each file: the document and the old key are there; the new key, the journal, and whichever file
    // is being written need one each.
    for pages in 2..=6 {
        let name = format!("{pages} pages");
        let stage = start.stage();
        let size = pages * 4;
        let mount = format!("mount -t tmpfs -o mode=0700,size={size}k none keys && cp -p before/* keys");
        let ran = with_mount(&stage, &mount);
        if ran.code != Some(0) {
            ran.is_refused(&["cannot write", "No space left on device", "space and write permission"]);
        }
        codes.push(ran.code);
        stage.holds(&name);
        stage.ends(&name);
    }
    assert_eq!((codes[0], codes[4]), (Some(2), Some(0)), "{codes:?}");
}

#[test]
fn a_read_only_keyring_stops_it_before_anything_is_changed() {
    needs!("unshare");
    let stage = Start::new().stage();
    let ran = with_mount(&stage, "mount --bind -o ro before keys");
    ran.is_refused(&["Read-only file system"]);
    let calls = stage.double.calls();
    let changes = ["CreatePublicKey", "UpdateKeyGroup", "DeletePublicKey"];
    assert!(changes.iter().all(|call| calls["arrived"][call].is_null()), "{calls}");
    stage.holds("read-only");
    stage.ends("writable again");
}

/// A rotation that finds this file of the keyring so changes nothing.
fn refuses_a_file(name: &str, contents: &[u8]) {
    let stage = Start::new().stage();
    let path = stage.place.keys().join(name);
    let before = fs::read(&path).ok();
    fs::write(&path, contents).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for arguments in [&ROTATE[..], &["keys", "advance"]] {
        stage.place.run(arguments).is_refused(&[name]);
    }
    assert_eq!(fs::read(&path).unwrap(), contents);
    let calls = stage.double.calls();
    let changes = ["CreatePublicKey", "UpdateKeyGroup", "DeletePublicKey"];
    assert!(changes.iter().all(|call| calls["arrived"][call].is_null()), "{calls}");
    match before {
        Some(before) => fs::write(&path, before).unwrap(),
        None => fs::remove_file(&path).unwrap(),
    }
    stage.holds("put back");
    stage.ends("put back");
}

#[test]
fn a_half_written_document_is_refused_and_kept() {
    let stage = Start::new().stage();
    let whole = fs::read(stage.place.keys().join("keyring.json")).unwrap();
    for length in [0, whole.len() / 2, whole.len() - 3] {
        refuses_a_file("keyring.json", &whole[..length]);
    }
}

#[test]
fn a_journal_that_is_no_journal_is_refused_and_kept() {
    refuses_a_file("journal.jsonl", b"{\"at\":\"2026-11-21T\n");
}

#[test]
fn a_last_line_of_the_journal_that_was_cut_short_is_left_out() {
    let stage = Start::new().stage();
    let path = stage.place.keys().join("journal.jsonl");
    fs::write(&path, b"{\"at\":\"2026-11-21T").unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(stage.place.run(&ROTATE).code, Some(0));
    stage.has_ended("a journal that was cut short");
}
