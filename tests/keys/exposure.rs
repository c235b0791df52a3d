use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::Command;

use time::OffsetDateTime;

use super::support::{NOBODY, Place, is_root, now, set_mode};
use crate::programs::left_out;

/// Every way to the private key is refused alike.
fn key_is_refused(place: &Place, id: &str, words: &[&str]) {
    place.refused(&["keys", "public", id], words);
    place.refused(&["keys", "activate", id, "--key-pair-id", "K1"], words);
    let directory = place.view();
    let document = directory.document().unwrap();
    assert!(directory.signing_key(&document.entries()[0]).is_err());
    assert_eq!(place.listing()["keys"][0]["state"], "generated");
}

#[test]
fn a_private_key_that_others_can_read_is_refused_with_the_chmod() {
    let (place, id) = Place::with_key(&[]);
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        set_mode(&place.pem(&id), mode);
        let chmod = format!("chmod 600 keys/{id}.pem");
        key_is_refused(&place, &id, &[&chmod, &format!("mode {mode:04o}")]);
    }
    set_mode(&place.pem(&id), 0o600);
    place.succeeds(&["keys", "activate", &id, "--key-pair-id", "K1"]);
    set_mode(&place.pem(&id), 0o640);
    assert!(place.load().is_err());
}

#[test]
fn the_chmod_of_a_refusal_puts_it_right() {
    let place = Place::new();
    let arguments = ["--dir", "it's $(here)"];
    place.succeeds(&[&["keys", "init", "--algorithm", "ecdsa-p256"], &arguments[..]].concat());
    let document = place.root().join("it's $(here)/keyring.json");
    set_mode(&document, 0o666);
    let refused = place.run(&[&["keys", "list"], &arguments[..]].concat());
    refused.is_refusal(&["chmod 600"]);
    let remedy = refused.stderr.split('`').find(|part| part.starts_with("chmod")).unwrap();
    assert!(Command::new("sh").args(["-c", remedy]).current_dir(place.root()).status().unwrap().success());
    place.succeeds(&[&["keys", "list"], &arguments[..]].concat());
}

#[test]
fn a_private_key_that_is_no_regular_file_is_refused() {
    let (place, id) = Place::with_key(&[]);
    let pem = place.pem(&id);
    let aside = place.root().join("aside.pem");
    fs::rename(&pem, &aside).unwrap();

    symlink(&aside, &pem).unwrap();
    key_is_refused(&place, &id, &["is a symbolic link", "chmod 600"]);
    fs::remove_file(&pem).unwrap();

    fs::create_dir(&pem).unwrap();
    key_is_refused(&place, &id, &["is a directory", "chmod 600"]);
    fs::remove_dir(&pem).unwrap();

    // Opening a FIFO as one opens a file would wait for a writer for ever.
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&pem).status().unwrap().success());
    key_is_refused(&place, &id, &["is a FIFO", "chmod 600"]);
    fs::remove_file(&pem).unwrap();

    fs::rename(&aside, &pem).unwrap();
    place.succeeds(&["keys", "public", &id]);
}

#[test]
fn a_file_to_import_is_held_to_the_same_rules() {
    let (other, id) = Place::with_key(&[]);
    let place = Place::new();
    let import = |pem: &Path, words: &[&str]| {
        place.refused(&["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K1"], words);
    };
    let link = place.root().join("link.pem");
    symlink(other.pem(&id), &link).unwrap();
    import(&link, &["symbolic link"]);
    set_mode(&other.pem(&id), 0o644);
    import(&other.pem(&id), &["mode 0644", "chmod 600"]);
    let large = place.private_file("large.pem", &vec![b'-'; (1 << 16) + 1]);
    import(&large, &["larger than 65536 bytes"]);
}

#[test]
fn the_document_is_held_to_the_same_rules() {
    let (place, _) = Place::with_key(&[]);
    set_mode(&place.document(), 0o644);
    place.refused(&["keys", "list"], &["chmod 600 keys/keyring.json"]);
    place.refused(&["keys", "init"], &["chmod 600 keys/keyring.json"]);
    let aside = place.root().join("aside.json");
    fs::rename(place.document(), &aside).unwrap();
    set_mode(&aside, 0o600);
    symlink(&aside, place.document()).unwrap();
    place.refused(&["keys", "list"], &["symbolic link"]);
    place.refused(&["keys", "init"], &["symbolic link"]);
}

