//! Plans as `keys plan` shows them: A, B and C stand for the keys in the order in which they were made.

use super::scene::Scene;

const PUBLISH_B: &str =
    "create the public key of B in CloudFront (it is to sign next, and CloudFront does not know it)";
const TRUST_B: &str =
    "put B into the key group (the edge has to know a key before anything is signed with it)";
const PROVE_B: &str =
    "see that the edge accepts B (nothing tells when every edge knows a key, so it is tried out)";
const B_SIGNS: &str = "let B sign (the edge accepts it, and A can retire)";
const WAIT_FOR_A: &str = "wait until 2027-01-15T09:06:30Z (until then cookies that A signed may be in use)";
const A_IS_DUE: &str =
    "take A out of the key group (no cookie that it signed can be in use since 2027-01-15T09:06:30Z)";

fn delete(key: &str) -> String {
    format!(
        "see that the edge refuses {key}, then delete its public key from CloudFront \
         (no key group names it, and an account has room for few public keys)"
    )
}

fn shows(scene: &Scene, expected: &[&str]) {
    assert_eq!(scene.text(), expected.join("\n"));
}

/// A signs, B did and is proven; A retires.
fn rotated() -> Scene {
    Scene::rotating().done(4)
}

#[test]
fn a_settled_keyring_needs_nothing() {
    shows(&Scene::settled(), &[]);
    shows(&Scene::rotating().done(7), &[]);
}

#[test]
fn the_first_deployment_is_a_rotation_without_a_key_before() {
    let expected = [
        "create the public key of A in CloudFront (it is to sign next, and CloudFront does not know it)",
        "put A into the key group (the edge has to know a key before anything is signed with it)",
        "see that the edge accepts A (nothing tells when every edge knows a key, so it is tried out)",
        "let A sign (the edge accepts it, and no key signs yet)",
    ];
    let scene = Scene::empty().generated(0);
    shows(&scene, &expected);
    shows(&scene.done(4), &[]);
}

#[test]
fn a_rotation_is_seen_to_its_end_from_wherever_it_is() {
    let delete_a = delete("A");
    let expected = [PUBLISH_B, TRUST_B, PROVE_B, B_SIGNS, WAIT_FOR_A, A_IS_DUE, &delete_a];
    for done in 0..=expected.len() {
        shows(&Scene::rotating().done(done), &expected[done..]);
    }
}

#[test]
fn what_is_there_already_is_taken_over() {
    let delete_a = delete("A");
    let adopt = "record that CloudFront knows B as KX (its public key is in CloudFront already, made by an earlier \
                 run or by hand, and one is enough)";
    let there = Scene::rotating().uploaded(Some(1), "KX");
    shows(&there, &[adopt, TRUST_B, PROVE_B, B_SIGNS, WAIT_FOR_A, A_IS_DUE, &delete_a]);
    let only_record =
        "put B into the key group (the key group names it already, and only that is to be recorded)";
    let rest = [only_record, PROVE_B, B_SIGNS, WAIT_FOR_A, A_IS_DUE, &delete_a];
    shows(&there.member("KX").done(1), &rest);
    // Of two, the one that the key group names.
    let twice = Scene::rotating().uploaded(Some(1), "KW").uploaded(Some(1), "KX").member("KX");
    shows(&twice, &[&[adopt][..], &rest].concat());
}

#[test]
fn an_imported_key_is_a_successor() {
    let delete_a = delete("A");
    shows(&Scene::settled().imported(1, "KB"), &[PROVE_B, B_SIGNS, WAIT_FOR_A, A_IS_DUE, &delete_a]);
}

#[test]
fn the_newest_successor_goes_on_alone() {
    let text = Scene::rotating().done(2).generated(2).text();
    let expected = [
        "give B up (C is newer and is to sign next)",
        "take B out of the key group (it is revoked or given up, and the key group still names it)",
        "create the public key of C in CloudFront (it is to sign next, and CloudFront does not know it)",
    ];
    assert!(text.starts_with(&expected.join("\n")), "{text}");
    assert!(text.contains(&delete("B")), "{text}");
}

