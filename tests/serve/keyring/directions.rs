//! From every kind of signature to every other, with what a browser keeps in between.

use super::changes::NO_POLL;
use crate::support::{Jar, Key, Setup, Ticket, write_ring};

/// The keys, and how many cookies a set of each has: the fourth says that it is SHA-256 (rules §1).
fn keys(setup: &Setup) -> [(Key, usize); 4] {
    [
        (Key::of(setup), 3),
        (Key::new("ecdsa-p256", "sha256", "KEC256"), 4),
        (Key::new("rsa-2048", "sha1", "KRSA"), 3),
        (Key::new("rsa-2048", "sha256", "KRSA256"), 4),
    ]
}

/// Each of the twelve ordered pairs once.
const WALK: [usize; 13] = [0, 1, 0, 2, 1, 2, 3, 0, 3, 1, 3, 2, 0];

#[test]
fn the_cookies_of_one_key_leave_nothing_behind_that_spoils_those_of_the_next() {
    let service = Setup::with_sessions().section(NO_POLL).start();
    let keys = keys(&service.setup);
    let turn_to = |to: usize| {
        let state = |key: usize| if key == to { "active" } else { "retiring" };
        let ring: Vec<_> = keys.iter().enumerate().map(|(key, (it, _))| (it, state(key))).collect();
        write_ring(&service.setup.path("keys"), &ring);
        service.wait_until_it_signs_with(&keys[to].0);
    };
    let assert_good = |browser: &Jar, key: usize, how: &str| {
        let (key, size) = &keys[key];
        let cookies = browser.cookies("/podcasts/");
        assert_eq!(cookies.len(), *size, "{how} with {}", key.key_pair_id);
        let decision = cookies.decide_with(&[key.trusted()], "/podcasts/1.mp3", "203.0.113.7");
        assert!(decision.is_allowed(), "{how} with {}: {decision:?}", key.key_pair_id);
    };
    let mut browser = Jar::default();
    for pair in WALK.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        turn_to(from);
        browser.take(&service.redeem(&Ticket::of("listener-7").sign()));
        assert_good(&browser, from, "entered");
        turn_to(to);
        browser.take(&service.renew(browser.session()));
        assert_good(&browser, to, "renewed");
        turn_to(from);
        browser.take(&service.redeem(&Ticket::of("listener-7").sign()));
        assert_good(&browser, from, "entered again");
        // With a key active of which the browser has no cookies.
        turn_to(to);
        browser.take(&service.leave(browser.session()));
        assert!(browser.names().is_empty(), "{:?}", browser.names());
    }
}
