use std::sync::mpsc;
use std::time::Duration;

use serde_json::json;

use super::aws::{Aws, ran, told};
use super::proxy::Fault;
use crate::support::{Place, Ran};

/// Longer than any command takes.
const DEADLINE: Duration = Duration::from_secs(60);

const CHANGED: &str = "was changed meanwhile by another";

#[test]
fn one_of_many_parallel_inits_wins() {
    let Some(aws) = Aws::new() else { return };
    let init = || aws.command(&["keys", "init", "--algorithm", "ecdsa-p256"]).spawn().unwrap();
    let children: Vec<_> = (0..6).map(|_| init()).collect();
    let ran: Vec<Ran> = children.into_iter().map(told).collect();
    let (won, lost): (Vec<&Ran>, Vec<&Ran>) = ran.iter().partition(|ran| ran.code == Some(0));
    assert_eq!(won.len(), 1);
    for ran in lost {
        ran.is_refusal(&[]);
        let reason = [CHANGED, "there is a keyring in"];
        assert!(reason.iter().any(|reason| ran.stderr.contains(reason)), "{}", ran.stderr);
    }
    let id = aws.ids().remove(0);
    assert_eq!(aws.succeeds(&["keys", "public", &id]).stdout, won[0].stdout);
    assert_eq!(aws.files().len(), 2);
}

#[test]
fn of_parallel_imports_none_is_lost_in_silence() {
    let Some((aws, first)) = Aws::with_key(&["--key-pair-id", "K0"]) else { return };
    let others: Vec<_> = (0..5).map(|_| Place::with_key(&[])).collect();
    let children: Vec<_> = others
        .iter()
        .enumerate()
        .map(|(index, (place, id))| {
            let (pem, key_pair_id) = (place.pem(id), format!("K{}", index + 1));
            aws.command(&["keys", "import", pem.to_str().unwrap(), "--key-pair-id", &key_pair_id])
                .spawn()
                .unwrap()
        })
        .collect();
    let ran: Vec<Ran> = children.into_iter().map(told).collect();
    let mut expected = vec![first];
    for ((_, id), ran) in others.iter().zip(&ran) {
        match ran.code {
            Some(0) => expected.push(id.clone()),
            _ => ran.is_refusal(&[CHANGED, "run this again"]),
        }
    }
    assert!(expected.len() > 1, "one must win");
    let mut found = aws.ids();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

/// The first writer has put its version and has not made it current yet; then the second comes and goes.
#[test]
fn a_writer_who_comes_second_is_told() {
    let Some((aws, id)) = Aws::with_key(&[]) else { return };
    let (other, second) = Place::with_key(&[]);
    let (heard, held) = mpsc::channel();
    aws.on("UpdateSecretVersionStage", Fault::Hold(heard));
    let slow = aws.command(&["keys", "activate", &id, "--key-pair-id", "K1"]).spawn().unwrap();
    held.recv_timeout(DEADLINE).unwrap();
    aws.without_faults();
    aws.succeeds(&["keys", "import", other.pem(&second).to_str().unwrap(), "--key-pair-id", "K2"]);
    let after = aws.current();
    // Its request is lost, and it asks again.
    told(slow).is_refusal(&[CHANGED, "run this again"]);
    assert_eq!(aws.current(), after);
    assert_eq!(aws.ids(), [id, second]);
}

#[test]
fn killed_between_the_new_version_and_its_label_nothing_is_lost() {
    let Some((aws, id)) = Aws::with_key(&[]) else { return };
    let before = aws.current();
    let activate = ["keys", "activate", &id, "--key-pair-id", "K1"];
    for action in ["PutSecretValue", "UpdateSecretVersionStage"] {
        let (heard, held) = mpsc::channel();
        aws.on(action, Fault::Hold(heard));
        let mut child = aws.command(&activate).spawn().unwrap();
        held.recv_timeout(DEADLINE).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        aws.without_faults();
        assert_eq!(aws.current(), before, "{action}");
    }
    let (heard, held) = mpsc::channel();
    aws.on("PutSecretValue", Fault::HoldAnswer(heard));
    let mut child = aws.command(&activate).spawn().unwrap();
    held.recv_timeout(DEADLINE).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    aws.without_faults();
    let versions =
        aws.boto("describe_secret", &json!({ "SecretId": aws.secret }))["VersionIdsToStages"].clone();
    let pending = |versions: &serde_json::Value| {
        let labelled =
            |stages: &serde_json::Value| stages.as_array().unwrap().contains(&"EDGEMINT-PENDING".into());
        versions.as_object().unwrap().values().filter(|stages| labelled(stages)).count()
    };
    assert_eq!(pending(&versions), 1, "{versions}");
    assert_eq!(aws.current(), before);

    aws.succeeds(&activate);
    assert_eq!(aws.listing()["keys"][0]["state"], "active");
    assert_eq!(aws.files().len(), 2);
}

#[test]
fn killed_before_the_answer_of_the_last_step_the_change_is_there() {
    let Some((aws, id)) = Aws::with_key(&[]) else { return };
    let activate = ["keys", "activate", &id, "--key-pair-id", "K1"];
    let (heard, held) = mpsc::channel();
    aws.on("UpdateSecretVersionStage", Fault::HoldAnswer(heard));
    let mut child = aws.command(&activate).spawn().unwrap();
    held.recv_timeout(DEADLINE).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    aws.without_faults();
    assert_eq!(aws.listing()["keys"][0]["state"], "active");
    ran(&mut aws.command(&activate)).is_refusal(&["`active`"]);
}