#[test]
fn a_successor_that_is_rolled_back_leaves_at_once() {
    let forget = "record that CloudFront has no public key of B (CloudFront has no public key of it)";
    shows(&Scene::rotating().rolled_back(), &[forget]);
    shows(&Scene::rotating().done(1).rolled_back(), &[&delete("B")]);
    let out = "take B out of the key group (it is revoked or given up, and the key group still names it)";
    for done in [2, 3] {
        shows(&Scene::rotating().done(done).rolled_back(), &[out, &delete("B")]);
    }
    // Somebody uploaded it and put it in, too.
    let by_hand = Scene::rotating().rolled_back().uploaded(Some(1), "KB").member("KB");
    let adopt = "record that CloudFront knows B as KB (its public key is in CloudFront already, made by an earlier \
                 run or by hand, and one is enough)";
    shows(&by_hand, &[adopt, out, &delete("B")]);
    // Its creation was on its way when it was given up.
    let late = Scene::rotating().rolled_back().done(1).uploaded(Some(1), "KB");
    shows(&late, &[adopt, &delete("B")]);
}

#[test]
fn the_key_before_signs_again_once_it_is_proven_again() {
    let back = rotated().later(60).rolled_back();
    let delete_b = delete("B");
    let expected = [
        "see that the edge accepts A (nothing tells when every edge knows a key, so it is tried out)",
        "let A sign (the edge accepts it, and B can retire)",
        "wait until 2027-01-15T09:07:30Z (until then cookies that B signed may be in use)",
        "take B out of the key group (no cookie that it signed can be in use since 2027-01-15T09:07:30Z)",
        &delete_b,
    ];
    shows(&back, &expected);
    // Back and forth: A signed, so it keeps its time.
    shows(
        &back.rolled_back(),
        &[&WAIT_FOR_A.replace("09:06", "09:07"), &A_IS_DUE.replace("09:06", "09:07"), &delete("A")],
    );
}

#[test]
fn a_revoked_key_leaves_first() {
    let out = "take A out of the key group (it is revoked or given up, and the key group still names it)";
    shows(&rotated().revoked(0), &[out, &delete("A")]);
    shows(&Scene::rotating().done(3).revoked(0), &[out, &delete("A")]);
    let both = rotated().generated(2).revoked(0).text();
    assert!(both.starts_with(out), "{both}");
}

#[test]
fn without_room_nothing_is_begun() {
    let rest = "(what comes after it is not begun, and all else goes on)";
    let group = "stop: the key group has 5 of at most 5 keys (4 of them not of this keyring) and none is about to \
                 leave: take a key out that nobody signs with, or raise the quota";
    shows(&Scene::rotating().foreign(4, 4), &[&format!("{group} {rest}")]);
    shows(&Scene::rotating().done(1).foreign(4, 4), &[&format!("{group} {rest}")]);
    let account = "stop: the account has 10 of at most 10 public keys and none is about to be deleted: delete a \
                   public key in CloudFront that no key group names, or raise the quota";
    shows(&Scene::rotating().foreign(9, 0), &[&format!("{account} {rest}")]);
}

#[test]
fn where_waiting_makes_room_it_waits() {
    let text = rotated().later(60).generated(2).foreign(3, 3).text();
    let lines: Vec<&str> = text.lines().collect();
    let wait = "wait until 2027-01-15T09:06:30Z (until then cookies that A signed may be in use; then there is room for C)";
    assert_eq!(lines[..2], [wait, A_IS_DUE], "{text}");
    assert!(lines[2].starts_with("create the public key of C"), "{text}");
    // The account has no room before the public key is deleted too.
    let text = rotated().generated(2).foreign(8, 0).text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1..3], [A_IS_DUE, &delete("A")], "{text}");
    assert!(lines[3].starts_with("create the public key of C"), "{text}");
}

#[test]
fn a_key_that_cookies_need_is_put_back_at_once() {
    let active = "put A into the key group (it signs all cookies, and the key group does not name it, so the edge refuses them)";
    shows(&Scene::settled().not_member("KA"), &[active]);
    let text = Scene::rotating().not_member("KA").text();
    assert!(text.starts_with(active), "before the rotation goes on: {text}");
    let retiring = "put A into the key group (cookies that it signed are in use until 2027-01-15T09:06:30Z, and the key \
                    group does not name it, so the edge refuses them)";
    shows(&rotated().not_member("KA"), &[retiring, WAIT_FOR_A, A_IS_DUE, &delete("A")]);
    // Not once its time is over.
    shows(&rotated().not_member("KA").later(3990), &[A_IS_DUE, &delete("A")]);
}

#[test]
fn the_only_key_of_a_group_leaves_it_once_another_is_in() {
    let out = "take A out of the key group (it is revoked or given up, and the key group still names it)";
    let back = "put B into the key group (it signs all cookies, and the key group does not name it, so the edge refuses them)";
    shows(&rotated().not_member("KB").revoked(0), &[back, out, &delete("A")]);
    // Nobody else is in, and nobody comes.
    let alone = Scene::empty().generated(0).done(2).revoked(0);
    let text = alone.text();
    assert!(text.starts_with("stop: no key signs and none is on its way"), "{text}");
    assert!(
        text.lines().nth(1).unwrap().contains("the public key of A, is the only one in the key group"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 2, "{text}");
    let text = alone.generated(1).text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1..4], [TRUST_B, out, PROVE_B], "{text}");
}

