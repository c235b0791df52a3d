//! Keyrings that are not taken: signing goes on with the key before, and the log, `/readyz` and a metric say so.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::changes::{NO_POLL, REPLACED, assert_mints_with, lines, wait_for_lines};
use super::metrics::METRICS;
use crate::support::{Key, Service, Setup, document, get, replace, wait_for, write_ring};

const NOT_TAKEN: &str = "the keyring was not taken; signing goes on as before";
const IN_ORDER: &str = "the keyring is in order again";

/// What a test does to a directory in which the first of these keys is active, and the second is to be next. The
/// damage is done before the document is replaced, so that no moment shows a good keyring.
type Damage = fn(&Path, &Key, &Key);

/// The document of a ring in which the second key is active.
fn turn(directory: &Path, old: &Key, new: &Key) {
    write_document(directory, &document(&[old.entry("retiring"), new.entry("active")]));
}

fn write_document(directory: &Path, text: &str) {
    replace(&directory.join("keyring.json"), text, 0o600);
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// (what, code, a word of the reason, how it is made)
const BAD: [(&str, &str, &str, Damage); 17] = [
    ("a half-written document", "keyring_refused", "keyring.json", |directory, old, new| {
        let whole = document(&[old.entry("retiring"), new.entry("active")]);
        write_document(directory, &whole[..whole.len() / 2]);
    }),
    ("an empty document", "keyring_refused", "keyring.json", |directory, _, _| write_document(directory, "")),
    ("no document", "no_keyring", "keys init", |directory, _, _| {
        fs::remove_file(directory.join("keyring.json")).unwrap();
    }),
    ("a newer version", "keyring_refused", "newer edgemint", |directory, old, new| {
        let entries = [old.entry("retiring"), new.entry("active")];
        write_document(directory, &document(&entries).replace("\"version\":1", "\"version\":2"));
    }),
    ("no active key", "no_active_key", "no active key", |directory, old, new| {
        replace(&directory.join(new.file()), &new.pem, 0o600);
        write_document(directory, &document(&[old.entry("retiring"), new.entry("proven")]));
    }),
    ("no key at all", "no_active_key", "no active key", |directory, _, _| {
        write_document(directory, &document(&[]));
    }),
    ("two active keys", "keyring_refused", "both in state", |directory, old, new| {
        replace(&directory.join(new.file()), &new.pem, 0o600);
        write_document(directory, &document(&[old.entry("active"), new.entry("active")]));
    }),
    ("a missing PEM", "key_missing", "put it back from a backup", |directory, old, new| {
        fs::remove_file(directory.join(new.file())).unwrap();
        turn(directory, old, new);
    }),
    ("the PEM of another key", "key_refused", "holds key", |directory, old, new| {
        replace(&directory.join(new.file()), &old.pem, 0o600);
        turn(directory, old, new);
    }),
    ("a half-written PEM", "key_refused", "cannot use", |directory, old, new| {
        replace(&directory.join(new.file()), &new.pem[..new.pem.len() / 2], 0o600);
        turn(directory, old, new);
    }),
    ("a PEM of another curve", "key_refused", "cannot use", |directory, old, new| {
        let other = include_str!("../../vectors/keys/refused-secp384r1.pkcs8.pem");
        replace(&directory.join(new.file()), other, 0o600);
        turn(directory, old, new);
    }),
    ("the algorithm of another key", "key_refused", "rsa-2048", |directory, old, new| {
        let mut entry = new.entry("active");
        entry["algorithm"] = "rsa-2048".into();
        write_document(directory, &document(&[old.entry("retiring"), entry]));
    }),
    ("a PEM that others can read", "file_refused", "chmod 600", |directory, old, new| {
        replace(&directory.join(new.file()), &new.pem, 0o644);
        turn(directory, old, new);
    }),
    ("a document that others can change", "file_refused", "chmod 600", |directory, old, new| {
        let entries = [old.entry("retiring"), new.entry("active")];
        replace(&directory.join("keyring.json"), &document(&entries), 0o666);
    }),
    ("a PEM that is a directory", "file_refused", "directory", |directory, old, new| {
        fs::remove_file(directory.join(new.file())).unwrap();
        fs::create_dir(directory.join(new.file())).unwrap();
        turn(directory, old, new);
    }),
    ("a directory in which others can write", "file_refused", "chmod", |directory, old, new| {
        chmod(directory, 0o777);
        turn(directory, old, new);
    }),
    ("no directory", "file_refused", "keys", |directory, _, _| {
        fs::rename(directory, directory.with_extension("away")).unwrap();
    }),
];

/// Takes the damage back, and leaves `good` active.
fn mend(directory: &Path, good: &Key, other: &Key) {
    let away = directory.with_extension("away");
    if away.exists() {
        fs::rename(away, directory).unwrap();
    }
    chmod(directory, 0o700);
    for key in [good, other] {
        if directory.join(key.file()).is_dir() {
            fs::remove_dir(directory.join(key.file())).unwrap();
        }
    }
    write_ring(directory, &[(other, "retiring"), (good, "active")]);
}

#[test]
fn signing_goes_on_with_the_old_key_until_a_good_keyring_is_there() {
    let service = Setup::new().shared_only().section(NO_POLL).section(METRICS).start();
    let directory = service.setup.path("keys");
    let mut old = Key::of(&service.setup);
    let mut new = Key::new("ecdsa-p256", "sha256", "KOTHER");
    // So that there is a file of the next one to be damaged.
    write_ring(&directory, &[(&old, "active"), (&new, "proven")]);
    let mut failed_before = 0.0;
    for (times, (what, code, word, damage)) in BAD.into_iter().enumerate() {
        damage(&directory, &old, &new);
        service.wait_until_it_refuses(code);
        assert_mints_with(&service, &old);
        let ready = service.ask(get("/readyz"));
        assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("ready")), "{what}");
        assert_eq!(ready.json()["keyring"]["key_pair_id"], json!(old.key_pair_id), "{what}");
        wait_for(&format!("a line about {what}: {word}"), || {
            let said = lines(&service, NOT_TAKEN).pop().unwrap_or_default();
            let about = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
            (about("level"), about("code")) == ("ERROR".to_owned(), code.to_owned())
                && about("reason").contains(word)
        });
        assert!(service.metric("edgemint_keyring_reload_failing") > 0.5, "{what}");
        let failed = service.metric("edgemint_keyring_failed_reloads_total");
        assert!(failed > failed_before + 0.5, "{what}: {failed}");
        failed_before = failed;

        mend(&directory, &new, &old);
        service.wait_until_it_signs_with(&new);
        service.wait_until_its_keyring_is_in_order();
        assert_mints_with(&service, &new);
        wait_for_lines(&service, IN_ORDER, times + 1);
        assert!(service.metric("edgemint_keyring_reload_failing") < 0.5, "{what}");
        // The next one is damaged the other way round.
        std::mem::swap(&mut old, &mut new);
    }
    wait_for_lines(&service, REPLACED, BAD.len());
}

