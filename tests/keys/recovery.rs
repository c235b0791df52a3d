//! A private key that is lost for good: another key takes its place.

use std::fs;

use super::support::Place;

/// A ring whose active key's file is gone, and the ids of that key and of a trusted one.
fn with_lost_key() -> (Place, [String; 2]) {
    let (place, lost) = Place::with_key(&["--key-pair-id", "K1"]);
    let (other, spare) = Place::with_key(&[]);
    place.succeeds(&["keys", "import", other.pem(&spare).to_str().unwrap(), "--key-pair-id", "K2"]);
    fs::remove_file(place.pem(&lost)).unwrap();
    (place, [lost, spare])
}

fn states(place: &Place) -> Vec<String> {
    let listing = place.listing();
    let keys = listing["keys"].as_array().unwrap();
    keys.iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect()
}

fn activate<'a>(id: &'a str, key_pair_id: &'a str) -> [&'a str; 5] {
    ["keys", "activate", id, "--key-pair-id", key_pair_id]
}

#[test]
fn a_trusted_key_takes_the_place_of_a_lost_one() {
    let (place, [lost, spare]) = with_lost_key();
    let ran = place.succeeds(&activate(&spare, "K2"));
    for words in [&format!("Key {spare} is active"), &format!("Key {lost}"), "`retiring`", "(K1)"] {
        assert!(ran.stderr.contains(words), "{words:?} is not in: {}", ran.stderr);
    }
    assert_eq!(states(&place), ["retiring", "active"]);
    let keyring = place.load().unwrap();
    let active = keyring.active().unwrap();
    assert_eq!((active.id().as_str(), active.key_pair_id().as_str()), (spare.as_str(), "K2"));
    place.refused(&activate(&lost, "K1"), &["in state `retiring`"]);
}

#[test]
fn a_generated_key_takes_the_place_of_a_lost_one() {
    let (place, generated) = Place::with_key(&[]);
    let (other, lost) = Place::with_key(&[]);
    place.succeeds(&["keys", "import", other.pem(&lost).to_str().unwrap(), "--key-pair-id", "K1"]);
    fs::remove_file(place.pem(&lost)).unwrap();
    place.succeeds(&activate(&generated, "K2"));
    assert_eq!(states(&place), ["active", "retiring"]);
}

#[test]
fn a_key_that_is_made_after_the_loss_is_imported_and_activated() {
    let (place, lost) = Place::with_key(&["--key-pair-id", "K1"]);
    fs::remove_file(place.pem(&lost)).unwrap();
    // What tells of the loss names the way out.
    place.refused(&["keys", "public", &lost], &["backup", "lost for good", "keys import", "keys activate"]);
    place.succeeds(&["keys", "init", "--algorithm", "ecdsa-p256", "--dir", "new"]);
    let made = fs::read_dir(place.root().join("new")).unwrap().map(|found| found.unwrap().path());
    let pem = made.into_iter().find(|path| path.extension().is_some_and(|name| name == "pem")).unwrap();
    let ran = place.succeeds(&["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K2"]);
    let id = pem.file_stem().unwrap().to_str().unwrap();
    let next = format!("edgemint keys activate {id} --dir keys --key-pair-id K2");
    assert!(ran.stderr.contains(&next), "{}", ran.stderr);
    place.succeeds(&activate(id, "K2"));
    assert_eq!(states(&place), ["retiring", "active"]);
}

#[test]
fn only_a_key_whose_file_is_gone_counts_as_lost() {
    let (place, first) = Place::with_key(&["--key-pair-id", "K1"]);
    let (other, spare) = Place::with_key(&[]);
    place.succeeds(&["keys", "import", other.pem(&spare).to_str().unwrap(), "--key-pair-id", "K2"]);
    let before = fs::read(place.document()).unwrap();
    let there = [&format!("key {first} is active"), "only a rotation", &format!("{first}.pem")];
    let whole = fs::read(place.pem(&first)).unwrap();
    place.refused(&activate(&spare, "K2"), &there);
    for damaged in [&b""[..], b"-----BEGIN PRIVATE KEY-----\n", b"\0"] {
        fs::write(place.pem(&first), damaged).unwrap();
        place.refused(&activate(&spare, "K2"), &there);
    }
    fs::write(place.pem(&first), whole).unwrap();
    super::support::set_mode(&place.pem(&first), 0o644);
    place.refused(&activate(&spare, "K2"), &there);
    fs::remove_file(place.pem(&first)).unwrap();
    std::os::unix::fs::symlink("nowhere", place.pem(&first)).unwrap();
    place.refused(&activate(&spare, "K2"), &there);
    assert_eq!(fs::read(place.document()).unwrap(), before);
}

#[test]
fn a_refused_replacement_leaves_the_lost_key_active() {
    let (place, [lost, spare]) = with_lost_key();
    let before = fs::read(place.document()).unwrap();
    place.refused(&activate(&lost, "K1"), &["in state `active`"]);
    place.refused(&activate(&spare, "K3"), &["as Key-Pair-Id K2", "not K3"]);
    place.refused(&activate(&spare, "K1"), &["as Key-Pair-Id K2", "not K1"]);
    place.refused(&activate("0000000000000000", "K2"), &["there is no key"]);
    let pem = fs::read(place.pem(&spare)).unwrap();
    fs::write(place.pem(&spare), b"damaged").unwrap();
    place.refused(&activate(&spare, "K2"), &["cannot use"]);
    fs::remove_file(place.pem(&spare)).unwrap();
    place.refused(&activate(&spare, "K2"), &[&format!("`{spare}.pem` of key {spare}")]);
    assert_eq!(fs::read(place.document()).unwrap(), before);
    place.private_file(&format!("keys/{spare}.pem"), &pem);
    place.succeeds(&activate(&spare, "K2"));
}
