use proptest::collection::vec;
use proptest::prelude::*;

use super::history::{Clock, beginning, event, foresee, live};
use super::world::World;
use crate::keyring::entry::State;

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
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(800) })]

    /// The first property of all: what `Ledger` and `World` check at every change holds, and the end is as asked.
    #[test]
    fn every_history_is_safe_and_ends_as_asked(
        beginning in beginning(), events in vec(event(SMALL), 0..40)
    ) {
        let mut world = live(&beginning, &events, SMALL);
        ends_as_asked(&mut world);
    }

    #[test]
    fn no_step_of_the_clock_shortens_a_wait_or_stops_a_rotation(
        beginning in beginning(), events in vec(event(LARGE), 0..40)
    ) {
        let mut world = live(&beginning, &events, LARGE);
        ends_as_asked(&mut world);
    }

    #[test]
    fn a_plan_foretells_all_that_is_done_if_nothing_comes_between(
        beginning in beginning(), events in vec(event(SMALL), 0..20)
    ) {
        let (mut foretold, mut done) = foresee(&beginning, &events, SMALL);
        // Keys stay in the order in which they were taken up; only proofs take time that no plan knows of.
        foretold.sort();
        done.sort();
        prop_assert_eq!(foretold, done);
    }
}
