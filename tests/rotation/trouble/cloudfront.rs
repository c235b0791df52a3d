//! CloudFront refuses, is slow, or is full.

use serde_json::{Value, json};

use crate::support::{OLD, Stage, Start, wait_for};

const ROTATE: [&str; 3] = ["keys", "rotate", "--wait"];

/// A rotation overcomes this by itself.
fn overcomes(faults: &Value) {
    let stage = Start::new().stage();
    stage.double.faults(faults);
    let ran = stage.place.run(&ROTATE);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{faults}: {}", ran.stdout);
    stage.has_ended(&faults.to_string());
    let struck =
        stage.double.calls()["calls"].as_array().unwrap().iter().any(|call| !call["fault"].is_null());
    assert!(struck, "{faults} struck nothing");
}

/// A rotation stops at this with a sentence that has these words; once it is over, the rotation is gone on with.
fn stops(call: &str, fault: &Value, words: &[&str]) {
    let stage = Start::new().stage();
    let fault = json!([{"call": call, "times": null, "fault": fault}]);
    stage.double.faults(&fault);
    // Without --wait, which tries again what may pass; until the old key may leave.
    let mut ran = stage.place.rotate(&[]);
    wait_for("the call that is refused", || {
        if ran.code == Some(3) {
            ran = stage.place.advance();
        }
        ran.code != Some(3)
    });
    ran.is_refused(words);
    stage.double.faults(&json!([]));
    stage.holds(&fault.to_string());
    stage.ends(&fault.to_string());
}

fn answer(status: u16, code: &str) -> Value {
    json!({"answer": {"status": status, "code": code}})
}

#[test]
fn a_public_key_that_another_group_names_is_deleted_once_it_is_free() {
    let stage = Start::new().stage();
    let other = stage.double.make_key_group("of-somebody", &[OLD]);
    let ran = stage.place.run(&ROTATE);
    ran.is_refused(&["a key group still names it", "aws cloudfront list-key-groups"]);
    assert_eq!(stage.place.states(), ["untrusted", "active"]);
    stage.holds("the old key is in use elsewhere");
    stage.double.delete_key_group(&other);
    stage.ends("the old key is free");
}

#[test]
fn what_somebody_else_puts_into_the_key_group_at_the_same_time_stays_there() {
    let stage = Start::new().stage();
    let theirs = stage.double.make_public_key("theirs");
    stage.double.faults(&json!([{"call": "UpdateKeyGroup", "fault": {"delay_before_ms": 3000}}]));
    let running = stage.place.start(&["keys", "rotate"]);
    wait_for("the first change of the key group", || stage.double.calls()["arrived"]["UpdateKeyGroup"] == 1);
    stage.double.add_to_key_group(&theirs);
    assert_eq!(running.ends().code, Some(3));
    let calls = stage.double.calls();
    let refused = calls["calls"].as_array().unwrap().iter().any(|call| call["code"] == "PreconditionFailed");
    assert!(refused, "{calls}");
    let new = stage.place.key_in("active").key_pair_id.unwrap();
    let group = stage.double.key_group();
    assert!(group.contains(&theirs) && group.contains(&new) && group.len() == 4, "{group:?}");
    stage.holds("somebody else changed the key group");
}

#[test]
fn a_key_group_that_never_stops_changing_is_told() {
    stops(
        "UpdateKeyGroup",
        &answer(412, "PreconditionFailed"),
        &["somebody else keeps changing the same thing"],
    );
}

#[test]
fn throttling_for_a_while_is_waited_out() {
    for call in ["ListPublicKeys", "CreatePublicKey", "UpdateKeyGroup", "DeletePublicKey"] {
        overcomes(&json!([{"call": call, "times": 3, "fault": "throttle"}]));
    }
}

#[test]
fn throttling_without_end_is_told() {
    stops(
        "CreatePublicKey",
        &json!("throttle"),
        &["throttled CreatePublicKey, again and again", "in some minutes"],
    );
}

#[test]
fn server_errors_for_a_while_are_waited_out() {
    for (status, code) in [(500, "InternalError"), (503, "ServiceUnavailable")] {
        for call in ["GetKeyGroup", "CreatePublicKey", "UpdateKeyGroup", "DeletePublicKey"] {
            overcomes(&json!([{"call": call, "times": 2, "fault": answer(status, code)}]));
        }
    }
}

#[test]
fn server_errors_without_end_are_told() {
    let words = ["GetKeyGroup got no answer that tells what was done", "ServiceUnavailable"];
    stops("GetKeyGroup", &answer(503, "ServiceUnavailable"), &words);
}

#[test]
fn a_slow_control_plane_is_waited_for() {
    overcomes(&json!([{"times": null, "fault": {"delay_before_ms": 200}}]));
    overcomes(&json!([{"times": null, "fault": {"delay_after_ms": 200}}]));
}

#[test]
fn a_timeout_after_the_deed_is_no_second_deed() {
    // Longer than an attempt may take, which is 15 s.
    overcomes(&json!([{"call": "CreatePublicKey", "fault": {"delay_after_ms": 17_000}}]));
}

#[test]
fn a_connection_lost_before_the_deed_is_tried_again() {
    for call in ["CreatePublicKey", "UpdateKeyGroup", "DeletePublicKey"] {
        overcomes(&json!([{"call": call, "times": 6, "fault": "drop_before"}]));
    }
}

#[test]
fn each_action_that_is_not_allowed_is_named() {
    for call in [
        "ListPublicKeys",
        "GetKeyGroup",
        "CreatePublicKey",
        "UpdateKeyGroup",
        "GetPublicKey",
        "DeletePublicKey",
    ] {
        stops(call, &answer(403, "AccessDenied"), &[&format!("allow the action cloudfront:{call}")]);
    }
}

#[test]
fn a_full_account_is_told_before_anything_is_changed() {
    let stage = Start::new().stage();
    for number in 0..8 {
        stage.double.make_public_key(&format!("of-somebody-{number}"));
    }
    let before = (stage.double.key_group(), stage.key_pair_ids());
    let ran = stage.place.run(&ROTATE);
    ran.is_refused(&[
        "the account has 10 of at most 10 public keys",
        "no key was made and nothing was changed",
    ]);
    assert_eq!((stage.double.key_group(), stage.key_pair_ids()), before);
    assert_eq!(stage.place.states(), ["active"]);
    stage.holds("a full account");
}

#[test]
fn quotas_that_are_lower_than_was_thought_are_told() {
    stops(
        "CreatePublicKey",
        &answer(400, "TooManyPublicKeys"),
        &["as many public keys as CloudFront lets it have"],
    );
    stops(
        "UpdateKeyGroup",
        &answer(400, "TooManyPublicKeysInKeyGroup"),
        &["take one out that nobody signs with"],
    );
}

#[test]
fn a_key_group_that_is_deleted_meanwhile_is_told() {
    stops("UpdateKeyGroup", &answer(404, "NoSuchResource"), &["there is no key group", "rotation.key_group"]);
}

#[test]
fn a_public_key_that_is_gone_already_is_deleted() {
    let stage: Stage = Start::new().stage();
    // The first attempt was carried out and nobody heard of it; the second one is told that there is no such key.
    stage.double.faults(&json!([{"call": "DeletePublicKey", "times": 1, "fault": "drop_after"}]));
    assert_eq!(stage.place.run(&ROTATE).code, Some(0));
    let calls = stage.double.calls();
    let gone = |call: &&Value| call["call"] == "DeletePublicKey" && call["status"] == 404;
    assert!(calls["calls"].as_array().unwrap().iter().any(|call| gone(&call)), "{calls}");
    stage.has_ended("deleted twice");
}
