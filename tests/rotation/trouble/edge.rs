//! The canary is down, or the edge does not do what it should.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use crate::support::{OLD, Stage, Start};

/// A rotation whose proof fails: the old key signs on, and the message and the output say where it stands and how to
/// go on. With the canary put right it is gone on with.
fn fails_in_the_proof(canary: SocketAddr, words: &[&str]) {
    let mut stage = Start::new().stage();
    let right = format!("\"http://{}/podcasts/canary.txt\"", stage.double.edge);
    stage.place.set("canary", format!("\"http://{canary}/podcasts/canary.txt\""));
    stage.place.set("proof_deadline", "\"1s\"");
    stands_after_a_failure(&stage, &["keys", "rotate", "--wait"], words);
    assert_eq!(stage.place.states(), ["active", "trusted"]);
    stage.place.set("canary", right);
    stage.place.set("proof_deadline", "\"20s\"");
    stage.ends("the canary is put right");
}

fn stands_after_a_failure(stage: &Stage, arguments: &[&str], words: &[&str]) {
    let ran = stage.place.run(arguments);
    ran.is_refused(words);
    assert_eq!(ran.last()["event"], "failed");
    assert_eq!(ran.last()["to_go_on"], "edgemint keys advance --config edgemint.toml");
    stage.holds("the proof failed");
}

/// Answers every request with this; an empty answer never comes.
fn answering(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            if answer.is_empty() {
                held.push(stream);
            } else {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    address
}

#[test]
fn a_canary_that_nobody_serves_lets_no_key_sign() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fails_in_the_proof(nobody, &["has not let the new key in", "refused"]);
}

#[test]
fn a_canary_that_answers_with_server_errors_lets_no_key_sign() {
    let down =
        answering("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    fails_in_the_proof(down, &["has not let the new key in", "503"]);
}

#[test]
fn a_canary_that_never_answers_lets_no_key_sign() {
    fails_in_the_proof(answering(""), &["has not let the new key in", "nothing within 10 s"]);
}

#[test]
fn a_canary_that_leads_elsewhere_lets_no_key_sign() {
    let away =
        answering("HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    fails_in_the_proof(away, &["302"]);
}

#[test]
fn an_old_key_that_the_edge_still_lets_in_is_not_deleted() {
    let mut stage = Start::new().stage_with("4s");
    stage.place.rotate(&[]).leaves_more();
    stage.place.set("proof_deadline", "\"1s\"");
    stands_after_a_failure(&stage, &["keys", "advance", "--wait"], &["refuse"]);
    assert_eq!(stage.place.states(), ["untrusted", "active"]);
    assert!(stage.key_pair_ids().contains(OLD));
    stage.place.set("proof_deadline", "\"20s\"");
    stage.ends("the edge has heard");
}
