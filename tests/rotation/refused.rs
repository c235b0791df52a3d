//! What a rotation refuses, and what it leaves as it was.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::support::{Double, Place};

/// Nothing was made, and nothing changed in CloudFront.
#[track_caller]
fn nothing_changed(place: &Place, double: &Double, members: usize) {
    assert_eq!(place.states(), ["active"]);
    assert_eq!(double.key_group().len(), members);
    assert_eq!(fs::read_dir(place.keys()).unwrap().filter(is_pem).count(), 1, "one private key");
}

fn is_pem(entry: &std::io::Result<fs::DirEntry>) -> bool {
    entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".pem")
}

#[test]
fn a_full_key_group_is_told_before_anything_is_changed() {
    let double = Double::with_foreign_keys(&["K1", "K2", "K3", "K4"]);
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let ran = place.rotate(&["--wait"]);
    ran.is_refused(&[
        "the key group has 5 of at most 5 keys (4 of them not of this keyring)",
        "no key was made",
    ]);
    assert_eq!(ran.stdout, "");
    nothing_changed(&place, &double, 5);
    assert_eq!(double.public_keys().len(), 5);
}

#[test]
fn a_key_group_that_is_not_there_is_told_before_anything_is_changed() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    place.set("key_group", "\"00000000-0000-4000-8000-000000000000\"");
    place.rotate(&[]).is_refused(&["there is no such key group", "rotation.key_group", "no key was made"]);
    nothing_changed(&place, &double, 1);
}

#[test]
fn a_distribution_that_does_not_trust_the_key_group_is_told_before_anything_is_changed() {
    let double = Double::with_foreign_keys(&["KFOREIGN"]);
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    place.set("distribution", format!("{:?}", double.distribution));
    place.advance().finishes();
    let other = double.make_key_group("of-nobody", &["KFOREIGN"]);
    place.set("key_group", format!("{other:?}"));
    place.rotate(&[]).is_refused(&[&double.distribution, "does not trust the key group", &other]);
    nothing_changed(&place, &double, 2);
    place.set("distribution", "\"E1NOTHERE\"");
    place.rotate(&[]).is_refused(&["there is no distribution", "rotation.distribution"]);
}

#[test]
fn a_canary_that_is_not_protected_proves_nothing() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let active = place.key_in("active");
    place.set("canary", format!("\"http://{}/open/canary.txt\"", double.edge));
    let ran = place.rotate(&["--wait"]);
    ran.is_refused(&["/open/canary.txt is not protected", "answered with 200", "name a file"]);
    assert_eq!((ran.last()["event"].as_str(), place.key_in("active")), (Some("failed"), active));
    assert_eq!(place.states(), ["active", "trusted"]);
    // Corrected, it goes on.
    place.set("canary", format!("\"http://{}/podcasts/canary.txt\"", double.edge));
    place.run(&["keys", "advance", "--wait"]).finishes();
}

#[test]
fn a_key_that_the_edge_never_accepts_does_not_sign() {
    let double = Double::with_foreign_keys(&["KFOREIGN"]);
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let active = place.key_in("active");
    let members = ["KFOREIGN", active.key_pair_id.as_deref().unwrap()];
    let untrusted = double.make_key_group("of-nobody", &members);
    place.set("key_group", format!("{untrusted:?}"));
    place.set("proof_deadline", "\"1s\"");
    let ran = place.rotate(&["--wait"]);
    ran.is_refused(&[
        "has not let the new key in 4 times in a row within 1s",
        "403 InvalidKey",
        "rotation.key_group",
    ]);
    assert_eq!(ran.last()["to_go_on"], "edgemint keys advance --config edgemint.toml");
    assert_eq!((place.key_in("active"), place.states()), (active, vec!["active".into(), "trusted".into()]));
    place.run(&["keys", "rollback"]).finishes();
}

#[test]
fn a_canary_that_is_not_in_the_bucket_proves_as_well() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    place.set("canary", format!("\"http://{}/podcasts/nothing.txt\"", double.edge));
    let ran = place.rotate(&["--wait"]);
    assert!(ran.finishes().events().iter().any(|event| event["answer"] == "404"), "{ran:?}");
}