#[test]
fn a_key_that_the_grants_cannot_be_served_with_is_refused() {
    // One of the grants is signed for each listener, which RSA over SHA-1 must not be.
    let service = Setup::new().section(NO_POLL).start();
    let [old, new] = [Key::of(&service.setup), Key::new("rsa-2048", "sha1", "KSLOW")];
    write_ring(&service.setup.path("keys"), &[(&old, "retiring"), (&new, "active")]);
    service.wait_until_it_refuses("grants_refused");
    assert_mints_with(&service, &old);
    let said = wait_for_lines(&service, NOT_TAKEN, 1).pop().unwrap();
    assert!(said["reason"].as_str().unwrap().contains("sha256"), "{said}");
    let mut entry = new.entry("active");
    entry["hash"] = "sha256".into();
    replace(&service.setup.path("keys/keyring.json"), &document(&[old.entry("retiring"), entry]), 0o600);
    service.wait_until_it_signs_with(&new);
    assert_mints_with(&service, &new);
}

/// A grant whose cookies are as long as may be.
fn long_grant(name: &str, length: usize) -> String {
    let resource = "a".repeat(length);
    format!(
        "[[grants]]\nname = \"{name}\"\nresource = \"https://cdn.example.com/{name}/{resource}/*\"\nttl = \"5m\"\n\
         cookie = {{ domain = \"example.com\", path = \"/{name}/\" }}\n"
    )
}

#[test]
fn a_key_with_which_the_cookies_would_not_fit_is_refused() {
    let podcasts = "[[grants]]\nname = \"podcasts\"\nresource = \"https://cdn.example.com/podcasts/*\"\n\
                    ttl = \"5m\"\ncookie = { domain = \"example.com\" }\n";
    let new = Key::new("rsa-2048", "sha256", "KLARGE");
    for (grants, word) in [
        // Alone, it fits with an ECDSA signature, which takes 248 bytes less.
        (vec![long_grant("a", 880)], "2047"),
        // So do these together.
        (["a", "b", "c", "d"].map(|name| long_grant(name, 400)).to_vec(), "all grants together"),
    ] {
        let text = format!("{podcasts}{}", grants.concat()).leak();
        let service = Setup::new().grants(text).section(NO_POLL).start();
        let old = Key::of(&service.setup);
        write_ring(&service.setup.path("keys"), &[(&old, "retiring"), (&new, "active")]);
        service.wait_until_it_refuses("grants_refused");
        assert_mints_with(&service, &old);
        let said = wait_for_lines(&service, NOT_TAKEN, 1).pop().unwrap();
        assert!(said["reason"].as_str().unwrap().contains(word), "{said}");
    }
}

