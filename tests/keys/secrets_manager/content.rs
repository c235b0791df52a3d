use serde_json::{Value, json};

use super::aws::Aws;
use crate::support::Place;

#[test]
fn a_value_that_is_no_keyring_is_refused_and_never_overwritten() {
    let Some(aws) = Aws::new() else { return };
    aws.create("hunter2");
    for value in [
        "hunter2",
        "\"hunter2\"",
        "[\"hunter2\"]",
        "{\"username\":\"admin\",\"password\":\"hunter2\"}",
        "{\"hunter2\":\"\"}",
        "{\"keyring.json\":{\"keys\":\"hunter2\"}}",
        "{\"keyring.json\":null}",
        "{\"keyring.json\":\"",
    ] {
        aws.put(value);
        for command in [&["keys", "list"][..], &["keys", "init", "--algorithm", "ecdsa-p256"]] {
            let ran = aws.run(command);
            ran.is_refusal(&["does not read as a keyring", " at line 1 column ", "AWSPREVIOUS"]);
            assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
        }
        assert_eq!(aws.current().0, value);
    }
    assert_eq!(aws.calls("PutSecretValue") + aws.calls("CreateSecret"), 0);
}

#[test]
fn bytes_are_no_keyring() {
    let Some(aws) = Aws::new() else { return };
    aws.create("{}");
    aws.boto("put_secret_value", &json!({ "SecretId": aws.secret, "SecretBinary": "aHVudGVyMg==" }));
    aws.refused(&["keys", "list"], &["holds bytes (SecretBinary)"]);
    aws.refused(&["keys", "init"], &["holds bytes (SecretBinary)"]);
}

#[test]
fn an_object_without_a_document_is_an_empty_keyring() {
    let Some(aws) = Aws::new() else { return };
    aws.create("{}");
    aws.refused(
        &["keys", "list"],
        &["there is no keyring in `secretsmanager:", "keys init --store secretsmanager:"],
    );
    aws.succeeds(&["keys", "init", "--algorithm", "ecdsa-p256"]);
}

#[test]
fn a_private_key_is_proven_as_in_a_file() {
    let Some((aws, id)) = Aws::with_key(&["--key-pair-id", "K1"]) else { return };
    let (other, other_id) = Place::with_key(&[]);
    let name = format!("{id}.pem");
    let path = format!("{}/{name}", aws.store);
    let foreign = std::fs::read_to_string(other.pem(&other_id)).unwrap();
    let good = aws.files();
    for (text, words) in [
        (foreign.as_str(), [format!("`{path}` holds key {other_id}").as_str(), "put the right file back"]),
        ("", [format!("cannot use `{path}`").as_str(), ""]),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            [format!("cannot use `{path}`").as_str(), ""],
        ),
    ] {
        aws.edit(|files| drop(files.insert(name.clone(), text.into())));
        aws.refused(&["keys", "public", &id], &words);
    }
    aws.edit(|files| drop(files.remove(&name)));
    aws.refused(&["keys", "public", &id], &[&format!("`{name}` of key {id} is not in `{}`", aws.store)]);
    aws.put(&Value::Object(good).to_string());
    aws.succeeds(&["keys", "public", &id]);

    aws.edit(|files| drop(files.insert("keyring.json".to_owned(), "{\"version\": 1}".into())));
    aws.refused(
        &["keys", "list"],
        &[&format!("cannot take `{}/keyring.json`", aws.store), "missing field `keys`"],
    );
}

#[test]
fn a_file_that_the_document_does_not_name_is_reported() {
    let Some((aws, _)) = Aws::with_key(&[]) else { return };
    aws.edit(|files| drop(files.insert("old.pem".to_owned(), "left over".into())));
    let list = aws.succeeds(&["keys", "list"]);
    assert!(
        list.stderr.contains(&format!("`{}/old.pem` is not in keyring.json", aws.store)),
        "{}",
        list.stderr
    );
    assert_eq!(aws.listing()["orphans"], json!(["old.pem"]));
}

#[test]
fn what_would_be_too_large_is_said_before_it_is_sent() {
    let Some((aws, id)) = Aws::with_key(&[]) else { return };
    let room = 65_536 - aws.current().0.len() - r#","old.pem":"""#.len();
    aws.edit(|files| drop(files.insert("old.pem".to_owned(), "x".repeat(room).into())));
    let full = aws.current();
    assert_eq!(full.0.len(), 65_536);
    let puts = aws.calls("PutSecretValue");
    let (other, second) = Place::with_key(&[]);
    let pem = other.pem(&second);
    let words = ["bytes, and Secrets Manager takes 65536 at most: nothing was changed", "keys list"];
    aws.refused(&["keys", "import", pem.to_str().unwrap(), "--key-pair-id", "K2"], &words);
    aws.refused(&["keys", "activate", &id, "--key-pair-id", "K2JCJMDEHXQW5F"], &words);
    assert_eq!((aws.calls("PutSecretValue"), aws.current()), (puts, full));
    aws.edit(|files| drop(files.remove("old.pem")));
    aws.succeeds(&["keys", "activate", &id, "--key-pair-id", "K2JCJMDEHXQW5F"]);
}
