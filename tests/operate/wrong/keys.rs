//! Signing keys that cannot be read or are none, and ids that are another's.

use std::fs;
use std::process::Command;

use super::chapter::{Mistake, try_all};
use super::deployment::{Deployment, KEY_PAIR_ID};
use crate::programs::is_installed;

const GROUP: &str = "2f1c6a5e-8a0b-4a8e-9d3c-5b7f0e4d1a92";

pub const MISTAKES: &[Mistake] = &[
    ("key-open-to-others", || {
        let place = own();
        place.set_mode(&place.key_file(), 0o644);
        place.check()
    }),
    ("key-of-another-user", || {
        let place = own();
        place.give_away(&place.key_file())?;
        place.check()
    }),
    ("key-missing", || {
        let place = own();
        fs::remove_file(place.path(&place.key_file())).unwrap();
        place.check()
    }),
    ("key-is-a-directory", || {
        let place = own();
        let file = place.path(&place.key_file());
        fs::remove_file(&file).unwrap();
        fs::create_dir(file).unwrap();
        place.check()
    }),
    ("key-empty", || holding(|_| String::new())),
    ("key-encrypted", || {
        let arguments = ["pkey", "-aes256", "-passout", "pass:correct-horse", "-in"];
        is_installed("openssl").then(|| holding(|place| openssl(place, &arguments)))?
    }),
    ("key-is-public", || holding(|place| fs::read_to_string(place.path("public.pem")).unwrap())),
    ("key-of-another-pair", || {
        let arguments = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        is_installed("openssl").then(|| holding(|_| made(&arguments)))?
    }),
    ("key-too-large", || is_installed("openssl").then(|| holding(|_| made(&["genrsa", "4096"])))?),
    ("keyring-missing", || {
        let place = own();
        fs::rename(place.path("keys"), place.path("elsewhere")).unwrap();
        place.check()
    }),
    ("key-id-of-the-group", || activated(GROUP)),
    ("key-id-of-the-distribution", || activated("E1U5RQF7T870K0")),
    ("key-id-in-small-letters", || activated("k2jcjmdehxqw5f")),
    ("key-id-with-a-space", || activated("K2JCJMDEHXQW5F ")),
    ("key-id-of-edgemint", || activated("0123456789abcdef")),
    ("key-ids-exchanged", || {
        own().refused(&["keys", "activate", KEY_PAIR_ID, "--dir", "keys", "--key-pair-id", KEY_PAIR_ID])
    }),
    ("import-with-the-group", || {
        let place = own();
        let key = place.key_file();
        place.refused(&["keys", "import", &key, "--dir", "new-keys", "--key-pair-id", GROUP])
    }),
    ("import-of-the-public-key", || {
        let place = own();
        place.set_mode("public.pem", 0o600);
        place.refused(&["keys", "import", "public.pem", "--dir", "new-keys", "--key-pair-id", KEY_PAIR_ID])
    }),
];

fn own() -> Deployment {
    Deployment::of("own-host.toml")
}

/// With this in the file of the signing key.
fn holding(text: impl FnOnce(&Deployment) -> String) -> Option<String> {
    let place = own();
    let text = text(&place);
    place.write(&place.key_file(), &text);
    place.check()
}

/// What openssl makes of the signing key.
fn openssl(place: &Deployment, arguments: &[&str]) -> String {
    made(&[arguments, &[place.path(&place.key_file()).to_str().unwrap()]].concat())
}

fn made(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A new key that is to sign under this id.
fn activated(key_pair_id: &str) -> Option<String> {
    let place = own();
    let made =
        place.command(&["keys", "init", "--algorithm", "ecdsa-p256", "--dir", "waiting"]).output().unwrap();
    assert!(made.status.success());
    let mut files = fs::read_dir(place.path("waiting")).unwrap().map(|file| file.unwrap().path());
    let pem = files.find(|file| file.extension().is_some_and(|name| name == "pem")).unwrap();
    let id = pem.file_stem().unwrap().to_str().unwrap().to_owned();
    let said = place.refused(&["keys", "activate", &id, "--dir", "waiting", "--key-pair-id", key_pair_id]);
    let ring = fs::read_to_string(place.path("waiting/keyring.json")).unwrap();
    assert!(ring.contains("\"generated\""), "it does not sign: {ring}");
    said
}

#[test]
fn mistakes_with_keys_are_told_as_the_chapter_shows() {
    try_all(MISTAKES);
}
