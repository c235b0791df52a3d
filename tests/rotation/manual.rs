//! By hand: what is printed is typed, word for word, into a shell with the AWS CLI.

use std::path::Path;
use std::process::Command;

use super::support::{Double, Place, Ran, wait_for};
use crate::programs::needs;
use crate::python::python_program;

/// Types what a step says, and gives back what the last command printed.
fn type_in(ran: &Ran, aws: &Path, double: &Double, place: &Place) -> String {
    let events = ran.events();
    let shown = events.iter().find(|event| event["event"] == "by-hand").unwrap_or_else(|| panic!("{ran:?}"));
    let script = format!("set -euo pipefail\n{}", shown["aws_cli"].as_str().unwrap());
    let path = format!("{}:{}", aws.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(place.root()).env("PATH", path).env("HOME", place.root());
    command
        .env("AWS_ENDPOINT_URL", format!("http://{}", double.control))
        .env("AWS_DEFAULT_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn by_hand(place: &Place, more: &[&str]) -> Ran {
    place.run(&[&["keys", "advance", "--manual"], more].concat())
}

/// What is shown once the old key may leave.
fn until_due(place: &Place) -> Ran {
    let mut ran = by_hand(place, &[]);
    wait_for("a step that is due", || {
        ran = by_hand(place, &[]);
        ran.last()["event"] != "remains"
    });
    ran
}

#[test]
fn a_rotation_by_hand_comes_to_the_same_end() {
    needs!("bash");
    let Some(aws) = python_program("cloud", "aws") else { return };
    let double = Double::with_foreign_keys(&["KFOREIGN"]);
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let create = place.rotate(&["--manual"]);
    assert_eq!(create.leaves_more().last()["event"], "remains-by-hand");
    let key_pair_id = type_in(&create, &aws, &double, &place);
    let trust = by_hand(&place, &["--key-pair-id", &key_pair_id]);
    assert_eq!(trust.leaves_more().done(), ["publish"]);
    type_in(&trust, &aws, &double, &place);
    assert_eq!(double.key_group().len(), 3);
    let waiting = by_hand(&place, &["--done"]);
    assert_eq!(
        waiting.leaves_more().done(),
        ["trust", "prove", "activate"],
        "the edge is asked all the same"
    );
    assert_eq!(waiting.last()["event"], "remains");
    let untrust = until_due(&place);
    type_in(&untrust, &aws, &double, &place);
    assert_eq!(double.key_group(), ["KFOREIGN".to_owned(), key_pair_id.clone()]);
    let delete = by_hand(&place, &["--done"]);
    assert!(delete.leaves_more().story().contains(&"probed".to_owned()), "{delete:?}");
    type_in(&delete, &aws, &double, &place);
    by_hand(&place, &["--done"]).finishes();
    assert_eq!(place.states(), ["gone", "active"]);
    assert_eq!(place.key_in("active").key_pair_id, Some(key_pair_id));
    assert_eq!(double.public_keys().len(), 2);
    // The API agrees that nothing remains.
    place.advance().finishes();
}

#[test]
fn a_confirmation_that_answers_nothing_is_refused() {
    let double = Double::start();
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    by_hand(&place, &["--done"]).is_refused(&["no step was shown that this would confirm"]);
    place.rotate(&["--manual"]).leaves_more();
    by_hand(&place, &["--done"]).is_refused(&["give that with --key-pair-id"]);
    // Asked again, the same is shown again.
    let again = by_hand(&place, &[]);
    assert_eq!(again.leaves_more().story(), ["begun publish", "by-hand publish", "remains-by-hand"]);
    by_hand(&place, &["--key-pair-id", "KMINE"]).leaves_more();
    by_hand(&place, &["--key-pair-id", "KMINE"]).is_refused(&["confirm it with --done"]);
    for flags in [&["--done"][..], &["--key-pair-id", "K1"]] {
        let ran = place.run(&[&["keys", "advance"], flags].concat());
        assert_eq!(ran.code, Some(2), "only with --manual");
    }
}

#[test]
fn a_step_that_was_not_really_done_is_found_out_at_the_edge() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let active = place.key_in("active");
    place.set("proof_deadline", "\"1s\"");
    place.rotate(&["--manual"]).leaves_more();
    by_hand(&place, &["--key-pair-id", "KINVENTED"]).leaves_more();
    by_hand(&place, &["--done"]).is_refused(&["has not let the new key in", "403 InvalidKey"]);
    assert_eq!(place.key_in("active"), active);
}
