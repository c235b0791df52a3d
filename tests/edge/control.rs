//! The control plane and what it does to the data plane. That real clients understand it is seen in `tests/cloud`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::programs::needs;
use crate::support::*;

const EPISODE: &str = "/podcasts/1.mp3";
const POLICY: &str = "https://cdn.example.com/*";

fn start(more: &[&str]) -> (tempfile::TempDir, Controlled) {
    let media = media();
    let more = [&["--host", "cdn.example.com"], more].concat();
    let edge = Controlled::start(&media.path().join("origin"), &more, 0);
    (media, edge)
}

/// Cookies by `key` under the id that the control plane gave it.
fn cookies_as(key: &Key, id: &str) -> String {
    cookies(key, &policy(POLICY, in_seconds(3600), "")).replace(key.id, id)
}

fn create(edge: &Controlled, key: &Key) -> String {
    let created = edge.create_key(key.id, key);
    assert_eq!(created.status, 201, "{}", created.text());
    element(created.text(), "Id").to_owned()
}

/// The status of the episode, and the node that answered.
fn ask(edge: &Controlled, cookies: &str) -> (u16, String) {
    let response = get(edge.edge.address, EPISODE, &[("Host", "cdn.example.com"), ("Cookie", cookies)]);
    (response.status, response.header("x-amz-cf-pop").unwrap().to_owned())
}

#[test]
fn a_key_is_good_from_when_its_group_has_it_until_it_has_not() {
    needs!("openssl");
    let seeded = format!("{}={}", keys().stranger.id, keys().stranger.public.display());
    let (_media, edge) = start(&["--propagation", "0s", "--trust", &seeded]);
    let id = create(&edge, &keys().ecdsa);
    let (old, new) = (cookies_as(&keys().stranger, keys().stranger.id), cookies_as(&keys().ecdsa, &id));
    let answers = || [&old, &new].map(|cookies| (0..3).map(|_| ask(&edge, cookies).0).collect::<Vec<_>>());
    assert_eq!(answers(), [[200; 3], [403; 3]], "uploaded is not trusted");
    edge.trust(&[keys().stranger.id, &id]);
    assert_eq!(answers(), [[200; 3], [200; 3]]);
    edge.trust(&[&id]);
    assert_eq!(answers(), [[403; 3], [200; 3]]);
}

#[test]
fn nodes_learn_one_after_the_other_and_never_go_back() {
    needs!("openssl");
    let (_media, edge) = start(&["--propagation", "4s", "--nodes", "4"]);
    let (first, second) = (create(&edge, &keys().rsa), create(&edge, &keys().ecdsa));
    let (old, new) = (cookies_as(&keys().rsa, &first), cookies_as(&keys().ecdsa, &second));
    edge.trust(&[&first]);
    spread(&edge, &old, 200);
    // Two changes closer together than the nodes are: the first must not come back on a node that has the second.
    edge.trust(&[&first, &second]);
    edge.trust(&[&second]);
    assert_eq!(edge.status(), "InProgress");
    spread(&edge, &old, 403);
    assert_eq!(edge.status(), "Deployed");
    for _ in 0..8 {
        assert_eq!((ask(&edge, &old).0, ask(&edge, &new).0), (403, 200));
    }
}

/// Waits until all four nodes answer `end`. They have to differ on the way, and none may go back.
fn spread(edge: &Controlled, cookies: &str, end: u16) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut latest: BTreeMap<String, u16> = BTreeMap::new();
    let mut they_differed = false;
    loop {
        for _ in 0..4 {
            let (status, pop) = ask(edge, cookies);
            let before = latest.insert(pop.clone(), status);
            assert!(before != Some(end) || status == end, "{pop} went back to {status}");
        }
        assert_eq!(latest.len(), 4, "they answer in turn: {latest:?}");
        let there = latest.values().filter(|status| **status == end).count();
        they_differed |= (1..4).contains(&there);
        if there == 4 {
            assert!(they_differed, "all changed at once");
            return;
        }
        assert!(Instant::now() < deadline, "{latest:?}");
    }
}

#[test]
fn a_dropped_call_has_no_answer_and_one_of_the_two_has_changed_something() {
    needs!("openssl");
    let (_media, edge) = start(&[]);
    let listed = || edge.call("GET", "/2020-05-31/public-key", &[], "").text().matches("<Id>").count();
    edge.faults(r#"[{"call":"CreatePublicKey","fault":"drop_before"}]"#);
    assert_eq!((edge.create_key("one", &keys().rsa).status, listed()), (0, 0));
    edge.faults(r#"[{"call":"CreatePublicKey","fault":"drop_after"}]"#);
    assert_eq!((edge.create_key("one", &keys().rsa).status, listed()), (0, 1));
    // The same reference again: no second key.
    assert_eq!((edge.create_key("one", &keys().rsa).status, listed()), (201, 1));
    edge.faults(r#"[{"call":"CreatePublicKey","fault":"throttle"}]"#);
    let throttled = edge.create_key("two", &keys().ecdsa);
    assert_eq!((throttled.status, element(throttled.text(), "Code"), listed()), (400, "Throttling", 1));
    let calls = edge.call("GET", "/_edgemint/calls", &[], "");
    for expected in [
        r#""arrived":{"CreatePublicKey":4,"ListPublicKeys":4}"#,
        r#"{"call":"CreatePublicKey","id":"","status":null,"code":null,"fault":"drop_before"}"#,
        r#"{"call":"CreatePublicKey","id":"","status":201,"code":null,"fault":"drop_after"}"#,
        r#"{"call":"CreatePublicKey","id":"","status":400,"code":"Throttling","fault":"throttle"}"#,
    ] {
        assert!(calls.text().contains(expected), "{expected}: {}", calls.text());
    }
}

#[test]
fn a_pattern_with_keys_of_its_own_trusts_two_groups() {
    needs!("openssl");
    let media = media();
    let own = format!("/open/*:{}={}", keys().rsa.id, keys().rsa.public.display());
    let all = format!("{}={}", keys().ecdsa.id, keys().ecdsa.public.display());
    let more = ["--host", "cdn.example.com", "--protect", "/open/*", "--trust", &own, "--trust", &all];
    let edge = Controlled::start(&media.path().join("origin"), &more, 1);
    let [own] = &edge.own_groups[..] else { panic!("one group") };
    assert!(own.ends_with(" for /open/*") && !own.starts_with(&edge.group), "{own}");
    let status = |path, key: &Key| {
        let cookies = cookies_as(key, key.id);
        get(edge.edge.address, path, &[("Host", "cdn.example.com"), ("Cookie", &cookies)]).status
    };
    let (rsa, ecdsa) = (&keys().rsa, &keys().ecdsa);
    assert_eq!((status(EPISODE, rsa), status(EPISODE, ecdsa)), (403, 200));
    assert_eq!((status("/open/cover.svg", rsa), status("/open/cover.svg", ecdsa)), (200, 200));
}

#[test]
fn without_a_control_plane_there_are_no_nodes() {
    needs!("openssl");
    let media = media();
    let edge = EdgeProcess::protecting(&media.path().join("origin"), &[&keys().rsa], &[]);
    assert_eq!(get(edge.address, EPISODE, &[]).header("x-amz-cf-pop"), None);
}

#[test]
fn it_ends_well_on_sigterm_too() {
    let (_media, edge) = start(&["--nodes", "1"]);
    assert_eq!(edge.call("GET", "/2020-05-31/key-group", &[], "").status, 200);
    assert!(edge.edge.terminate());
}
