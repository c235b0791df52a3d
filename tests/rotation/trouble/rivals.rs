//! More than one process at the same keyring.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Ran, Start, wait_for};

#[test]
fn of_many_rotators_at_once_each_does_its_part_or_is_turned_away() {
    let stage = Start::new().stage();
    let denied = json!({"answer": {"status": 403, "code": "AccessDenied"}});
    stage.double.faults(&json!([{"call": "CreatePublicKey", "fault": denied}]));
    stage.place.rotate(&[]).is_refused(&["CreatePublicKey"]);
    wait_for("one of many that comes to the end", || {
        // Each is made before one starts: making a command writes the configuration.
        let mut commands: Vec<_> = (0..6).map(|_| stage.place.command(&["keys", "advance"])).collect();
        let spawn =
            |command: &mut Command| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let children: Vec<_> = commands.iter_mut().map(spawn).collect();
        let ran: Vec<Ran> =
            children.into_iter().map(|child| Ran::from(child.wait_with_output().unwrap())).collect();
        for ran in ran.iter().filter(|ran| ran.code == Some(2)) {
            ran.is_refused(&["another edgemint is changing the keyring", "run this again"]);
        }
        ran.iter().any(|ran| ran.code == Some(0))
    });
    stage.has_ended("many rotators");
}
