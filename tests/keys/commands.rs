use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::support::{Place, openssl};
use crate::programs::needs;

fn names(place: &Place) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(place.keys())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_first_key_goes_from_init_to_active() {
    let place = Place::new();
    let made = place.succeeds(&["keys", "init"]);
    assert!(made.stdout.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    let id = place.ids().remove(0);
    let next = format!("edgemint keys activate {id} --dir keys --key-pair-id K…");
    assert!(made.stderr.trim_end().ends_with(&next), "{}", made.stderr);

    let key = &place.listing()["keys"][0];
    assert_eq!(key["state"], "generated");
    assert_eq!(key["key_pair_id"], serde_json::Value::Null);
    assert_eq!((key["algorithm"].as_str(), key["hash"].as_str()), (Some("rsa-2048"), Some("sha1")));

    assert_eq!(place.succeeds(&["keys", "public", &id]).stdout, made.stdout);
    place.succeeds(&["keys", "activate", &id, "--key-pair-id", "K2JCJMDEHXQW5F"]);
    let table = place.succeeds(&["keys", "list"]).stdout;
    let row = table.lines().nth(1).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells[..5], [id.as_str(), "K2JCJMDEHXQW5F", "rsa-2048", "sha1", "active"]);
    assert!(time::OffsetDateTime::parse(cells[5], &time::format_description::well_known::Rfc3339).is_ok());
    assert_eq!(names(&place), [".lock", &format!("{id}.pem"), "keyring.json"]);
}

#[test]
fn the_directory_and_its_files_are_for_their_owner_alone() {
    let (place, _) = Place::with_key(&[]);
    assert_eq!(fs::metadata(place.keys()).unwrap().mode() & 0o7777, 0o700);
    for name in names(&place) {
        assert_eq!(fs::metadata(place.keys().join(&name)).unwrap().mode() & 0o7777, 0o600, "{name}");
    }
}

#[test]
fn openssl_reads_the_keys_and_comes_to_the_same_id() {
    needs!("openssl");
    for algorithm in ["rsa-2048", "ecdsa-p256"] {
        let place = Place::new();
        let public = place.succeeds(&["keys", "init", "--algorithm", algorithm]).stdout;
        let id = place.ids().remove(0);
        let read = openssl(&["pkey", "-pubin", "-noout", "-text"], public.as_bytes());
        let text = String::from_utf8(read).unwrap();
        let expected = if algorithm == "rsa-2048" { "(2048 bit)" } else { "prime256v1" };
        assert!(text.contains(expected), "{text}");

        let private = fs::read(place.pem(&id)).unwrap();
        let derived = openssl(&["pkey", "-pubout"], &private);
        assert_eq!(String::from_utf8(derived).unwrap(), public);
        let der = openssl(&["pkey", "-pubout", "-outform", "DER"], &private);
        let digest = openssl(&["dgst", "-sha256", "-r"], &der);
        assert_eq!(String::from_utf8(digest).unwrap()[..16], id);
    }
}

#[test]
fn an_id_of_ones_own_makes_the_first_key_active_at_once() {
    let (place, id) = Place::with_key(&["--key-pair-id", "LOCAL1", "--hash", "sha256"]);
    let key = &place.listing()["keys"][0];
    assert_eq!((key["state"].as_str(), key["key_pair_id"].as_str()), (Some("active"), Some("LOCAL1")));
    assert_eq!(key["hash"], "sha256");
    let keyring = place.load().unwrap();
    let active = keyring.active().unwrap();
    assert_eq!((active.id().as_str(), active.key_pair_id().as_str()), (id.as_str(), "LOCAL1"));
    let signature = active.key().sign(active.hash(), b"message").unwrap();
    assert!(active.key().public_key().verify(active.hash(), b"message", &signature));
}

#[test]
fn the_environment_names_the_directory_and_a_flag_wins() {
    let place = Place::new();
    let run = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("EDGEMINT_KEYRING__DIRECTORY", "from-environment").output().unwrap().status.success()
    };
    assert!(run(&["keys", "init", "--algorithm", "ecdsa-p256"]));
    assert!(place.root().join("from-environment/keyring.json").exists());
    assert!(run(&["keys", "--dir", "from-flag", "init", "--algorithm", "ecdsa-p256"]));
    assert!(place.root().join("from-flag/keyring.json").exists());
}

#[test]
fn a_second_init_is_refused_and_changes_nothing() {
    let (place, _) = Place::with_key(&[]);
    let before = (names(&place), fs::read(place.document()).unwrap());
    place.refused(&["keys", "init"], &["there is a keyring in `keys` already", "give another `--dir`"]);
    assert_eq!((names(&place), fs::read(place.document()).unwrap()), before);
}

