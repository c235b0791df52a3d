//! What makes it look: a change of the files, the time, SIGHUP.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Answer, Cookies, Key, Service, Setup, get, make_ring, now, run, wait_for, write_ring};

/// So rarely that no test sees it.
pub const NO_POLL: &str = "[keyring]\npoll = \"10m\"\n";

/// A minted set for `/podcasts/`, which the edge accepts by this key alone.
pub fn assert_mints_with(service: &Service, key: &Key) {
    let answer = service.mint(&json!({"grants": ["podcasts"]}));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let cookies = Cookies::of_json(&answer.json()["grants"][0]);
    assert_eq!(cookies.key_pair_id(), key.key_pair_id);
    let decision = cookies.decide_with(&[key.trusted()], "/podcasts/1.mp3", "203.0.113.7");
    assert!(decision.is_allowed(), "{decision:?}");
}

/// Lines of the log with this message.
pub fn lines(service: &Service, message: &str) -> Vec<Value> {
    let log = service.log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["message"] == json!(message)).collect()
}

/// The same once there are so many. Lines are written a moment after what they tell.
pub fn wait_for_lines(service: &Service, message: &str, count: usize) -> Vec<Value> {
    let mut found = Vec::new();
    wait_for(&format!("{count} times {message:?} in the log"), || {
        found = lines(service, message);
        found.len() >= count
    });
    assert_eq!(found.len(), count, "{found:?}");
    found
}

const UNCHANGED: &str = "the keyring is in order, and signing goes on with it";

pub const REPLACED: &str = "signing goes on with another key of the keyring";

#[test]
fn a_changed_file_is_seen_at_once() {
    let service = Setup::new().section(NO_POLL).start();
    let [old, new] = [Key::of(&service.setup), Key::new("rsa-2048", "sha256", "KNEW")];
    assert_mints_with(&service, &old);
    write_ring(&service.setup.path("keys"), &[(&old, "retiring"), (&new, "active")]);
    service.wait_until_it_signs_with(&new);
    assert_mints_with(&service, &new);
    let replaced = wait_for_lines(&service, REPLACED, 1);
    let told = ["level", "old_key", "new_key", "algorithm", "hash"].map(|name| replaced[0][name].clone());
    assert_eq!(
        told.map(|value| value.as_str().unwrap().to_owned()),
        ["INFO", "KTEST", "KNEW", "rsa-2048", "SHA256"]
    );
    let keyring = service.keyring();
    assert!(
        keyring["reloaded_at"].as_i64().is_some_and(|at| (now() - 60..=now()).contains(&at)),
        "{keyring}"
    );
    assert_eq!(keyring.as_object().unwrap().len(), 2, "{keyring}");
}

#[test]
fn the_first_key_is_taken_into_use_without_a_restart() {
    let service = Setup::with_key(&["--algorithm", "ecdsa-p256"]).section(NO_POLL).start();
    assert_eq!(service.ask(get("/readyz")).json()["reason"], "no_active_key");
    let id = service.setup.key_file().trim_start_matches("keys/").trim_end_matches(".pem").to_owned();
    let mut activate =
        service.setup.command(&["keys", "activate", "--dir", "keys", &id, "--key-pair-id", "KFIRST"]);
    run(&mut activate);
    wait_for("readiness", || service.ask(get("/readyz")).status == 200);
    assert_mints_with(&service, &Key::of(&service.setup));
    let replaced = wait_for_lines(&service, REPLACED, 1);
    assert_eq!(replaced[0]["new_key"], json!("KFIRST"));
    assert!(replaced[0].get("old_key").is_none(), "{}", replaced[0]);
}

/// Puts a link in the place of another at once.
fn turn(link: &Path, target: &str) {
    let temporary = link.with_added_extension("new");
    symlink(target, &temporary).unwrap();
    fs::rename(&temporary, link).unwrap();
}