#[test]
fn a_directory_that_others_can_write_is_refused() {
    let (place, _) = Place::with_key(&[]);
    for mode in [0o770, 0o707, 0o1777] {
        set_mode(&place.keys(), mode);
        place.refused(&["keys", "list"], &["chmod go-w keys"]);
        place.refused(&["keys", "init"], &["chmod go-w keys"]);
    }
    set_mode(&place.keys(), 0o755);
    place.succeeds(&["keys", "list"]);
    place.private_file("file", b"");
    place.refused(&["keys", "list", "--dir", "file"], &["`file` is not a directory"]);
    place.refused(&["keys", "init", "--dir", "file"], &["`file` is not a directory"]);
}

#[test]
fn what_belongs_to_another_user_is_refused() {
    if !is_root() {
        left_out("files of another user (only root can give files away)");
        return;
    }
    let (place, id) = Place::with_key(&[]);
    chown(place.pem(&id), Some(NOBODY), None).unwrap();
    key_is_refused(
        &place,
        &id,
        &["belongs to user 65534", "run this as that user", &format!("chown 0 keys/{id}.pem")],
    );
    chown(place.document(), Some(NOBODY), None).unwrap();
    place.refused(&["keys", "list"], &["chown 0 keys/keyring.json"]);
    chown(place.keys(), Some(NOBODY), None).unwrap();
    place.refused(&["keys", "list"], &["chown 0 keys"]);
}

#[test]
fn a_read_only_directory_is_readable_and_every_change_is_refused() {
    let (place, id) = Place::with_key(&[]);
    let run = place.commands_of_nobody(&id);
    let before = fs::read(place.document()).unwrap();
    set_mode(&place.keys(), 0o500);
    assert_eq!(run(&["keys", "list"]).code, Some(0));
    assert_eq!(run(&["keys", "public", &id]).code, Some(0));
    let activate = ["keys", "activate", &id, "--key-pair-id", "K1"];
    run(&activate).is_refusal(&["cannot write `keys/keyring.json`", "Permission denied"]);
    set_mode(&place.keys(), 0o700);
    fs::remove_file(place.keys().join(".lock")).unwrap();
    set_mode(&place.keys(), 0o500);
    run(&activate).is_refusal(&["cannot write `keys/.lock`", "Permission denied"]);
    assert_eq!(fs::read(place.document()).unwrap(), before);
    set_mode(&place.keys(), 0o700);
    assert_eq!(run(&activate).code, Some(0));
}

#[test]
fn what_is_put_in_the_place_of_an_opened_directory_is_not_touched() {
    let (place, id) = Place::with_key(&[]);
    let directory = place.view();
    let mut writer = now(place.store().lock()).unwrap();
    let (other, other_id) = Place::with_key(&["--key-pair-id", "LOCAL1"]);
    let before = fs::read(other.document()).unwrap();
    fs::rename(place.keys(), place.root().join("aside")).unwrap();
    symlink(other.keys(), place.keys()).unwrap();

    let document = directory.document().unwrap();
    assert_eq!(document.entries()[0].id().as_str(), id);
    directory.signing_key(&document.entries()[0]).unwrap();
    fs::write(other.keys().join("orphan.pem"), b"").unwrap();
    assert!(directory.orphans(&document).unwrap().is_empty());
    let (key, key_pair_id) = (id.parse().unwrap(), "K1".parse().unwrap());
    now(writer.activate(&key, &key_pair_id, OffsetDateTime::UNIX_EPOCH)).unwrap();
    // The lock that it holds is that of the first directory.
    now(place.store().lock()).unwrap();
    drop(writer);
    assert_eq!(fs::read(other.document()).unwrap(), before);
    assert_eq!(place.load().unwrap().active().unwrap().id().as_str(), other_id);
    assert_eq!(directory.load().unwrap().active().unwrap().id().as_str(), id);
}
