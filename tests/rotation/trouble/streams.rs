//! Nobody reads what a rotation says.

use std::process::Stdio;

use crate::support::Start;

#[test]
fn a_reader_of_the_output_that_went_away_stops_nothing() {
    let stage = Start::new().stage();
    for arguments in [&["keys", "rotate"][..], &["keys", "advance", "--wait"]] {
        let mut command = stage.place.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(if arguments.len() == 2 { 3 } else { 0 }));
    }
    stage.has_ended("nobody listens");
}
