//! Many swaps while many ask: every answer is whole, and of one ring.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use super::changes::NO_POLL;
use crate::support::{
    API_KEY, Client, Cookies, Key, SAME_SITE, SESSION_COOKIE, SESSION_SECRET, Service, Setup, get, post,
    write_ring,
};

const SWAPS: usize = 20;

/// Whether every set that an answer holds is accepted by the key that it names.
fn assert_whole(sets: &[(Cookies, &str)], trusted: &[(&str, &str)]) {
    let named: Vec<&str> = sets.iter().map(|(cookies, _)| cookies.key_pair_id()).collect();
    assert!(named.windows(2).all(|pair| pair[0] == pair[1]), "of two rings: {named:?}");
    for (cookies, path) in sets {
        let decision = cookies.decide_with(trusted, path, "127.0.0.1");
        assert!(decision.is_allowed(), "{path}: {decision:?}");
    }
}

const PATHS: [&str; 3] = ["/podcasts/1.mp3", "/downloads/listener-7/1.mp3", "/near/1.mp3"];

/// Renews until told to stop, and looks at every answer. How many there were.
fn renew(service: &Service, session: &str, trusted: &[(&str, &str)], is_over: &AtomicBool) -> usize {
    let mut client = Client::connect(service.address);
    let request = post("/renew", &format!("{SAME_SITE}Cookie: {SESSION_COOKIE}={session}\r\n"), "");
    let mut answers = 0;
    while !is_over.load(Ordering::Relaxed) {
        client.send(&request).unwrap();
        let answer = client.answer();
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let folder = |path: &'static str| &path[..=path.rfind('/').unwrap()];
        let cookie_path = |path| if path == PATHS[1] { "/downloads/" } else { folder(path) };
        let sets = PATHS.map(|path| (Cookies::set_for(&answer, cookie_path(path)), path));
        assert_whole(&sets, trusted);
        answers += 1;
    }
    answers
}

/// The same with a back end's requests.
fn mint(service: &Service, trusted: &[(&str, &str)], is_over: &AtomicBool) -> usize {
    let mut client = Client::connect(service.address);
    let body =
        json!({"grants": ["podcasts", "downloads", "near"], "subject": "listener-7", "address": "127.0.0.1"});
    let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    let request = post("/v1/mint", &headers, &body.to_string());
    let mut answers = 0;
    while !is_over.load(Ordering::Relaxed) {
        client.send(&request).unwrap();
        let answer = client.answer();
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let json = answer.json();
        let grants = json["grants"].as_array().unwrap();
        let sets: Vec<_> = grants.iter().map(Cookies::of_json).zip(PATHS).collect();
        assert_whole(&sets, trusted);
        answers += 1;
    }
    answers
}

#[test]
fn every_answer_under_load_is_of_one_ring() {
    let setup = Setup::new().sessions(&[SESSION_SECRET], "").server("workers = 2").section(NO_POLL);
    let service = setup.start();
    let first = Key::of(&service.setup);
    let keys = [first, Key::new("rsa-2048", "sha256", "KSECOND"), Key::new("ecdsa-p256", "sha256", "KTHIRD")];
    let trusted = keys.each_ref().map(Key::trusted);
    let session = service.session();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = [
            scope.spawn(|| renew(&service, &session, &trusted, &is_over)),
            scope.spawn(|| mint(&service, &trusted, &is_over)),
        ];
        // Else those who ask would go on for ever when this fails.
        let swapping = scope.spawn(|| {
            for swap in 1..=SWAPS {
                let active = swap % keys.len();
                let states =
                    [0, 1, 2].map(|key| (&keys[key], if key == active { "active" } else { "retiring" }));
                write_ring(&service.setup.path("keys"), &states);
                service.wait_until_it_signs_with(&keys[active]);
            }
        });
        let swapped = swapping.join();
        is_over.store(true, Ordering::Relaxed);
        for asked in asking {
            let answers = asked.join().unwrap();
            assert!(answers > SWAPS, "{answers} answers tell little");
        }
        swapped.unwrap();
    });
    assert_eq!(service.ask(get("/readyz")).json()["keyring"].get("failed"), None);
}