#[test]
fn a_public_key_that_was_deleted_by_hand_is_not_waited_for() {
    let gone = "record that CloudFront has no public key of A (CloudFront has no public key of it, so nothing that it \
                signed is accepted)";
    shows(&rotated().not_member("KA").deleted("KA"), &[gone]);
    let active = "stop: KA, the public key of the active key A, is not in CloudFront, so every cookie is refused: if no \
                  successor is on its way, run `edgemint keys rotate` now (only another key can sign what the edge \
                  accepts)";
    shows(&Scene::settled().not_member("KA").deleted("KA"), &[active]);
    let on_its_way = Scene::rotating().not_member("KA").deleted("KA").text();
    assert!(on_its_way.starts_with(PUBLISH_B), "{on_its_way}");
    let rest = "run `edgemint keys rotate` for another successor, or `edgemint keys rollback` to stay (what comes after \
                it is not begun, and all else goes on)";
    let vanished = format!(
        "stop: KB, the public key of the successor B, is not in CloudFront any more, and CloudFront gives no id twice: {rest}"
    );
    shows(&Scene::rotating().done(1).deleted("KB"), &[&vanished]);
    let taken_out = format!(
        "stop: KB, the public key of the successor B, was taken out of the key group by hand, and put back it would \
         prove nothing: {rest}"
    );
    for done in [2, 3] {
        shows(&Scene::rotating().done(done).not_member("KB"), &[&taken_out]);
    }
}

#[test]
fn an_id_that_is_somebody_elses_is_not_touched() {
    let other = "stop: KA in CloudFront is not the public key of A, as keyring.json says: what A signs is refused, so run \
                 `edgemint keys rotate` for a key with an id of its own (what comes after it is not begun, and all else \
                 goes on)";
    let active = Scene::settled().deleted("KA").uploaded(None, "KA");
    shows(&active, &[other]);
    let text = active.generated(1).text();
    assert!(
        text.ends_with(
            "record that CloudFront has no public key of A (CloudFront has no public key of it, so \
                            nothing that it signed is accepted)"
        ),
        "{text}"
    );
    assert!(!text.contains("take A out") && !text.contains("refuses A"), "{text}");
    // The id of B was recorded for A.
    let swapped = Scene::rotating().deleted("KA").uploaded(Some(1), "KA");
    shows(&swapped, &[other]);
}

#[test]
fn what_is_missing_altogether_is_said() {
    let no_key = "stop: no key signs and none is on its way: run `edgemint keys rotate` to make one";
    assert!(Scene::empty().text().starts_with(no_key));
    let mut scene = Scene::rotating();
    scene.remote.key_group = None;
    let no_group =
        "stop: there is no such key group: create it in CloudFront, or correct `rotation.key_group`";
    assert!(scene.text().starts_with(no_group), "{}", scene.text());
    assert_eq!(scene.text().lines().count(), 1);
}

#[test]
fn lifetimes_that_grew_are_noted_and_those_that_shrank_change_nothing() {
    let mut scene = rotated();
    scene.settings.longest_lifetime *= 2;
    let lines: Vec<String> = scene.text().lines().take(3).map(str::to_owned).collect();
    for (line, key) in lines.iter().zip(["A", "B"]) {
        let expected = format!(
            "record that cookies by {key} live up to 2h 1m (so that the key group keeps it long enough even if lifetimes \
             are shortened later)"
        );
        assert_eq!(*line, expected);
    }
    assert!(lines[2].starts_with("wait until 2027-01-15T10:06:30Z"), "{lines:?}");
    let mut noted = scene.done(2);
    noted.settings.longest_lifetime /= 4;
    let text = noted.text();
    assert!(text.starts_with("wait until 2027-01-15T10:06:30Z"), "{text}");
}

#[test]
fn a_wait_that_a_wrong_clock_made_long_says_so() {
    let wait = "wait until 2027-01-15T09:06:30Z (until then cookies that A signed may be in use; that is longer than the \
                lifetimes of today ask for, so they were longer, or a clock is or was wrong: if no such cookie can be left, \
                `edgemint keys revoke A` ends the wait)";
    shows(&rotated().later(-86_400), &[wait, A_IS_DUE, &delete("A")]);
}
