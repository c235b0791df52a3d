//! What a rotation does to a keyring through the library: commits, records, and the end of a private key.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use edgemint::cloudfront::{HashAlgorithm, KeyAlgorithm, SigningKey};
use edgemint::keyring::{Document, KeyId, KeyringError, Phase, Record, Store};
use time::{Duration, OffsetDateTime};

use super::support::{Place, now};

pub fn record(minute: i64, key: &KeyId, step: &str, phase: Phase) -> Record {
    let at = OffsetDateTime::UNIX_EPOCH + Duration::minutes(minute);
    let caller_reference = (phase == Phase::Intent).then(|| format!("edgemint-{key}"));
    Record { at, key: key.clone(), step: step.to_owned(), phase, caller_reference, detail: None }
}

/// The document in which every key is in this state.
pub fn with_state(document: &Document, state: &str) -> Document {
    let mut json: serde_json::Value = serde_json::from_str(&document.to_json().unwrap()).unwrap();
    for key in json["keys"].as_array_mut().unwrap() {
        key["state"] = state.into();
        key["key_pair_id"] = if state == "generated" { serde_json::Value::Null } else { "K1".into() };
    }
    Document::parse(json.to_string().as_bytes()).unwrap()
}

/// What a rotation does to a keyring of one key that is not published yet, wherever the keyring is.
pub async fn rotates(store: &Store) {
    let mut writer = store.lock().await.unwrap();
    let document = writer.view().document().unwrap();
    let key = document.entries()[0].id().clone();
    assert_eq!(writer.view().journal().unwrap().records(), []);

    let intent = record(1, &key, "publish", Phase::Intent);
    writer.record(intent.clone()).await.unwrap();
    // Whoever comes after a crash finds it.
    let found = store.view().await.unwrap().journal().unwrap();
    assert_eq!(found.open_intent(&key, "publish"), Some(&intent));
    assert_eq!(found.open_intent(&key, "trust"), None);

    let published = with_state(&document, "published");
    let done = [record(2, &key, "publish", Phase::Done), record(2, &key, "trust", Phase::Intent)];
    writer.commit(&published, None, &done).await.unwrap();
    let view = store.view().await.unwrap();
    assert_eq!(view.document().unwrap(), published);
    let journal = view.journal().unwrap();
    assert_eq!(journal.records(), [&[intent], &done[..]].concat());
    assert_eq!(
        (journal.open_intent(&key, "publish"), journal.open_intent(&key, "trust")),
        (None, Some(&done[1]))
    );

    let key_of_next = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let (public, hash) = (key_of_next.public_key(), HashAlgorithm::Sha256);
    let with_next = published.with_generated(public, hash, OffsetDateTime::UNIX_EPOCH).unwrap();
    writer.commit(&with_next, Some(&key_of_next), &[]).await.unwrap();
    let view = store.view().await.unwrap();
    let next = view.document().unwrap().entries()[1].clone();
    assert_eq!(next.id(), &KeyId::of(public));
    view.signing_key(&next).unwrap();
    assert!(matches!(writer.destroy(&key).await, Err(KeyringError::NotGone { .. })));
    view.signing_key(view.document().unwrap().entry(&key).unwrap()).unwrap();

    let mut gone = with_state(&document, "gone");
    writer.commit(&gone, None, &[]).await.unwrap();
    for _ in 0..2 {
        writer.destroy(&key).await.unwrap();
    }
    let view = store.view().await.unwrap();
    gone = view.document().unwrap();
    assert!(matches!(view.signing_key(gone.entry(&key).unwrap()), Err(KeyringError::NoKeyFile { .. })));
    assert!(
        matches!(writer.destroy(next.id()).await, Err(KeyringError::Change { .. })),
        "not in the document"
    );
    assert_eq!(view.journal().unwrap().records().len(), 3);
}

