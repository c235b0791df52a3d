use proptest::collection::vec;
use proptest::prelude::*;

use super::history::{Clock, Event, beginning, event, live, settings};
use super::world::World;
use crate::keyring::entry::State;
use crate::keyring::plan::{Action, plan};

/// What the margin is for.
const SMALL: Clock = Clock(25);

/// What nothing is for: then only what a wall clock can tell is promised.
const LARGE: Clock = Clock(100_000);

fn ends_as_asked(world: &mut World) {
    let document = &world.document;
    let active = document.active().expect("a key signs in the end");
    assert_eq!(Some(active.id()), world.asked.as_ref(), "another key signs than the one asked for");
    for entry in document.entries().iter().filter(|entry| entry.id() != active.id()) {
        assert_eq!(entry.state(), State::Gone, "{} stays", entry.id());
        assert!(world.cloudfront.ids_of(entry.id()).is_empty(), "the public key of {} stays", entry.id());
    }
    assert_eq!(
        world.cloudfront.ids_of(active.id()),
        active.key_pair_id().cloned().into_iter().collect::<Vec<_>>()
    );
    assert!(
        world.cloudfront.members().contains(active.key_pair_id().unwrap()),
        "the active key is not trusted"
    );
    world.sleep(200);
    assert!(world.all_follow(), "a server signs with another key");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn every_history_is_safe_and_ends_as_asked(
        beginning in beginning(), events in vec(event(SMALL), 0..40)
    ) {
        let mut world = live(&beginning, &events, SMALL);
        ends_as_asked(&mut world);
    }
}