#[test]
fn an_imported_key_is_active_first_and_trusted_after() {
    let (other, id) = Place::with_key(&[]);
    let (third, third_id) = Place::with_key(&[]);
    let place = Place::new();
    let pem = other.pem(&id);
    let ran = place.succeeds(&["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K1"]);
    assert_eq!(ran.stdout, "");
    let pem = third.pem(&third_id);
    let ran =
        place.succeeds(&["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K2", "--hash", "sha256"]);
    assert!(ran.stderr.contains("`trusted`"), "{}", ran.stderr);
    let keys = &place.listing()["keys"];
    assert_eq!((keys[0]["id"].as_str(), keys[0]["state"].as_str()), (Some(id.as_str()), Some("active")));
    assert_eq!(
        (keys[1]["id"].as_str(), keys[1]["state"].as_str()),
        (Some(third_id.as_str()), Some("trusted"))
    );
    assert_eq!(keys[1]["hash"], "sha256");
}

#[test]
fn a_key_is_imported_once_and_under_an_id_of_its_own() {
    let (other, id) = Place::with_key(&[]);
    let (third, third_id) = Place::with_key(&[]);
    let place = Place::new();
    let pem = other.pem(&id);
    place.succeeds(&["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K1"]);
    let before = fs::read(place.document()).unwrap();
    let again = ["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K2"];
    place.refused(&again, &[&format!("key {id} is there already"), "`active`", "K1"]);
    let pem = third.pem(&third_id);
    let same_id = ["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K1"];
    place.refused(&same_id, &["K1 belongs to key", &id]);
    assert!(!place.pem(&third_id).exists(), "a refused import stores nothing");
    assert_eq!(fs::read(place.document()).unwrap(), before);
}

#[test]
fn a_key_is_activated_before_its_first_use_and_only_while_none_is_active() {
    let (place, generated) = Place::with_key(&[]);
    let (other, imported) = Place::with_key(&[]);
    let pem = other.pem(&imported);
    place.succeeds(&["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K1"]);
    let activate = |id: &str| place.run(&["keys", "activate", id, "--key-pair-id", "K2"]);
    activate(&generated).is_refusal(&[&format!("key {imported} is active"), "only a rotation"]);
    activate(&imported).is_refusal(&["in state `active`", "only a key that has not signed yet"]);
    activate("0000000000000000").is_refusal(&["there is no key 0000000000000000", "edgemint keys list"]);
    assert_eq!(place.listing()["keys"][0]["state"], "generated");
}

#[test]
fn commands_that_need_a_keyring_say_how_to_make_one() {
    let place = Place::new();
    let id = "0123456789abcdef";
    let commands: [&[&str]; 3] =
        [&["keys", "list"], &["keys", "public", id], &["keys", "activate", id, "--key-pair-id", "K1"]];
    for command in commands {
        place.refused(command, &["there is no directory `keys`", "edgemint keys init --dir keys"]);
    }
    fs::create_dir(place.keys()).unwrap();
    for command in commands {
        place.refused(command, &["there is no keyring in `keys`", "edgemint keys init --dir keys"]);
    }
}

/// Refused, and nothing is made for it.
fn is_not_imported(place: &Place, pem: &Path, words: &[&str]) {
    place.refused(&["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K1"], words);
    assert!(!place.keys().exists());
}

#[test]
fn files_that_hold_no_private_key_are_not_imported() {
    let place = Place::new();
    is_not_imported(&place, &place.private_file("empty.pem", b""), &["empty.pem", "is empty"]);
    is_not_imported(&place, &place.private_file("binary.pem", b"\x30\x82\x00\xff"), &["binary"]);
    is_not_imported(&place, &place.private_file("text.pem", b"hello"), &["no readable PEM block"]);
    is_not_imported(&place, &place.root().join("missing.pem"), &["there is no file"]);
    let (other, id) = Place::with_key(&[]);
    let public = other.succeeds(&["keys", "public", &id]).stdout;
    is_not_imported(&place, &place.private_file("public.pem", public.as_bytes()), &["this is a public key"]);
}

#[test]
fn keys_that_cloudfront_does_not_take_are_not_imported() {
    needs!("openssl");
    let place = Place::new();
    let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
    is_not_imported(&place, &place.openssl_key("p384.pem", &curve), &["P-384", "P-256 only"]);
    let size = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
    is_not_imported(&place, &place.openssl_key("rsa1024.pem", &size), &["1024 bits"]);
    let edwards = ["-algorithm", "ED25519"];
    is_not_imported(&place, &place.openssl_key("ed25519.pem", &edwards), &["Ed25519"]);
    let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let encrypted = [&curve[..], &["-aes256", "-pass", "pass:correct-horse"]].concat();
    let encrypted = place.openssl_key("encrypted.pem", &encrypted);
    is_not_imported(&place, &encrypted, &["is encrypted", "openssl pkey"]);
    let good = place.openssl_key("good.pem", &curve);
    place.succeeds(&["keys", "import", good.to_str().unwrap(), "--key-pair-id", "K1"]);
}
