//! CloudFront answers late, wrongly or not at all.

use serde_json::{Value, json};

use super::support::{Double, Place};

/// A rotation with faults that it overcomes: one new public key, the old one gone.
fn overcomes(faults: &Value) {
    let double = Double::with_foreign_keys(&["KFOREIGN"]);
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    double.faults(faults);
    place.rotate(&["--wait"]).finishes();
    assert_eq!(place.states(), ["gone", "active"], "{faults}");
    let members = ["KFOREIGN".to_owned(), place.key_in("active").key_pair_id.unwrap()];
    assert_eq!((double.key_group(), double.public_keys().len()), (members.to_vec(), 2), "{faults}");
    // Else nothing was overcome.
    let struck = double.calls()["calls"].as_array().unwrap().iter().any(|call| !call["fault"].is_null());
    assert!(struck, "{faults}: {}", double.calls());
}

#[test]
fn an_answer_that_is_lost_after_the_deed_is_no_second_deed() {
    for call in ["CreatePublicKey", "UpdateKeyGroup", "DeletePublicKey"] {
        overcomes(&json!([{"call": call, "fault": "drop_after"}]));
    }
}

#[test]
fn an_answer_that_is_lost_again_and_again_is_looked_into() {
    // More often than the SDK asks: the plan itself finds what came of it.
    for call in ["CreatePublicKey", "UpdateKeyGroup", "DeletePublicKey"] {
        overcomes(&json!([{"call": call, "times": 5, "fault": "drop_after"}]));
    }
}

#[test]
fn what_is_refused_for_good_changes_nothing_and_names_the_action() {
    let double = Double::start();
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let denied = json!({"answer": {"status": 403, "code": "AccessDenied"}});
    double.faults(&json!([{"call": "CreatePublicKey", "times": null, "fault": denied}]));
    let ran = place.rotate(&["--wait"]);
    ran.is_refused(&["allow the action cloudfront:CreatePublicKey in their IAM policy"]);
    assert_eq!(place.states(), ["active", "generated"]);
    let successor = place.key_in("generated").id;
    let record = |phase: &str| ("publish".to_owned(), phase.to_owned());
    assert_eq!(place.journal_of(&successor), [record("intent"), record("failed")]);
    double.faults(&json!([]));
    place.run(&["keys", "advance", "--wait"]).finishes();
    assert_eq!(place.key_in("active").id, successor);
}
