//! A rotation from its first step to its last.

use std::fs;

use super::support::{Double, Place};

#[test]
fn a_first_deployment_goes_from_init_to_active() {
    let double = Double::start();
    let place = Place::new(&double);
    place.succeeds(&["keys", "init"]);
    let ran = place.advance();
    assert_eq!(ran.finishes().done(), ["publish", "trust", "prove", "activate"]);
    let key = place.key_in("active");
    assert_eq!(double.key_group(), [key.key_pair_id.unwrap()]);
    assert_eq!(double.public_keys().len(), 1);
    // What cron runs then does nothing.
    assert_eq!(place.advance().finishes().story(), ["finished"]);
}

#[test]
fn a_rotation_ends_with_one_new_key_and_without_the_old_one() {
    let double = Double::with_foreign_keys(&["KFOREIGN"]);
    let place = Place::with_active_key(&double, &[]);
    let old = place.key_in("active");
    let ran = place.rotate(&["--wait"]);
    let steps = ["publish", "trust", "prove", "activate", "untrust", "delete"];
    assert_eq!(ran.finishes().done(), steps);
    assert_eq!(ran.steps("begun"), steps, "what is begun is done under the same name");
    assert_eq!(place.states(), ["gone", "active"]);
    let new = place.key_in("active");
    assert_eq!(new.kind, old.kind, "of the same kind unless told otherwise");
    assert_eq!(double.key_group(), ["KFOREIGN".to_owned(), new.key_pair_id.unwrap()]);
    let names: Vec<String> = double.public_keys().into_iter().map(|key| key.name).collect();
    assert!(names.contains(&format!("edgemint-{}", new.id)) && names.len() == 2, "{names:?}");
    assert!(place.has_private_key(&new.id) && !place.has_private_key(&old.id));
}

#[test]
fn every_remote_step_has_its_intent_written_before_and_its_result_after() {
    let double = Double::start();
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let old = place.key_in("active");
    place.rotate(&["--wait"]).finishes();
    let new = place.key_in("active");
    let record = |step: &str, phase: &str| (step.to_owned(), phase.to_owned());
    let way_in = [
        record("publish", "intent"),
        record("publish", "done"),
        record("trust", "intent"),
        record("trust", "done"),
        record("prove", "done"),
        record("activate", "done"),
    ];
    assert_eq!(place.journal_of(&new.id), way_in);
    let way_out = [
        record("untrust", "intent"),
        record("untrust", "done"),
        record("delete", "intent"),
        record("delete", "done"),
    ];
    assert_eq!(place.journal_of(&old.id)[way_in.len()..], way_out);
}

#[test]
fn keys_of_every_kind_take_each_others_place() {
    let kinds = [
        ("rsa-2048", "sha1"),
        ("rsa-2048", "sha256"),
        ("ecdsa-p256", "sha1"),
        ("rsa-2048", "sha1"),
        ("ecdsa-p256", "sha256"),
        ("rsa-2048", "sha256"),
    ];
    let double = Double::start();
    let (algorithm, hash) = kinds[0];
    let place = Place::with_active_key(&double, &["--algorithm", algorithm, "--hash", hash]);
    for (algorithm, hash) in &kinds[1..] {
        place.rotate(&["--wait", "--algorithm", algorithm, "--hash", hash]).finishes();
        assert_eq!(place.key_in("active").kind, format!("{algorithm} {hash}"));
    }
    assert_eq!(double.public_keys().len(), 1);
}

#[test]
fn without_wait_the_old_key_stays_until_its_cookies_have_expired() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    place.set("margin", "\"1h\"");
    let ran = place.rotate(&[]);
    assert_eq!(ran.leaves_more().last()["event"], "remains");
    assert!(ran.last()["until"].as_str().unwrap() > ran.last()["time"].as_str().unwrap());
    assert_eq!(place.states(), ["retiring", "active"]);
    let again = place.advance();
    assert_eq!(again.leaves_more().story(), ["remains"], "nothing is due");
    assert_eq!(double.key_group().len(), 2);
    place.set("margin", "\"0s\"");
    place.run(&["keys", "advance", "--wait"]).finishes();
    assert_eq!(double.key_group().len(), 1);
}

#[test]
fn changes_that_arrive_unevenly_are_waited_for() {
    let double = Double::with(&[], &["--propagation", "1s", "--nodes", "3"]);
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let ran = place.rotate(&["--wait"]);
    let events = ran.finishes().events();
    let proof = events.iter().skip_while(|event| event["event"] != "begun" || event["step"] != "prove");
    let proof = proof.take_while(|event| event["event"] != "done").filter(|event| event["event"] == "probed");
    let answers: Vec<&str> = proof.map(|event| event["answer"].as_str().unwrap()).collect();
    assert_eq!((answers.first(), answers.last()), (Some(&"403 InvalidKey"), Some(&"200")), "{answers:?}");
}

#[test]
fn who_rotates_keys_needs_no_secret_that_lets_listeners_in() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    place.admit_listeners(1);
    place.head =
        "[audit]\nkey = { file = \"audit.key\" }\n[store]\nredis = { file = \"redis.url\" }\n".to_owned();
    place.grants = place.grants.replace("ttl =", "trace = true\nttl =");
    for file in ["ticket.key", "session.key"] {
        fs::remove_file(place.root().join(file)).unwrap();
    }
    let check = place.run(&["check"]);
    assert_eq!(check.code, Some(2), "{check:?}");
    for setting in
        ["ticket.keys[0].secret", "session.secrets[0]", "audit.key", "store.redis", "api_keys[0].secret"]
    {
        assert!(check.stderr.contains(setting), "{setting} is not needed: {}", check.stderr);
    }
    for read in ["list", "status", "plan"] {
        place.succeeds(&["keys", read]);
    }
    place.rotate(&["--wait"]).finishes();
    assert_eq!(place.states(), ["gone", "active"]);
    // What the key has to serve is known all the same: a traced cookie is signed while its listener waits.
    place
        .rotate(&["--algorithm", "rsa-2048"])
        .is_refused(&["\"podcasts\" is signed for each listener", "sha256"]);
}
