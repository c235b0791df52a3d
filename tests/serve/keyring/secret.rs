//! A keyring in Secrets Manager, of which no file tells when it changes. The other side is a few lines of this test;
//! `tests/keys/secrets_manager` asks moto's server.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::changes::{REPLACED, assert_mints_with, wait_for_lines};
use super::metrics::METRICS;
use crate::support::{Key, Reply, Service, Setup, Upstream, document, wait_for};

/// GetSecretValue's answer of a keyring with these keys in these states.
fn secret(version: u32, keys: &[(&Key, &str)]) -> Reply {
    let mut members = serde_json::Map::new();
    for (key, _) in keys {
        members.insert(key.file(), Value::from(key.pem.as_str()));
    }
    let entries: Vec<_> = keys.iter().map(|(key, state)| key.entry(state)).collect();
    members.insert("keyring.json".to_owned(), Value::from(document(&entries)));
    answer(version, &Value::from(members).to_string())
}

fn answer(version: u32, text: &str) -> Reply {
    Reply::json(json!({
        "ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:podcasts/keys-AbCdEf",
        "Name": "podcasts/keys",
        "VersionId": format!("00000000-0000-4000-8000-{version:012}"),
        "SecretString": text,
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": 1_790_000_000,
    }))
}

fn refusal(status: &str, code: &str) -> Reply {
    Reply::new(status, "Content-Type: application/x-amz-json-1.1\r\n", &json!({"__type": code}).to_string())
}

/// A service whose keyring is there, and a key that it does not have yet.
fn start(poll: &'static str, aws: &Upstream, first: &Key) -> Service {
    let setup = Setup::new().section(poll).section(METRICS);
    // Nothing may be read from there.
    fs::remove_dir_all(setup.path("keys")).unwrap();
    aws.say(secret(1, &[(first, "active")]));
    let mut command = setup.serve();
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", aws.url("/")).env("AWS_REGION", "eu-west-1");
    command.env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", "s3cret-of-aws-in-this-test");
    let log = tempfile::NamedTempFile::new().unwrap();
    command.stderr(log.reopen().unwrap());
    Service::spawn(setup, command, log)
}

const STORE: &str = "[keyring]\nstore = \"secretsmanager:podcasts/keys\"\n";

#[test]
fn it_is_polled_and_what_is_wrong_with_it_keeps_the_old_key_signing() {
    let aws = Upstream::saying(Reply::Never);
    let [first, mut next] = [Key::ecdsa("KFIRST"), Key::new("rsa-2048", "sha256", "KNEXT")];
    let service = start(Box::leak(format!("{STORE}poll = \"1s\"\n").into_boxed_str()), &aws, &first);
    assert_mints_with(&service, &first);
    let mut old = first;
    for (version, (bad, code)) in (2..).zip([
        (refusal("400 Bad Request", "ResourceNotFoundException"), "secret_refused"),
        (refusal("400 Bad Request", "AccessDeniedException"), "secret_refused"),
        (answer(7, "not JSON"), "secret_refused"),
        (answer(8, "{}"), "no_keyring"),
        (secret(9, &[(&old, "retiring")]), "no_active_key"),
    ]) {
        aws.say(bad);
        service.wait_until_it_refuses(code);
        assert_mints_with(&service, &old);
        aws.say(secret(version, &[(&old, "retiring"), (&next, "active")]));
        service.wait_until_it_signs_with(&next);
        service.wait_until_its_keyring_is_in_order();
        assert_mints_with(&service, &next);
        std::mem::swap(&mut old, &mut next);
    }
    wait_for_lines(&service, REPLACED, 5);
    for key in [&old, &next] {
        assert!(!service.log().contains(key.pem.lines().nth(1).unwrap()), "a key is in the log");
    }
}

#[test]
fn it_is_asked_at_sighup_and_while_it_does_not_answer_all_else_goes_on() {
    let aws = Upstream::saying(Reply::Never);
    let [first, next] = [Key::ecdsa("KFIRST"), Key::ecdsa("KNEXT")];
    let mut service = start(Box::leak(format!("{STORE}poll = \"10m\"\n").into_boxed_str()), &aws, &first);
    aws.say(secret(2, &[(&first, "retiring"), (&next, "active")]));
    service.signal(Signal::HUP);
    service.wait_until_it_signs_with(&next);

    aws.say(Reply::Never);
    let asked = aws.count();
    service.signal(Signal::HUP);
    aws.wait_for_requests(asked + 1);
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        assert_mints_with(&service, &next);
        assert_eq!(service.scrape().status, 200);
    }
    wait_for("it to be given up", || service.keyring().get("failed").is_some());
    assert_mints_with(&service, &next);
    service.signal(Signal::HUP);
    aws.wait_for_requests(asked + 2);
    // Nor does it hold the stop up.
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(60));
}
