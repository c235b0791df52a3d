use std::fs;

use serde_json::json;

use super::support::Place;

/// A ring of an active and a trusted key.
fn two_keys() -> (Place, [String; 2]) {
    let (place, first) = Place::with_key(&["--key-pair-id", "K1"]);
    let (other, second) = Place::with_key(&[]);
    place.succeeds(&["keys", "import", other.pem(&second).to_str().unwrap(), "--key-pair-id", "K2"]);
    (place, [first, second])
}

/// Replaces a member of the first entry, or removes it.
fn with_member(place: &Place, name: &str, value: Option<serde_json::Value>) {
    place.edit(|text| {
        let mut document: serde_json::Value = serde_json::from_str(text).unwrap();
        let entry = document["keys"][0].as_object_mut().unwrap();
        match &value {
            Some(value) => entry.insert(name.to_owned(), value.clone()),
            None => entry.remove(name),
        };
        document.to_string()
    });
}

#[test]
fn a_document_cut_short_anywhere_is_refused() {
    let (place, _) = two_keys();
    let whole = fs::read(place.document()).unwrap();
    let directory = place.view();
    for length in 0..whole.len() {
        fs::write(place.document(), &whole[..length]).unwrap();
        // The last byte is the line end after the closing brace.
        assert_eq!(directory.load().is_ok(), length == whole.len() - 1, "cut at {length}");
    }
    fs::write(place.document(), &whole[..whole.len() / 2]).unwrap();
    place.refused(&["keys", "list"], &["cannot take `keys/keyring.json`", "line", "backup"]);
    place.refused(&["keys", "init"], &["cannot take `keys/keyring.json`"]);
}

#[test]
fn any_changed_byte_of_the_document_is_refused_or_reads_as_a_keyring() {
    let (place, _) = two_keys();
    let whole = fs::read(place.document()).unwrap();
    let directory = place.view();
    for position in 0..whole.len() {
        for byte in [0, b'"', b'}', b'9', 0xff] {
            let mut changed = whole.clone();
            changed[position] = byte;
            fs::write(place.document(), &changed).unwrap();
            if let Ok(document) = directory.document() {
                assert_eq!(document.entries().len(), 2);
            }
        }
    }
}

#[test]
fn a_private_key_cut_short_anywhere_never_signs_as_another() {
    let (place, id) = Place::with_key(&["--key-pair-id", "K1"]);
    let whole = fs::read(place.pem(&id)).unwrap();
    let directory = place.view();
    let mut refused = 0;
    for length in 0..whole.len() {
        fs::write(place.pem(&id), &whole[..length]).unwrap();
        match directory.load() {
            Ok(keyring) => assert_eq!(keyring.active().unwrap().id().as_str(), id),
            Err(_) => refused += 1,
        }
    }
    // At most the final line end and the dashes of the last line can be missing.
    assert!(refused >= whole.len() - 6, "{refused} of {}", whole.len());
}

#[test]
fn a_version_of_tomorrow_is_refused_as_such() {
    let (place, _) = two_keys();
    place.edit(|text| text.replace("\"version\": 1", "\"version\": 2, \"novelty\": {}"));
    place.refused(&["keys", "list"], &["a newer edgemint", "version 2", "reads version 1"]);
    place.edit(|text| text.replace("\"version\": 2", "\"version\": 0"));
    place.refused(&["keys", "list"], &["version 0, which never was"]);
    place.edit(|text| text.replace("\"version\": 0", "\"version\": \"1\""));
    place.refused(&["keys", "list"], &["line 2"]);
}