/// A setup whose `keys` is a link, as a mounted secret has one, to the first of two keyrings. `below`: between the
/// link and the keyring.
fn linked(poll: &'static str, below: &str) -> (Service, [Key; 2]) {
    let setup = Setup::new().section(poll);
    let [first, second] = [Key::of(&setup), Key::ecdsa("KSECOND")];
    fs::rename(setup.path("keys"), setup.path("made")).unwrap();
    make_ring(&setup.path(&format!("2026-01/{below}")), &[(&first, "active"), (&second, "proven")]);
    make_ring(&setup.path(&format!("2026-02/{below}")), &[(&first, "retiring"), (&second, "active")]);
    turn(&setup.path("keys"), "2026-01");
    let mut command = setup.serve();
    command.env("EDGEMINT_KEYRING__DIRECTORY", format!("keys/{below}"));
    let log = tempfile::NamedTempFile::new().unwrap();
    command.stderr(log.reopen().unwrap());
    (Service::spawn(setup, command, log), [first, second])
}

#[test]
fn a_link_that_is_turned_is_seen_at_once_and_the_next_one_too() {
    let (service, [first, second]) = linked(NO_POLL, "");
    for _ in 0..3 {
        turn(&service.setup.path("keys"), "2026-02");
        service.wait_until_it_signs_with(&second);
        assert_mints_with(&service, &second);
        turn(&service.setup.path("keys"), "2026-01");
        service.wait_until_it_signs_with(&first);
    }
    // What the link led to before is watched no more, and what it leads to now is.
    write_ring(&service.setup.path("2026-01"), &[(&first, "retiring"), (&second, "active")]);
    service.wait_until_it_signs_with(&second);
}

#[test]
fn what_no_watch_sees_is_seen_at_the_next_poll() {
    let (service, [first, second]) = linked("[keyring]\npoll = \"1s\"\n", "deep/down");
    assert_mints_with(&service, &first);
    turn(&service.setup.path("keys"), "2026-02");
    service.wait_until_it_signs_with(&second);
    assert_mints_with(&service, &second);
}

#[test]
fn what_no_watch_sees_is_seen_at_sighup() {
    let (service, [first, second]) = linked(NO_POLL, "deep/down");
    // The look at the start is over once this one is.
    service.signal(Signal::HUP);
    wait_for_lines(&service, UNCHANGED, 1);
    for key in [&second, &first, &second] {
        turn(&service.setup.path("keys"), if key.id == second.id { "2026-02" } else { "2026-01" });
        // Nothing has seen it.
        assert_ne!(service.keyring()["key_pair_id"], json!(key.key_pair_id));
        service.signal(Signal::HUP);
        service.wait_until_it_signs_with(key);
        assert_mints_with(&service, key);
    }
}

#[test]
fn the_same_keyring_changes_nothing() {
    let service = Setup::new().section(NO_POLL).section("[metrics]\nlisten = \"127.0.0.1:0\"\n").start();
    let key = Key::of(&service.setup);
    let signature = |answer: Answer| answer.json()["grants"][0]["cookies"]["CloudFront-Signature"].clone();
    let mint = || service.mint(&json!({"grants": ["podcasts"]}));
    let expires = |answer: &Answer| answer.json()["grants"][0]["expires_at"].clone();
    let mut before = mint();
    for times in 1..=3 {
        write_ring(&service.setup.path("keys"), &[(&key, "active"), (&Key::ecdsa("KNEXT"), "trusted")]);
        service.signal(Signal::HUP);
        wait_for_lines(&service, UNCHANGED, times);
        let after = mint();
        if expires(&before) == expires(&after) {
            // ECDSA signatures are random: another minter would give another.
            assert_eq!(signature(after), signature(before));
        }
        before = mint();
    }
    assert!(lines(&service, REPLACED).is_empty(), "{}", service.log());
    assert!((service.metric("edgemint_keyring_reloads_total")).abs() < 0.5);
}
