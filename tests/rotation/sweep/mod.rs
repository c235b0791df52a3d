//! A rotation dies, or fails, at every call that it makes to the disk or to CloudFront. Which calls these are is
//! counted from a rotation that goes well, not listed by hand.

mod each;
mod strace;

use rustix::process::Signal;
use serde_json::{Value, json};

use self::each::each;
use self::strace::{End, Point, failing_from, killed_before, points};
use crate::programs::needs;
use crate::support::{SecretsManager, Stage, Start, wait_for};

const ROTATE: [&str; 3] = ["keys", "rotate", "--wait"];

/// The calls of a whole rotation.
fn counted(stage: Stage) -> Vec<Point> {
    let points = points(&stage.place.command(&ROTATE));
    stage.has_ended("nothing goes wrong");
    points
}

/// The same, with the keyring in a directory.
fn counted_in_directory(start: &Start) -> Vec<Point> {
    let points = counted(start.stage());
    let of = |call: &str| points.iter().filter(|point| point.call == call).count();
    // Six steps write the keyring and the journal, four write their intent first, and ask as often: else strace
    // missed them, and the sweep would prove nothing.
    assert!(of("renameat") >= 15 && of("fsync") >= 30 && of("writev") >= 20, "{points:?}");
    points
}

fn dies_and_goes_on(stage: Stage, point: &Point) {
    let name = format!("killed before {} {} of {}", point.call, point.nth, point.of);
    match killed_before(&stage.place.command(&ROTATE), point) {
        End::Killed => {
            stage.holds(&name);
            stage.ends(&name);
        }
        // How often it wakes itself up differs from run to run, and how often it looks while it waits.
        End::Ended(ran) => {
            assert!(ran.code == Some(0) && point.nth * 10 > point.of * 9, "{name}: {ran:?}");
            stage.has_ended(&name);
        }
    }
}

#[test]
fn killed_before_any_call_a_rotation_comes_to_the_same_end() {
    needs!("strace");
    let start = Start::new();
    each(&counted_in_directory(&start), |point| dies_and_goes_on(start.stage(), point));
}

#[test]
fn killed_before_any_request_it_comes_to_the_same_end_with_the_keyring_in_a_secret() {
    needs!("strace");
    let Some(secrets) = SecretsManager::start() else { return };
    let start = Start::new();
    // Everything that changes is at the other end of a connection.
    let is_request = |point: &Point| ["writev", "sendto", "sendmsg"].contains(&point.call.as_str());
    let points: Vec<Point> =
        counted(start.stage().in_secret(&secrets)).into_iter().filter(is_request).collect();
    assert!(points.len() >= 60, "{points:?}");
    each(&points, |point| dies_and_goes_on(start.stage().in_secret(&secrets), point));
}

#[test]
fn a_disk_that_fails_from_any_write_on_stops_it_before_the_next_change() {
    needs!("strace");
    let start = Start::new();
    let is_write = |point: &Point| ["fsync", "renameat", "openat"].contains(&point.call.as_str());
    let points: Vec<Point> = counted_in_directory(&start).into_iter().filter(is_write).collect();
    each(&points, |point| {
        let name = format!("a full disk from {} {} of {} on", point.call, point.nth, point.of);
        let stage = start.stage();
        let command = stage.place.command(&ROTATE);
        let End::Ended(ran) = failing_from(&command, point, "ENOSPC") else { panic!("{name}: it died") };
        if ran.code == Some(0) {
            assert!(point.nth * 10 > point.of * 9, "{name}: {ran:?}");
        } else {
            assert!(ran.code == Some(2) && ran.stderr.contains("No space left on device"), "{name}: {ran:?}");
        }
        stage.holds(&name);
        stage.ends(&name);
    });
}

/// How many calls of the API a whole rotation makes.
fn remote_calls(start: &Start) -> usize {
    let stage = start.stage();
    assert_eq!(stage.place.run(&ROTATE).code, Some(0));
    let count = calls(&stage);
    assert!(count >= 15, "{count}");
    count
}

fn calls(stage: &Stage) -> usize {
    stage.double.calls()["calls"].as_array().unwrap().len()
}

/// A rotation that is killed once CloudFront has carried out so many calls.
fn killed_after(start: &Start, name: &str, faults: &Value, carried_out: usize) {
    let stage = start.stage();
    stage.double.faults(faults);
    let running = stage.place.start(&ROTATE);
    wait_for(name, || calls(&stage) >= carried_out);
    running.signal(Signal::KILL);
    assert_eq!(running.ends().code, None, "{name}: it ended before");
    stage.double.faults(&json!([]));
    stage.holds(name);
    stage.ends(name);
}

#[test]
fn killed_between_any_deed_and_its_answer_it_comes_to_the_same_end() {
    let start = Start::new();
    let every: Vec<usize> = (1..=remote_calls(&start)).collect();
    each(&every, |&nth| {
        let late = json!([{"from": nth, "fault": {"delay_after_ms": 600_000}}]);
        killed_after(&start, &format!("killed while call {nth} is answered"), &late, nth);
    });
}

#[test]
fn killed_after_lost_answers_it_comes_to_the_same_end() {
    let start = Start::new();
    let every: Vec<usize> = (1..=remote_calls(&start)).collect();
    each(&every, |&nth| {
        let lost = json!([{"from": nth, "times": null, "fault": "drop_after"}]);
        killed_after(&start, &format!("no answer from call {nth} on, killed after the next"), &lost, nth + 1);
    });
}

#[test]
fn an_answer_lost_at_any_call_is_overcome() {
    let start = Start::new();
    let every: Vec<usize> = (1..=remote_calls(&start)).collect();
    each(&every, |&nth| {
        let name = format!("the answer to call {nth} is lost");
        let stage = start.stage();
        stage.double.faults(&json!([{"from": nth, "fault": "drop_after"}]));
        let ran = stage.place.run(&ROTATE);
        assert_eq!(ran.code, Some(0), "{name}: {ran:?}");
        stage.has_ended(&name);
    });
}