#[test]
fn unknown_doubled_and_missing_members_are_refused() {
    let (place, _) = two_keys();
    let whole = fs::read_to_string(place.document()).unwrap();
    let refused = |new: String, words: &[&str]| {
        assert_ne!(new, whole);
        fs::write(place.document(), new).unwrap();
        place.refused(&["keys", "list"], words);
    };
    refused(
        whole.replacen("\"version\": 1", "\"version\": 1, \"extra\": 1", 1),
        &["unknown field", "expected `version` or `keys`"],
    );
    refused(
        whole.replacen("\"version\": 1", "\"version\": 1, \"version\": 1", 1),
        &["duplicate field `version`"],
    );
    refused(whole.replacen("\"keys\": [", "\"keys\": [], \"keys\": [", 1), &["duplicate field `keys`"]);
    refused(whole.replacen("\"hash\":", "\"secret\": 1, \"hash\":", 1), &["unknown field", "`key_pair_id`"]);
    let active = "\"state\": \"active\"";
    refused(
        whole.replacen(active, "\"state\": \"active\", \"state\": \"gone\"", 1),
        &["duplicate field `state`"],
    );
    refused(whole.replacen("\"version\": 1,", "", 1), &["missing field `version`"]);
    refused(format!("{whole}{{}}"), &["trailing characters"]);
    refused("null".to_owned(), &["line 1"]);
    for member in ["id", "key_pair_id", "algorithm", "hash", "state", "file", "created_at", "state_since"] {
        fs::write(place.document(), &whole).unwrap();
        with_member(&place, member, None);
        place.refused(&["keys", "list"], &[&format!("missing field `{member}`")]);
    }
}

#[test]
fn members_that_are_wrong_are_refused() {
    let (place, _) = two_keys();
    let whole = fs::read(place.document()).unwrap();
    for (member, value, words) in [
        ("file", json!("../x"), "`file` is a plain name"),
        ("file", json!("../x.pem"), "`file` is a plain name"),
        ("file", json!("/etc/ssl/x.pem"), "`file` is a plain name"),
        ("file", json!("keyring.json"), "`file` is a plain name"),
        ("id", json!("K2JCJMDEHXQW5F"), "16 digits"),
        ("key_pair_id", json!("not an id"), "Key-Pair-Id is"),
        ("key_pair_id", json!(null), "needs the `key_pair_id`"),
        ("algorithm", json!("rsa-4096"), "expected `rsa-2048` or `ecdsa-p256`"),
        ("hash", json!("md5"), "expected `sha1` or `sha256`"),
        ("state", json!("asleep"), "expected one of `generated`"),
        ("state", json!("generated"), "is not in CloudFront yet"),
        ("created_at", json!("yesterday"), "RFC 3339"),
        ("state_since", json!(1_800_000_000), "invalid type"),
    ] {
        fs::write(place.document(), &whole).unwrap();
        with_member(&place, member, Some(value));
        place.refused(&["keys", "list"], &["cannot take", words]);
    }
}

/// People paste a key where its name belongs.
#[test]
fn a_secret_in_the_document_is_never_quoted() {
    let (place, _) = two_keys();
    let whole = fs::read(place.document()).unwrap();
    let secret = "hunter2, expected `hunter2` at line 1 column 1";
    let refused = || {
        place.refused(&["keys", "list"], &["cannot take", " at line "]);
        assert!(!place.run(&["keys", "list"]).stderr.contains("hunter2"));
        let error = place.load().unwrap_err();
        let mut chain: Option<&dyn std::error::Error> = Some(&error);
        while let Some(link) = chain {
            assert!(!format!("{link} {link:?}").contains("hunter2"), "{link:?}");
            chain = link.source();
        }
    };
    for member in
        ["id", "key_pair_id", "algorithm", "hash", "state", "file", "created_at", "state_since", secret]
    {
        for value in [json!(secret), json!([secret]), json!({ secret: secret })] {
            fs::write(place.document(), &whole).unwrap();
            with_member(&place, member, Some(value));
            refused();
        }
    }
    for (old, new) in [
        ("\"version\": 1", "\"version\": \"hunter2\""),
        ("\"version\": 1", "\"version\": 1, \"hunter2\": 1"),
        ("\"version\": 1", "\"version\": 1, hunter2"),
        ("\"version\": 1", "\"hunter2"),
        ("\"keys\": [", "\"keys\": \"hunter2\", \"x\": ["),
        ("\"keys\": [", "\"keys\": [\"hunter2\","),
    ] {
        fs::write(place.document(), &whole).unwrap();
        place.edit(|text| text.replacen(old, new, 1));
        refused();
    }
}

