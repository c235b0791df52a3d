use std::time::Duration;

use super::{parse, problems, with_line};

/// The good configuration with these lines of `[rotation]`.
fn with_rotation(lines: &str) -> String {
    with_line(4, &format!("[rotation]\n{lines}\n[ticket]"))
}

const NEEDED: &str =
    "key_group = \"2a7b1c9d-5e0f\"\ncanary = \"https://cdn.example.com/podcasts/canary.txt\"";

#[test]
fn what_is_left_out_has_a_default() {
    assert!(parse(&with_line(0, "")).unwrap().rotation.is_none());
    let rotation = parse(&with_rotation(NEEDED)).unwrap().rotation.unwrap();
    assert_eq!(rotation.key_group, "2a7b1c9d-5e0f");
    let proof = &rotation.proof;
    assert_eq!(proof.canary.as_str(), "https://cdn.example.com/podcasts/canary.txt");
    assert_eq!((proof.proofs.get(), proof.interval), (10, Duration::from_secs(6)));
    assert_eq!((proof.deadline, rotation.margin), (Duration::from_mins(15), Duration::from_mins(5)));
    assert_eq!((rotation.distribution, rotation.endpoint_url), (None, None));
    assert_eq!((rotation.group_limit, rotation.account_limit), (5, 10));
}

#[test]
fn every_mistake_has_a_place_and_a_remedy() {
    for (lines, place, setting, phrase) in [
        (
            "canary = \"https://cdn.example.com/c\"",
            ":4:1",
            "rotation.key_group",
            "it is missing; give the id of the key group",
        ),
        ("key_group = \"K1\"", ":4:1", "rotation.canary", "it is missing; name a small file"),
        (
            "key_group = \"arn:aws:x\"\ncanary = \"https://cdn.example.com/c\"",
            ":5:13",
            "rotation.key_group",
            "not the name or the ARN",
        ),
        (
            "key_group = \"K2JCJMDEHXQW5F\"\ncanary = \"https://cdn.example.com/c\"",
            ":5:13",
            "rotation.key_group",
            "is the id of a public key, and that of a key group is wanted",
        ),
        (
            "NEEDED\ndistribution = \"2a7b1c9d-5e0f-4a61-9b7e-0c3d5f8a1b24\"",
            ":7:16",
            "rotation.distribution",
            "is the id of a key group, and that of a distribution is wanted",
        ),
        (
            "key_group = \"K1\"\ncanary = \"http://cdn.example.com/c\"",
            ":6:10",
            "rotation.canary",
            "write https://",
        ),
        (
            "key_group = \"K1\"\ncanary = \"https://cdn.example.com/c*\"",
            ":6:10",
            "rotation.canary",
            "it holds no *",
        ),
        (
            "key_group = \"K1\"\ncanary = \"https://cdn.example.com/c?a=b\"",
            ":6:10",
            "rotation.canary",
            "has a query",
        ),
        ("NEEDED\nproofs = 0", ":7:10", "rotation.proofs", "write 1 to 1000"),
        ("NEEDED\nproof_interval = \"0s\"", ":7:18", "rotation.proof_interval", "write 10ms to 10m"),
        (
            "NEEDED\nproof_deadline = \"54s\"",
            ":7:18",
            "rotation.proof_deadline",
            "10 proofs take 54s at least",
        ),
        (
            "NEEDED\nproofs = 900",
            ":4:1",
            "rotation",
            "900 proofs take 1h 29m 54s at least, and proof_deadline is 15m",
        ),
        ("NEEDED\nmargin = \"-1s\"", ":7:10", "rotation.margin", "is not a time span"),
        ("NEEDED\ndistribution = \"my distribution\"", ":7:16", "rotation.distribution", "write the id"),
        (
            "NEEDED\nendpoint_url = \"127.0.0.1:8082\"",
            ":7:16",
            "rotation.endpoint_url",
            "write a URL without a path",
        ),
        (
            "NEEDED\nendpoint_url = \"http://h/2020-05-31\"",
            ":7:16",
            "rotation.endpoint_url",
            "write a URL without a path",
        ),
        ("NEEDED\ngroup_limit = 1", ":7:15", "rotation.group_limit", "write 2 to 1000"),
        ("NEEDED\nproof = 3", ":7:1", "rotation.proof", "did you mean proofs?"),
    ] {
        let found = problems(&with_rotation(&lines.replace("NEEDED", NEEDED)));
        let expected = format!("edgemint.toml{place}: {setting}: ");
        assert_eq!(found.len(), 1, "{lines}\n{found:#?}");
        assert!(
            found[0].starts_with(&expected) && found[0].contains(phrase),
            "{lines}\n{expected}\n{found:#?}"
        );
    }
}