#[test]
fn a_failure_is_logged_once_and_again_when_it_changes_or_somebody_asks() {
    let service = Setup::new().section("[keyring]\npoll = \"1s\"\n").section(METRICS).start();
    let key = Key::of(&service.setup);
    let path = service.setup.path("keys/keyring.json");
    fs::write(&path, "{").unwrap();
    service.wait_until_it_refuses("keyring_refused");
    let failed = || service.metric("edgemint_keyring_failed_reloads_total");
    let at_first = failed();
    wait_for("three more polls", || failed() > at_first + 2.5);
    wait_for_lines(&service, NOT_TAKEN, 1);
    replace(&path, &document(&[]), 0o600);
    service.wait_until_it_refuses("no_active_key");
    wait_for_lines(&service, NOT_TAKEN, 2);
    service.signal(Signal::HUP);
    wait_for_lines(&service, NOT_TAKEN, 3);
    write_ring(&service.setup.path("keys"), &[(&key, "active")]);
    wait_for_lines(&service, IN_ORDER, 1);
    assert!(lines(&service, REPLACED).is_empty(), "it is the same key as before");
}

#[test]
fn a_damaged_key_that_does_not_sign_yet_is_told_and_holds_nothing_up() {
    let service = Setup::new().section(NO_POLL).section(METRICS).start();
    let directory = service.setup.path("keys");
    let [old, new, next] = [Key::of(&service.setup), Key::ecdsa("KNEW"), Key::ecdsa("KNEXT")];
    let damaged = "a key that may sign one day cannot";
    for (times, state) in ["generated", "published", "trusted", "proven", "retiring"].into_iter().enumerate()
    {
        write_ring(&directory, &[(&old, "active")]);
        service.wait_until_it_signs_with(&old);
        wait_for("no damage", || service.keyring().get("next_key").is_none());
        // The ring is written with the document last, so it is never seen half.
        replace(&directory.join(next.file()), &next.pem[..next.pem.len() / 2], 0o600);
        replace(&directory.join(new.file()), &new.pem, 0o600);
        let entries = [old.entry("untrusted"), new.entry("active"), next.entry(state)];
        replace(&directory.join("keyring.json"), &document(&entries), 0o600);
        service.wait_until_it_signs_with(&new);
        wait_for("the damage", || service.keyring()["next_key"] == json!("key_refused"));
        assert_mints_with(&service, &new);
        assert!(service.keyring().get("failed").is_none(), "{state}");
        let said = wait_for_lines(&service, damaged, times + 1);
        assert_eq!(said[times]["level"], json!("ERROR"), "{state}");
        assert!(said[times]["reason"].as_str().unwrap().contains(&next.file()), "{state}");
        assert!(service.metric("edgemint_keyring_next_key_damaged") > 0.5, "{state}");
    }
    // Keys that sign nothing more may be lost.
    fs::remove_file(directory.join(old.file())).unwrap();
    let entries = [old.entry("untrusted"), new.entry("active"), next.entry("gone")];
    replace(&directory.join("keyring.json"), &document(&entries), 0o600);
    wait_for("no damage", || service.keyring().get("next_key").is_none());
    assert!(service.metric("edgemint_keyring_next_key_damaged") < 0.5);
}

#[test]
fn nothing_in_the_detail_tells_more_than_the_cookies_do() {
    let service = Setup::new().section(NO_POLL).start();
    fs::write(service.setup.path("keys/keyring.json"), "{\"version\": 1, \"keys\": [\"M4rk3r\"]}").unwrap();
    service.wait_until_it_refuses("keyring_refused");
    let keyring: Value = service.keyring();
    let mut names: Vec<&str> = keyring.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["failed", "key_pair_id", "reloaded_at"]);
    let told = Service::ask(&service, get("/readyz"));
    let text = String::from_utf8(told.body).unwrap();
    for word in ["keyring.json", "M4rk3r", service.setup.path("keys").to_str().unwrap()] {
        assert!(!text.contains(word), "{text}");
    }
}