#[test]
fn of_two_rotators_at_once_one_is_turned_away() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    place.set("proofs", "600");
    place.set("proof_deadline", "\"5m\"");
    let first = place.start(&["keys", "rotate", "--progress", "json"]);
    first.says("\"event\":\"probed\"");
    for second in [&["keys", "rotate"][..], &["keys", "advance"], &["keys", "rollback"]] {
        place.run(second).is_refused(&["another edgemint is changing the keyring", "run this again"]);
    }
    // Who only looks is not turned away.
    place.succeeds(&["keys", "status"]);
    drop(first);
    // Its lock died with it.
    place.set("proofs", "4");
    place.run(&["keys", "advance", "--wait"]).finishes();
    assert_eq!(double.public_keys().len(), 1);
}

#[test]
fn a_key_that_the_grants_cannot_be_served_with_is_not_made() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    place.grants += "[[grants]]\nname = \"own\"\nresource = \"https://cdn.example.com/own/{sub}/*\"\nttl = \"1s\"\n\
                     cookie = { domain = \"example.com\" }\n";
    let ran = place.rotate(&["--algorithm", "rsa-2048", "--hash", "sha1"]);
    ran.is_refused(&["\"own\" is signed for each listener", "use an ECDSA key", "sha256"]);
    nothing_changed(&place, &double, 1);
    place.rotate(&["--wait", "--algorithm", "rsa-2048", "--hash", "sha256"]).finishes();
}

#[test]
fn where_nothing_can_be_written_nothing_is_begun() {
    let double = Double::start();
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    // A successor is there, so that the next thing to do is in CloudFront.
    double.faults(
        &json!([{"call": "CreatePublicKey", "fault": {"answer": {"status": 403, "code": "AccessDenied"}}}]),
    );
    place.rotate(&[]).is_refused(&["CreatePublicKey"]);
    double.api("DELETE", "/_edgemint/calls", "");
    let advance = place.as_nobody(&["keys", "advance"]);
    fs::set_permissions(place.keys(), Permissions::from_mode(0o500)).unwrap();
    let ran = advance();
    fs::set_permissions(place.keys(), Permissions::from_mode(0o700)).unwrap();
    ran.is_refused(&["cannot write", "journal.jsonl", "space and write permission"]);
    let calls = double.calls();
    let changes = ["CreatePublicKey", "UpdateKeyGroup", "DeletePublicKey"];
    assert!(changes.iter().all(|call| calls["arrived"][call].is_null()), "{calls}");
    assert_eq!(
        advance().leaves_more().done()[..3],
        ["publish", "trust", "prove"],
        "with room again it goes on"
    );
}

#[test]
fn what_is_missing_is_named() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let mut command = place.command(&["keys", "rotate"]);
    let ran = super::support::Ran::from(command.env_remove("AWS_ACCESS_KEY_ID").output().unwrap());
    ran.is_refused(&["no AWS credentials were found", "aws sso login", "--manual"]);
    let mut command = place.command(&["keys", "rotate"]);
    let ran = super::support::Ran::from(command.env_remove("EDGEMINT_CONFIG").output().unwrap());
    ran.is_refused(&["which configuration?", "--config"]);
    place.rotation.clear();
    place.rotate(&[]).is_refused(&["`edgemint.toml` has no [rotation] section", "key_group", "canary"]);
    nothing_changed(&place, &double, 1);
}

#[test]
fn without_an_answer_from_cloudfront_nothing_is_begun() {
    let double = Double::start();
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let nowhere = "http://127.0.0.1:1";
    let ran = place.rotate(&["--endpoint-url", nowhere]);
    ran.is_refused(&["ListPublicKeys", "see to the network or the endpoint_url"]);
    nothing_changed(&place, &double, 1);
    let status = place.succeeds(&["keys", "status", "--endpoint-url", nowhere]);
    assert!(status.stdout.contains(&place.key_in("active").id), "{status:?}");
    assert!(status.stderr.contains("CloudFront was not asked"), "{status:?}");
}
