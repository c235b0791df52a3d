//! What has piled up over the years.

use std::fs;

use serde_json::{Value, json};

use crate::support::{SecretsManager, Start};

/// Keys of a rotation a week for three years, each as a rotation leaves it.
fn keys_that_are_gone() -> Vec<Value> {
    let gone = |number: u32| {
        let id = format!("{number:016x}");
        json!({
            "id": id, "key_pair_id": format!("KGONE{number:09}"), "algorithm": "ecdsa-p256", "hash": "sha1", "state": "gone",
            "file": format!("{id}.pem"), "created_at": "2023-01-01T00:00:00Z", "state_since": "2023-01-01T00:00:00Z",
            "cookie_life": 3660, "cookies_until": "2023-01-01T01:01:30Z"
        })
    };
    (1..=156).map(gone).collect()
}

#[test]
fn keys_of_long_ago_take_no_room_from_a_secret() {
    let Some(secrets) = SecretsManager::start() else { return };
    let stage = Start::new().stage();
    let path = stage.place.keys().join("keyring.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let keys = document["keys"].as_array_mut().unwrap();
    let active = keys.remove(0);
    keys.extend(keys_that_are_gone());
    keys.push(active);
    fs::write(&path, serde_json::to_vec_pretty(&document).unwrap()).unwrap();
    let stage = stage.in_secret(&secrets);
    let ran = stage.place.run(&["keys", "rotate", "--wait"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    let states = stage.place.states();
    let gone = states.iter().filter(|state| *state == "gone").count();
    assert!((1..=31).contains(&gone) && states.last().unwrap() == "active", "{states:?}");
    // The newest stay on record.
    let listing = stage.place.succeeds(&["keys", "list"]).stdout;
    assert!(
        listing.contains(&format!("{:016x}", 156)) && !listing.contains(&format!("{:016x}", 1)),
        "{listing}"
    );
}
