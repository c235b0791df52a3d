use std::process::Stdio;

use edgemint::keyring::{KeyringError, Phase, SecretError, Store};

use super::aws::Aws;
use crate::support::now;
use crate::writing::{record, rotates};

/// Tells a process of these tests, which has the credentials, what to work on.
const STORE: &str = "EDGEMINT_TEST_STORE";

/// Runs a test of this file again, in a process that finds credentials as edgemint does.
fn again(aws: &Aws, test: &str) {
    let mut command = aws.program(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("secrets_manager::rotating::{test}"), "--nocapture"])
        .env(STORE, &aws.store);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn store() -> Option<Store> {
    let location = std::env::var(STORE).ok()?.parse().unwrap();
    Some(now(Store::open(location)).unwrap())
}

#[test]
fn a_secret_is_rotated() {
    if let Some(store) = store() {
        return now(rotates(&store));
    }
    let Some((aws, id)) = Aws::with_key(&[]) else { return };
    again(&aws, "a_secret_is_rotated");
    let files = aws.files();
    assert_eq!(files["journal.jsonl"].as_str().unwrap().lines().count(), 3);
    assert!(!files.contains_key(&format!("{id}.pem")), "boto3 sees it gone");
}

#[test]
fn of_two_rotators_the_second_stops_at_its_intent() {
    if let Some(store) = store() {
        return now(two_rotators(&store));
    }
    let Some((aws, _)) = Aws::with_key(&[]) else { return };
    again(&aws, "of_two_rotators_the_second_stops_at_its_intent");
    assert_eq!(aws.files()["journal.jsonl"].as_str().unwrap().lines().count(), 2);
}

async fn two_rotators(store: &Store) {
    let (mut first, mut second) = (store.lock().await.unwrap(), store.lock().await.unwrap());
    let key = first.view().document().unwrap().entries()[0].id().clone();
    first.record(record(1, &key, "publish", Phase::Intent)).await.unwrap();
    for _ in 0..2 {
        let refused = second.record(record(1, &key, "publish", Phase::Intent)).await.unwrap_err();
        assert!(matches!(refused, KeyringError::Secret(SecretError::Changed { .. })), "{refused}");
    }
    first.record(record(2, &key, "publish", Phase::Done)).await.unwrap();
}
