use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{Place, Ran, now};

/// Runs the binary with files limited to `blocks` of 512 bytes. With `survive` a write beyond them fails
/// as on a full disk; without, the kernel kills the process in the middle of it.
fn run_with_little_room(place: &Place, blocks: u32, survive: bool, arguments: &[&str]) -> Ran {
    let trap = if survive { "trap '' XFSZ; " } else { "" };
    let script = format!("{trap}ulimit -c 0; ulimit -f {blocks}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_edgemint")]).args(arguments);
    command.current_dir(place.root()).env_remove("EDGEMINT_KEYRING__DIRECTORY");
    Ran::from(command.output().unwrap())
}

/// A ring with two entries, whose document is larger than one block while a P-256 key is smaller; and
/// the path and id of a third key to import.
fn nearly_full() -> (Place, Place, String) {
    let (place, _) = Place::with_key(&["--key-pair-id", "K1"]);
    let (other, second) = Place::with_key(&[]);
    place.succeeds(&["keys", "import", other.pem(&second).to_str().unwrap(), "--key-pair-id", "K2"]);
    let (other, third) = Place::with_key(&[]);
    assert!(fs::metadata(place.document()).unwrap().len() > 512);
    assert!(fs::metadata(other.pem(&third)).unwrap().len() < 512);
    (place, other, third)
}

#[test]
fn a_full_disk_changes_nothing_and_says_so() {
    let place = Place::new();
    let ran = run_with_little_room(&place, 0, true, &["keys", "init", "--algorithm", "ecdsa-p256"]);
    ran.is_refusal(&["cannot write `keys/", "File too large", "space"]);
    let left: Vec<_> = fs::read_dir(place.keys()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [".lock"]);
    place.succeeds(&["keys", "init", "--algorithm", "ecdsa-p256"]);
}

#[test]
fn a_failure_between_key_and_document_leaves_an_orphan_that_list_reports() {
    let (place, other, third) = nearly_full();
    let before = fs::read(place.document()).unwrap();
    let pem = other.pem(&third);
    let import = ["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K3"];
    run_with_little_room(&place, 1, true, &import).is_refusal(&["cannot write `keys/keyring.json`"]);
    assert_eq!(fs::read(place.document()).unwrap(), before);

    let list = place.succeeds(&["keys", "list"]);
    assert!(!list.stdout.contains(&third));
    assert!(list.stderr.contains(&format!("`keys/{third}.pem` is not in keyring.json")), "{}", list.stderr);
    assert_eq!(place.listing()["orphans"], serde_json::json!([format!("{third}.pem")]));
    place.load().unwrap();

    place.succeeds(&import);
    let list = place.succeeds(&["keys", "list"]);
    assert!(list.stdout.contains(&third) && list.stderr.is_empty(), "{}", list.stderr);
}

#[test]
fn a_kill_in_the_middle_of_a_write_keeps_the_old_document() {
    let (place, other, third) = nearly_full();
    let before = fs::read(place.document()).unwrap();
    let pem = other.pem(&third);
    let import = ["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K3"];
    let killed = run_with_little_room(&place, 1, false, &import);
    assert_eq!(killed.code, None, "the kernel kills it: {}", killed.stderr);
    assert_eq!(fs::read(place.document()).unwrap(), before);
    let orphans = place.listing()["orphans"].as_array().unwrap().clone();
    assert_eq!(orphans.len(), 2, "the key, and the half-written document: {orphans:?}");
    assert!(orphans[0].as_str().unwrap().starts_with(".edgemint-"));
    // The lock died with its holder.
    place.succeeds(&import);
}

#[test]
fn one_of_many_parallel_inits_wins() {
    let place = Place::new();
    let init = || {
        let mut command = place.command(&["keys", "init", "--algorithm", "ecdsa-p256"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..16).map(|_| init()).collect();
    let ran: Vec<Ran> =
        children.into_iter().map(|child| Ran::from(child.wait_with_output().unwrap())).collect();
    let (won, lost): (Vec<&Ran>, Vec<&Ran>) = ran.iter().partition(|ran| ran.code == Some(0));
    assert_eq!(won.len(), 1);
    for ran in lost {
        ran.is_refusal(&[]);
        let reason = ["another edgemint is changing the keyring", "there is a keyring in `keys` already"];
        assert!(reason.iter().any(|reason| ran.stderr.contains(reason)), "{}", ran.stderr);
    }
    let id = place.ids().remove(0);
    assert_eq!(place.listing()["orphans"], serde_json::json!([]));
    assert_eq!(place.succeeds(&["keys", "public", &id]).stdout, won[0].stdout);
}

#[test]
fn a_writer_is_refused_while_another_is_at_work_and_readers_are_not() {
    let (place, id) = Place::with_key(&[]);
    let writer = now(place.store().lock()).unwrap();
    let activate = ["keys", "activate", &id, "--key-pair-id", "K1"];
    place.refused(&activate, &["another edgemint is changing the keyring `keys`", "run this again"]);
    place.succeeds(&["keys", "list"]);
    place.succeeds(&["keys", "public", &id]);
    drop(writer);
    // Another test of this process may be starting a program right now, which holds a copy of the lock until
    // it is one: for a moment the directory can still be taken.
    let deadline = Instant::now() + Duration::from_secs(10);
    while place.run(&activate).code != Some(0) {
        assert!(Instant::now() < deadline, "the lock was let go, and is still held");
    }
}
