//! What an operator reads, word for word. Keys, times and spans have names in the place of their values.

use super::support::{Double, Place, normal_form};

#[track_caller]
fn reads(place: &Place, text: &str, expected: &str) {
    let found = normal_form(text, place);
    assert!(found == expected, "found:\n{found}\nexpected:\n{expected}");
}

#[test]
fn a_rotation_tells_every_step_and_why() {
    let double = Double::start();
    let place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let ran = place.rotate(&["--wait", "--progress", "text"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    reads(
        &place,
        &ran.stdout,
        "\
CLOCK key key-2 is made (ecdsa-p256, sha1): it is to sign next
CLOCK create the public key of key-2 in CloudFront
             because it is to sign next, and CloudFront does not know it
CLOCK done: it is K-2
CLOCK put key-2 into the key group
             because the edge has to know a key before anything is signed with it
CLOCK done
CLOCK see that the edge accepts key-2
             because nothing tells when every edge knows a key, so it is tried out
CLOCK the edge answers 200 (1 of 4 in a row)
CLOCK the edge answers 200 (4 of 4 in a row)
CLOCK done
CLOCK let key-2 sign
             because the edge accepts it, and key-1 can retire
CLOCK done
CLOCK waiting until TIME (in SPAN): until then cookies that key-1 signed may be in use
CLOCK take key-1 out of the key group
             because no cookie that it signed can be in use since TIME
CLOCK done
CLOCK see that the edge refuses key-1, then delete its public key from CloudFront
             because no key group names it, and an account has room for few public keys
CLOCK the edge answers 403 InvalidKey (1 of 4 in a row)
CLOCK the edge answers 403 InvalidKey (4 of 4 in a row)
CLOCK done
CLOCK the private key of key-1 is deleted from the keyring
CLOCK nothing remains to be done; key key-2 (K-2) signs
",
    );
}

#[test]
fn status_says_what_happens_next_to_each_key_and_when() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    let status = place.succeeds(&["keys", "status"]);
    reads(
        &place,
        &status.stdout,
        "\
ID KEY-PAIR-ID STATE SINCE AGE NEXT
key-1 K-1 active SPAN ago SPAN signs until `keys rotate`
Nothing is to be done.
",
    );
    place.set("margin", "\"9m 30s\"");
    let ran = place.rotate(&["--progress", "text"]);
    let last: Vec<&str> = ran.leaves_more().stdout.lines().rev().take(2).collect();
    reads(
        &place,
        &format!("{}\n{}", last[1], last[0]),
        "\
CLOCK next at TIME (in SPAN SPAN): until then cookies that key-1 signed may be in use
           key key-2 (K-2) signs, key key-1 is `retiring`; then, or any time, run: edgemint keys advance --config edgemint.toml
",
    );
    reads(
        &place,
        &place.succeeds(&["keys", "status"]).stdout,
        "\
ID KEY-PAIR-ID STATE SINCE AGE NEXT
key-1 K-1 retiring SPAN ago SPAN TIME (in SPAN SPAN): take key-1 out of the key group
key-2 K-2 active SPAN ago SPAN signs until `keys rotate`
Next, TIME (in SPAN SPAN): take key-1 out of the key group
  because no cookie that it signed can be in use since TIME
",
    );
}

#[test]
fn a_plan_gives_every_step_with_its_reason_and_takes_none() {
    let double = Double::start();
    let place = Place::new(&double);
    place.succeeds(&["keys", "init"]);
    let before = double.calls();
    reads(
        &place,
        &place.succeeds(&["keys", "plan"]).stdout,
        "\
1. now: create the public key of key-1 in CloudFront
   because it is to sign next, and CloudFront does not know it
2. now: put key-1 into the key group
   because the edge has to know a key before anything is signed with it
3. now: see that the edge accepts key-1
   because nothing tells when every edge knows a key, so it is tried out
4. now: let key-1 sign
   because the edge accepts it, and no key signs yet
",
    );
    assert_ne!(double.calls(), before, "CloudFront was looked at");
    assert_eq!((double.public_keys().len(), double.key_group().len()), (0, 0));
    assert_eq!(place.states(), ["generated"]);
    place.advance().finishes();
    assert_eq!(place.succeeds(&["keys", "plan"]).stdout, "Nothing is to be done.\n");
}

#[test]
fn status_and_plan_are_there_for_programs_too() {
    let double = Double::start();
    let mut place = Place::with_active_key(&double, &["--algorithm", "ecdsa-p256"]);
    place.set("margin", "\"1h\"");
    place.rotate(&[]).leaves_more();
    let json = |command: &str| -> serde_json::Value {
        serde_json::from_str(&place.succeeds(&["keys", command, "--json"]).stdout).unwrap()
    };
    let status = json("status");
    let old = &status["keys"][0];
    assert_eq!((old["state"].as_str(), old["next"]["step"].as_str()), (Some("retiring"), Some("untrust")));
    assert!(old["next"]["at"].as_str().unwrap() > old["state_since"].as_str().unwrap());
    assert_eq!(status["keys"][1]["next"], serde_json::Value::Null);
    assert_eq!(status["cloudfront_was_asked"], true);
    assert_eq!(status["next"], old["next"]);
    let steps = json("plan")["steps"].as_array().unwrap().clone();
    let names: Vec<&str> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(names, ["wait", "untrust", "delete"]);
}
