//! Which states each transition takes, and what it refuses.

use super::keys::key_id;
use super::scene::{Scene, named};
use crate::cloudfront::KeyPairId;
use crate::keyring::document::{Document, DocumentError};
use crate::keyring::entry::State;

/// A signs, and B is in each state in turn; where B is active, A retires.
fn b_in_every_state() -> [Scene; 8] {
    let rotating = Scene::rotating;
    [
        rotating(),
        rotating().done(1),
        rotating().done(2),
        rotating().done(3),
        rotating().done(4),
        rotating().done(4).rolled_back().done(2),
        rotating().done(3).rolled_back(),
        rotating().done(3).rolled_back().done(2),
    ]
}

type Transition = fn(Scene) -> Result<Document, DocumentError>;

/// Each transition of B, and the state in which it leaves B for each state before; `-` where it is refused.
const TRANSITIONS: [(Transition, &str); 10] = [
    (|s| Ok(s.document), "generated published trusted proven active retiring untrusted gone"),
    (
        |s| s.document.with_published(&key_id(1), &id("KB"), s.now),
        "published published trusted proven active retiring untrusted gone",
    ),
    (|s| s.document.with_trusted(&key_id(1), s.now), "- trusted trusted proven active retiring - -"),
    (|s| s.document.with_proven(&key_id(1), s.now), "- - proven proven - - - -"),
    (|s| s.document.with_successor_active(&key_id(1), &s.settings, s.now), "- - - active active - - -"),
    (|s| s.document.with_cookie_life(&key_id(1), &s.settings), "- - - - active retiring - -"),
    (
        |s| s.document.with_given_up(&key_id(1), s.now),
        "untrusted untrusted untrusted untrusted - retiring untrusted gone",
    ),
    (|s| s.document.with_untrusted(&key_id(1), s.now), "- - - - - untrusted untrusted -"),
    (|s| s.document.with_gone(&key_id(1), s.now), "- - - - - gone gone gone"),
    (
        |s| s.document.with_revoked(&key_id(1), &s.settings, s.now),
        "untrusted untrusted untrusted untrusted - untrusted untrusted gone",
    ),
];

fn id(text: &str) -> KeyPairId {
    text.parse().unwrap()
}

#[test]
fn every_transition_takes_the_states_that_it_follows_from_and_no_other() {
    for (number, (transition, expected)) in TRANSITIONS.iter().enumerate() {
        let after = b_in_every_state().map(|scene| match transition(scene) {
            Ok(document) => document.entry(&key_id(1)).unwrap().state().to_string(),
            Err(_) => "-".to_owned(),
        });
        assert_eq!(after.join(" "), *expected, "transition {number}");
    }
}

#[test]
fn a_transition_that_is_repeated_changes_nothing() {
    for (number, (transition, _)) in TRANSITIONS.iter().enumerate() {
        for scene in b_in_every_state() {
            let Ok(once) = transition(scene.clone()) else { continue };
            let twice = transition(Scene { document: once.clone(), ..scene.later(60) }).unwrap();
            assert_eq!(once, twice, "transition {number}");
        }
    }
}

fn refused(result: Result<Document, DocumentError>, expected: &str) {
    assert_eq!(named(&result.unwrap_err().to_string()), expected);
}

#[test]
fn refusals_say_what_to_do() {
    let scene = Scene::rotating();
    refused(
        scene.document.clone().with_revoked(&key_id(0), &scene.settings, scene.now),
        "key A signs all cookies, and without a proven successor nothing could sign: run `edgemint keys rotate`, and \
         `edgemint keys revoke A` once the new key is active or its state is `proven`",
    );
    refused(
        Scene::settled().document.with_rollback(&scene.remote, &scene.settings, scene.now),
        "there is no way back: no successor is on its way, and the key group has no key that signed before the active \
         one; `edgemint keys rotate` makes a new key instead",
    );
    let rotated = Scene::rotating().done(4).not_member("KA");
    refused(
        rotated.document.with_rollback(&rotated.remote, &rotated.settings, rotated.now),
        "there is no way back: no successor is on its way, and the key group has no key that signed before the active \
         one; `edgemint keys rotate` makes a new key instead",
    );
    refused(
        Scene::rotating().done(1).document.with_published(&key_id(1), &id("KX"), scene.now),
        "key B is in CloudFront as Key-Pair-Id KB, and KX was to be recorded for it: keep the first, and delete KX in \
         CloudFront",
    );
    refused(
        scene.document.clone().with_published(&key_id(1), &id("KA"), scene.now),
        "Key-Pair-Id KA belongs to key A already: CloudFront gives every public key its own, so take the other key's \
         from there",
    );
    refused(
        scene.document.clone().with_proven(&key_id(1), scene.now),
        "key B is in state `generated`, from which it does not become `proven`: if something else changed the keyring, \
         run `edgemint keys advance` again",
    );
    refused(
        scene.document.with_proven(&key_id(7), scene.now),
        &format!("there is no key {}: `edgemint keys list` shows those that there are", key_id(7)),
    );
}

#[test]
fn the_active_key_is_revoked_by_its_proven_successor_only() {
    for (scene, state) in b_in_every_state().into_iter().take(4).zip(0..) {
        let revoked = scene.document.with_revoked(&key_id(0), &scene.settings, scene.now);
        assert_eq!(revoked.is_ok(), state == 3, "B is in state {state}");
        if let Ok(document) = revoked {
            assert_eq!(document.active().unwrap().id(), &key_id(1));
            assert_eq!(document.entry(&key_id(0)).unwrap().state(), State::Untrusted);
        }
    }
}

#[test]
fn a_clock_that_is_set_back_begins_no_state_earlier() {
    let rotated = Scene::rotating().done(3).later(-7200).done(1);
    for number in [0, 1] {
        let entry = rotated.document.entry(&key_id(number)).unwrap();
        assert_eq!(entry.state_since(), rotated.now + time::Duration::seconds(7200));
    }
}

#[test]
fn what_is_noted_is_written_and_read() {
    let json = Scene::rotating().done(4).document.to_json().unwrap();
    assert!(json.contains(r#""cookies_until": "2027-01-15T09:01:30Z""#), "{json}");
    assert!(json.contains(r#""cookie_life": 3660"#), "{json}");
    let read = Document::parse(json.as_bytes()).unwrap();
    assert_eq!(read.to_json().unwrap(), json);
    for wrong in [json.replace("2027-01-15T09:01:30Z", "tomorrow"), json.replace("3660", "-1")] {
        assert!(Document::parse(wrong.as_bytes()).is_err());
    }
    // A key that was given up before it was published has no Key-Pair-Id; one that is published has.
    let given_up = Scene::rotating().rolled_back().document.to_json().unwrap();
    assert!(Document::parse(given_up.as_bytes()).is_ok());
    assert!(Document::parse(given_up.replace("untrusted", "published").as_bytes()).is_err());
}