#[test]
fn a_directory_is_rotated() {
    let (place, id) = Place::with_key(&[]);
    now(rotates(&place.store()));
    let journal = fs::read_to_string(place.keys().join("journal.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[0],
        serde_json::json!({
            "at": "1970-01-01T00:01:00Z", "key": id, "step": "publish", "phase": "intent",
            "caller_reference": format!("edgemint-{id}"),
        })
    );
    assert_eq!(lines[1]["phase"], "done");
    assert_eq!(fs::metadata(place.keys().join("journal.jsonl")).unwrap().mode() & 0o7777, 0o600);
    assert!(!place.pem(&id).exists());
}

#[test]
fn only_the_private_key_of_a_key_that_is_gone_is_deleted() {
    let (place, id) = Place::with_key(&[]);
    let mut writer = now(place.store().lock()).unwrap();
    let document = writer.view().document().unwrap();
    let key = id.parse().unwrap();
    let states = ["generated", "published", "trusted", "proven", "active", "retiring", "untrusted"];
    for state in states {
        now(writer.commit(&with_state(&document, state), None, &[])).unwrap();
        let error = now(writer.destroy(&key)).unwrap_err();
        assert!(error.to_string().contains(&format!("key {id} is in state `{state}`")), "{error}");
        assert!(place.pem(&id).exists());
    }
}

#[test]
fn a_last_line_that_was_cut_short_is_left_out_and_then_gone() {
    let (place, id) = Place::with_key(&[]);
    let (path, key) = (place.keys().join("journal.jsonl"), id.parse().unwrap());
    let mut writer = now(place.store().lock()).unwrap();
    let first = record(1, &key, "publish", Phase::Intent);
    now(writer.record(first.clone())).unwrap();
    let whole = fs::read(&path).unwrap();
    now(writer.record(record(2, &key, "publish", Phase::Done))).unwrap();
    let longer = fs::read(&path).unwrap();
    for length in whole.len()..longer.len() {
        fs::write(&path, &longer[..length]).unwrap();
        assert_eq!(
            place.view().journal().unwrap().records(),
            std::slice::from_ref(&first),
            "cut at {length}"
        );
    }
    let third = record(3, &key, "publish", Phase::Failed);
    now(writer.record(third.clone())).unwrap();
    assert_eq!(place.view().journal().unwrap().records(), [first, third]);
}

#[test]
fn a_line_that_is_no_record_stops_a_rotation_before_it_begins() {
    let (place, id) = Place::with_key(&[]);
    let (path, key) = (place.keys().join("journal.jsonl"), id.parse().unwrap());
    let mut writer = now(place.store().lock()).unwrap();
    now(writer.record(record(1, &key, "publish", Phase::Intent))).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    for (bad, word) in [
        ("hunter2\n".to_owned(), "line 2"),
        (good.replace("intent", "hunter2"), "line 2"),
        (good.replace("\"step\"", "\"hunter2\""), "line 2"),
        (good.replace(&id, "hunter2"), "line 2"),
        (good.replace("1970-", "hunter2-"), "line 2"),
        ("[]\n".to_owned(), "line 2"),
    ] {
        let text = format!("{good}{bad}{good}");
        fs::write(&path, &text).unwrap();
        let error = now(writer.record(record(2, &key, "publish", Phase::Done))).unwrap_err().to_string();
        assert!(error.contains("journal.jsonl` (") && error.contains(word), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    // What signs does not need it.
    place.succeeds(&["keys", "list"]);
}

#[test]
fn the_journal_stays_short_and_forgets_no_open_intent() {
    let (place, id) = Place::with_key(&[]);
    let key: KeyId = id.parse().unwrap();
    let mut writer = now(place.store().lock()).unwrap();
    let document = writer.view().document().unwrap();
    let open = record(0, &key, "trust", Phase::Intent);
    let (again, closed) =
        (record(1, &key, "untrust", Phase::Intent), record(2, &key, "untrust", Phase::Failed));
    let mut records = vec![open.clone(), again, closed];
    for minute in 0..200 {
        records.push(record(minute, &key, "publish", Phase::Intent));
        records.push(record(minute, &key, "publish", Phase::Done));
    }
    now(writer.commit(&document, None, &records)).unwrap();
    let journal = place.view().journal().unwrap();
    assert_eq!(journal.records().len(), 101);
    assert_eq!(journal.open_intent(&key, "trust"), Some(&open));
    assert_eq!(journal.records()[1..], records[records.len() - 100..]);
    assert!(fs::metadata(place.keys().join("journal.jsonl")).unwrap().len() < 32_768);
}

#[test]
fn where_the_journal_cannot_be_written_the_intent_fails() {
    let (place, id) = Place::with_key(&[]);
    let key: KeyId = id.parse().unwrap();
    let mut writer = now(place.store().lock()).unwrap();
    let document = writer.view().document().unwrap();
    fs::create_dir(place.keys().join("journal.jsonl")).unwrap();
    let intent = || record(1, &key, "publish", Phase::Intent);
    assert!(matches!(now(writer.record(intent())), Err(KeyringError::File(_))));
    // Nor does a document get ahead of a journal that cannot be read.
    let before = fs::read(place.document()).unwrap();
    assert!(now(writer.commit(&with_state(&document, "published"), None, &[intent()])).is_err());
    assert_eq!(fs::read(place.document()).unwrap(), before);
}
