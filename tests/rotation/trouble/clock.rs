//! Somebody sets the clock between two runs.

use crate::programs::needs;
use crate::support::{OLD, Ran, Stage, Start, behind};

/// Runs a command on a machine whose clock is this much off.
fn run_at(stage: &Stage, offset: &str, arguments: &[&str]) -> Ran {
    let mut command = behind("faketime", &["-f", offset], &stage.place.command(arguments));
    // Timers go by another clock, which nobody sets.
    Ran::from(command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").output().unwrap())
}

#[test]
fn a_clock_that_was_set_back_lets_no_key_go() {
    needs!("faketime");
    let stage = Start::new().stage();
    stage.place.rotate(&[]).leaves_more();
    let ran = run_at(&stage, "-1d", &["keys", "advance"]);
    assert_eq!(ran.leaves_more().story(), ["remains"]);
    assert!(stage.double.key_group().contains(&OLD.to_owned()));
    stage.holds("the clock is back");
    stage.ends("the clock is right");
}

#[test]
fn a_clock_that_was_ahead_makes_the_wait_longer_and_revoking_ends_it() {
    needs!("faketime");
    let stage = Start::new().stage();
    let edge = "faketime moves the probe's cookies too, and those of tomorrow are let in today";
    assert_eq!(run_at(&stage, "+1d", &["keys", "rotate"]).code, Some(3), "{edge}");
    let ran = stage.place.advance();
    assert_eq!(ran.leaves_more().story(), ["remains"]);
    stage.holds("the clock was ahead");
    let text = stage.place.run(&["keys", "plan"]).stdout;
    assert!(text.contains(&format!("edgemint keys revoke {}", stage.old)), "{text}");
    stage.place.run(&["keys", "revoke", &stage.old]).finishes();
    stage.has_ended("the old key is revoked");
}

#[test]
fn a_clock_that_is_behind_proves_nothing() {
    needs!("faketime");
    let mut stage = Start::new().stage();
    stage.place.set("proof_deadline", "\"1s\"");
    // What it signs has expired when it gets to the edge.
    let ran = run_at(&stage, "-1d", &["keys", "rotate", "--wait"]);
    ran.is_refused(&["has not let the new key in", "403 AccessDenied", "clock"]);
    assert_eq!(stage.place.states(), ["active", "trusted"]);
    stage.place.set("proof_deadline", "\"20s\"");
    stage.ends("the clock is right");
}