#[test]
fn a_document_with_too_many_keys_is_refused() {
    let (place, _) = two_keys();
    let with_keys = |count: u64| {
        place.edit(|text| {
            let mut document: serde_json::Value = serde_json::from_str(text).unwrap();
            let mut entry = document["keys"][0].clone();
            // Those that are gone would make room.
            entry["state"] = json!("untrusted");
            let entries = (0..count).map(|number| {
                entry["id"] = json!(format!("{number:016x}"));
                entry["file"] = json!(format!("{number}.pem"));
                entry["key_pair_id"] = json!(format!("K{number}"));
                entry.clone()
            });
            document["keys"] = entries.collect();
            document.to_string()
        });
    };
    with_keys(1001);
    place.refused(&["keys", "list"], &["1001 keys", "1000", "`gone`"]);
    with_keys(1000);
    assert_eq!(place.ids().len(), 1000);
    let (other, id) = Place::with_key(&[]);
    let pem = other.pem(&id);
    let import = ["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K2000"];
    place.refused(&import, &["1001 keys", "1000", "`gone`"]);
    assert!(!place.pem(&id).exists());
}

#[test]
fn entries_that_conflict_are_refused() {
    let (place, [first, second]) = two_keys();
    let whole = fs::read_to_string(place.document()).unwrap();
    let refused = |new: String, words: &[&str]| {
        assert_ne!(new, whole);
        fs::write(place.document(), new).unwrap();
        place.refused(&["keys", "list"], words);
        assert!(place.load().is_err());
    };
    refused(whole.replace("\"trusted\"", "\"active\""), &["both in state `active`", &first, &second]);
    refused(whole.replace("\"K2\"", "\"K1\""), &["K1 belongs to key", &first]);
    refused(whole.replace(&format!("{second}.pem"), &format!("{first}.pem")), &["name the same file"]);
    refused(whole.replace(&format!("\"{second}\""), &format!("\"{first}\"")), &["is there already"]);
}

#[test]
fn a_missing_private_key_is_named() {
    let (place, id) = Place::with_key(&[]);
    fs::remove_file(place.pem(&id)).unwrap();
    let words = [&format!("`{id}.pem` of key {id}"), "backup"];
    place.refused(&["keys", "public", &id], &words);
    place.refused(&["keys", "activate", &id, "--key-pair-id", "K1"], &words);
    place.succeeds(&["keys", "list"]);
}

#[test]
fn the_private_key_of_another_entry_is_refused() {
    let (place, [first, second]) = two_keys();
    fs::copy(place.pem(&second), place.pem(&first)).unwrap();
    let words = [format!("holds key {second}"), format!("says that key {first} is there")];
    place.refused(&["keys", "public", &first], &words.each_ref().map(String::as_str));
    assert!(place.load().is_err());
}

#[test]
fn a_misstated_algorithm_is_refused() {
    let (place, id) = Place::with_key(&["--key-pair-id", "K1"]);
    with_member(&place, "algorithm", Some(json!("rsa-2048")));
    place.refused(&["keys", "public", &id], &["a key for ecdsa-p256", "says rsa-2048"]);
    assert!(place.load().is_err());
}

#[test]
fn only_the_active_key_is_needed_to_load() {
    let (place, [first, second]) = two_keys();
    fs::remove_file(place.pem(&second)).unwrap();
    let keyring = place.load().unwrap();
    assert_eq!(keyring.active().unwrap().id().as_str(), first);
    assert_eq!(format!("{keyring:?}").matches("PRIVATE").count(), 0);
}
