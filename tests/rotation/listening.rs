//! Listeners who hear nothing of a rotation: two instances, cookies of five seconds, an edge whose nodes learn of
//! changes one after the other. And what they would hear if a rotation went without its proof, or with wrong times.

use super::support::{Audience, Double, Heard, OtherCanary, Place, Ran, Server, wait_for};

/// The nodes learn of a change 0.7, 1.3 and 2 seconds after it.
const UNEVEN: [&str; 4] = ["--propagation", "2s", "--nodes", "3"];

/// How long cookies live, in seconds.
const LIFETIME: u32 = 5;

const LISTENERS: usize = 6;

/// The key to begin with. Each of those that follow differs from the one before in whether its sets have a fourth cookie.
const FIRST: [&str; 4] = ["--algorithm", "rsa-2048", "--hash", "sha1"];
const NEXT: [(&str, &str); 3] = [("rsa-2048", "sha256"), ("ecdsa-p256", "sha1"), ("ecdsa-p256", "sha256")];

/// Everything that takes part.
struct Broadcast {
    double: Double,
    place: Place,
    servers: [Server; 2],
    audience: Audience,
    /// The Key-Pair-Ids of the keys that signed, in order.
    keys: Vec<String>,
}

impl Broadcast {
    /// With an audience that plays, on the first key. A proof takes 1.4 seconds at least (15 answers, 100 ms apart),
    /// which is more than lies between the first node and the last: so whichever nodes were asked, all know the key by then.
    /// `told`: the lifetime in the configuration that keys are rotated with.
    fn begin(lifetime: u32, told: u32) -> Self {
        let double = Double::with(&[], &UNEVEN);
        let mut place = Place::new(&double);
        place.admit_listeners(told);
        place.set("proofs", "15");
        place.set("margin", "\"1s\"");
        place.succeeds(&[&["keys", "init"], &FIRST[..]].concat());
        place.advance().finishes();
        place.admit_listeners(lifetime);
        let servers = [place.serve(), place.serve()];
        place.admit_listeners(told);
        let issuers = servers.iter().map(|server| server.address).collect();
        let audience = Audience::of(LISTENERS, double.edge, issuers);
        let mut broadcast = Self { double, place, servers, audience, keys: Vec::new() };
        broadcast.expect_the_active_key();
        broadcast
    }

    /// Another key signs: both instances give its cookies, and listeners play with them.
    fn expect_the_active_key(&mut self) {
        let key = self.place.key_in("active").key_pair_id.unwrap();
        for (number, server) in self.servers.iter().enumerate() {
            server.follows(&key);
            wait_for(&format!("cookies of {key} by instance {number}"), || {
                self.audience
                    .heard()
                    .minted
                    .iter()
                    .any(|(instance, minted_by, _)| (*instance, minted_by) == (number, &key))
            });
        }
        wait_for(&format!("listening with {key}"), || self.audience.heard().tried(&key) > 50);
        self.keys.push(key);
    }

    fn rotate(&mut self, (algorithm, hash): (&str, &str), more: &[&str]) -> Ran {
        let ran = self.place.rotate(&[&["--algorithm", algorithm, "--hash", hash], more].concat());
        self.expect_the_active_key();
        ran
    }

    /// What the audience heard, once all is over. `--nocapture` shows the figures.
    #[expect(clippy::print_stderr, reason = "figures for whoever asks for them")]
    fn end(self) -> (Heard, Vec<String>) {
        let heard = self.audience.end();
        for server in &self.servers {
            assert!(!server.log().contains("panicked") && !server.log().contains("CloudFront-Signature"));
        }
        let (requests, refusals, renewals) = (heard.requests(), heard.refusals(), heard.renewals);
        eprintln!("{requests} requests, {refusals} refused, {renewals} renewals, {} keys", self.keys.len());
        assert_eq!(heard.odd, [""; 0], "nothing else may go wrong");
        assert_eq!(heard.nodes.len(), 3, "{:?}", heard.nodes);
        (heard, self.keys)
    }
}

#[test]
fn nobody_is_refused_through_three_rotations() {
    let mut broadcast = Broadcast::begin(LIFETIME, LIFETIME);
    for kind in NEXT {
        broadcast.rotate(kind, &["--wait"]).finishes();
        // The key before is gone, and no other one is left.
        let [active] = &broadcast.double.key_group()[..] else { panic!("more than one key in the group") };
        assert_eq!(Some(active), broadcast.keys.last());
        assert_eq!(broadcast.double.public_keys().len(), 1);
    }
    let (heard, keys) = broadcast.end();
    assert_eq!(heard.refusals(), 0, "{heard:?}");
    assert!(heard.requests() > 2000, "{heard:?}");
    for (key, cookies) in keys.iter().zip([3, 4, 3, 4]) {
        assert!(heard.played[key] > 100, "{key}: {heard:?}");
        assert_eq!(heard.cookies_of(key), [cookies].into(), "{key}");
    }
}

#[test]
fn without_the_proof_listeners_are_refused() {
    let mut broadcast = Broadcast::begin(LIFETIME, LIFETIME);
    // The edge is not asked: what answers in its place accepts every key at once.
    let canary = OtherCanary::that_lies();
    broadcast.place.set("canary", canary.url());
    broadcast.place.set("proofs", "1");
    // Of the way out nothing can be learned here.
    broadcast.place.set("margin", "\"1h\"");
    for kind in NEXT {
        broadcast.rotate(kind, &[]).leaves_more();
    }
    let (heard, _) = broadcast.end();
    assert!(heard.refused.contains_key("InvalidKey"), "{heard:?}");
    assert_eq!(heard.refused.len(), 1, "{heard:?}");
}

#[test]
fn a_proof_that_takes_longer_than_the_nodes_differ_holds_wherever_it_is_made() {
    let mut broadcast = Broadcast::begin(LIFETIME, LIFETIME);
    let canary = OtherCanary::of_the_nearest_node(broadcast.double.edge);
    broadcast.place.set("canary", canary.url());
    broadcast.rotate(NEXT[0], &[]).leaves_more();
    let (heard, _) = broadcast.end();
    assert_eq!(heard.refusals(), 0, "{heard:?}");
}

#[test]
fn one_answer_of_the_nearest_node_proves_nothing_of_the_others() {
    let mut broadcast = Broadcast::begin(LIFETIME, LIFETIME);
    let canary = OtherCanary::of_the_nearest_node(broadcast.double.edge);
    broadcast.place.set("canary", canary.url());
    broadcast.place.set("proofs", "1");
    // Of the way out nothing can be learned here.
    broadcast.place.set("margin", "\"1h\"");
    for kind in NEXT {
        broadcast.rotate(kind, &[]).leaves_more();
    }
    let (heard, _) = broadcast.end();
    assert!(heard.refused.contains_key("InvalidKey"), "{heard:?}");
}

#[test]
fn with_a_shorter_lifetime_than_the_servers_give_the_old_key_leaves_too_early() {
    let broadcast = Broadcast::begin(30, 1);
    broadcast.place.rotate(&["--wait"]).finishes();
    wait_for("a refusal", || broadcast.audience.heard().refusals() > 0);
    let (heard, keys) = broadcast.end();
    assert_eq!(heard.refused.keys().collect::<Vec<_>>(), ["InvalidKey"], "{heard:?}");
    // It is the first key's cookies that were refused.
    assert!(heard.tried(&keys[0]) > heard.played[&keys[0]], "{heard:?}");
}
