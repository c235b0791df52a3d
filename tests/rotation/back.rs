//! The ways back, and the way out in an emergency.

use rustix::process::Signal;

use super::support::{Double, Place};

/// A rotation whose successor is in the key group and cannot be proven yet.
fn stopped_in_the_proof(place: &mut Place) {
    // A proof that takes a minute.
    place.set("proofs", "600");
    place.set("proof_deadline", "\"5m\"");
    let running = place.start(&["keys", "rotate", "--progress", "json"]);
    running.says("\"event\":\"probed\"");
    running.signal(Signal::TERM);
    let ran = running.ends();
    assert_eq!((ran.code, ran.last()["event"].as_str()), (Some(3), Some("stopped")), "{ran:?}");
    assert_eq!(place.states(), ["active", "trusted"]);
    place.set("proofs", "4");
}

#[test]
fn before_the_activation_the_successor_is_given_up() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let active = place.key_in("active");
    stopped_in_the_proof(&mut place);
    let given_up = place.key_in("trusted");
    let ran = place.run(&["keys", "rollback"]);
    assert_eq!(ran.finishes().done(), ["untrust", "delete"]);
    assert_eq!(place.states(), ["active", "gone"]);
    assert_eq!(place.key_in("active"), active);
    assert_eq!(double.key_group(), [active.key_pair_id.unwrap()]);
    assert_eq!(double.public_keys().len(), 1);
    assert!(!place.has_private_key(&given_up.id));
}

#[test]
fn a_rotation_that_was_stopped_is_gone_on_with() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    stopped_in_the_proof(&mut place);
    let under_way = place.key_in("trusted").id;
    let ran = place.rotate(&["--wait"]);
    assert_eq!(ran.finishes().story()[0], "goes-on");
    assert_eq!(place.key_in("active").id, under_way, "no second successor is made");
}

#[test]
fn after_the_activation_the_key_before_signs_again() {
    let double = Double::start();
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let first = place.key_in("active");
    place.rotate(&[]).leaves_more();
    let ran = place.run(&["keys", "rollback"]);
    assert_eq!(ran.leaves_more().done()[..2], ["prove", "activate"]);
    assert_eq!(place.key_in("active").id, first.id);
    place.run(&["keys", "advance", "--wait"]).finishes();
    assert_eq!(place.states(), ["active", "gone"]);
    assert_eq!(double.key_group(), [first.key_pair_id.unwrap()]);
}

#[test]
fn there_is_no_way_back_to_a_key_that_is_gone() {
    let double = Double::start();
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let ran = place.run(&["keys", "rollback"]);
    ran.is_refused(&["there is no way back", "edgemint keys rotate"]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_revoked_key_leaves_at_once_and_the_only_one_is_kept() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    place.set("margin", "\"1h\"");
    let first = place.key_in("active");
    let only = place.run(&["keys", "revoke", &first.id]);
    only.is_refused(&[&first.id, "edgemint keys rotate"]);
    assert_eq!((place.states(), double.key_group().len()), (vec!["active".to_owned()], 1));
    place.rotate(&[]).leaves_more();
    let ran = place.run(&["keys", "revoke", &first.id]);
    assert_eq!(ran.finishes().done(), ["untrust", "delete"]);
    assert_eq!(place.states(), ["gone", "active"]);
    assert_eq!(double.key_group().len(), 1);
    place.run(&["keys", "revoke", "0123456789abcdef"]).is_refused(&["there is no key 0123456789abcdef"]);
}

#[test]
fn the_only_key_of_a_group_leaves_it_once_another_is_in() {
    let double = Double::start();
    let mut place = Place::new(&double);
    place.succeeds(&["keys", "init", "--algorithm", "ecdsa-p256"]);
    // Nobody needs cookies there, so that nothing can be proven.
    place.set("canary", format!("\"http://{}/open/canary.txt\"", double.edge));
    place.advance().is_refused(&["open/canary.txt"]);
    let leaked = place.key_in("trusted");
    assert_eq!(double.key_group(), [leaked.key_pair_id.clone().unwrap()]);
    let ran = place.run(&["keys", "revoke", &leaked.id]);
    ran.is_refused(&["is the only one in the key group", "edgemint keys rotate"]);
    assert_eq!(place.states(), ["untrusted"]);
    assert!(double.calls()["arrived"]["UpdateKeyGroup"].as_u64() == Some(1), "{}", double.calls());
    place.set("canary", format!("\"http://{}/podcasts/canary.txt\"", double.edge));
    let ran = place.rotate(&["--wait"]);
    assert_eq!(ran.finishes().done(), ["publish", "trust", "untrust", "prove", "activate", "delete"]);
    assert_eq!(place.states(), ["gone", "active"]);
    assert_eq!(double.key_group(), [place.key_in("active").key_pair_id.unwrap()]);
}
