//! Histories: what happens to a rotation, in any order, and how each ends.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::operator::{Fault, Operator, remedy, revoke, roll_back};
use super::world::{Beginning, Keys, World};
use crate::cloudfront::KeyPairId;
use crate::keyring::document::Document;
use crate::keyring::entry::State;
use crate::keyring::plan::{Action, Settings, Step, plan};
use crate::keyring::{ACCOUNT_LIMIT, KEY_GROUP_LIMIT};

#[derive(Debug, Clone)]
pub(super) enum Event {
    /// The rotation runs, so many steps or until nothing is due; the last one ends so.
    Advance(usize, Fault),
    Rotate,
    Rollback,
    Revoke(Index),
    Sleep(i64),
    /// The clock of the rotation is now so far ahead.
    Clock(i64),
    Lifetime(u64),
    Restart(usize),
    AddForeign,
    /// Somebody uploads so many public keys for other purposes.
    Fill(usize),
    RemoveForeign,
    /// Somebody takes a key of the keyring out of the key group.
    TakeOut(Index),
    /// Somebody deletes a public key of the keyring that no key group names.
    DeletePublicKey(Index),
    /// Somebody uploads the public key of a new key by hand.
    Upload,
    /// Somebody puts a key that signs nothing into the key group by hand.
    PutIn,
}

/// How far the clock may be wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(pub i64);

pub(super) fn beginning() -> impl Strategy<Value = Beginning> {
    let keys = prop_oneof![
        4 => Just(Keys::Generated),
        6 => Just(Keys::Active),
        2 => Just(Keys::ActiveAndImported),
        1 => Just(Keys::ActiveAsAnother),
    ];
    (0..3usize, vec(0..60i64, 1..4), vec(1..30i64, 1..4), keys)
        .prop_map(|(foreign, delays, servers, keys)| Beginning { foreign, delays, servers, keys })
}

pub(super) fn event(clock: Clock) -> impl Strategy<Value = Event> {
    let fault = select(vec![Fault::None, Fault::None, Fault::Before, Fault::After, Fault::Late]);
    prop_oneof![
        12 => (1..8usize, fault).prop_map(|(steps, fault)| Event::Advance(steps, fault)),
        4 => Just(Event::Rotate),
        2 => Just(Event::Rollback),
        1 => any::<Index>().prop_map(Event::Revoke),
        6 => prop_oneof![0..40i64, 0..900i64].prop_map(Event::Sleep),
        2 => (-clock.0..=clock.0).prop_map(Event::Clock),
        1 => select(vec![60u64, 200, 600]).prop_map(Event::Lifetime),
        1 => (0..4usize).prop_map(Event::Restart),
        1 => Just(Event::AddForeign),
        1 => (1..9usize).prop_map(Event::Fill),
        1 => Just(Event::RemoveForeign),
        1 => any::<Index>().prop_map(Event::TakeOut),
        1 => any::<Index>().prop_map(Event::DeletePublicKey),
        1 => Just(Event::Upload),
        1 => Just(Event::PutIn),
    ]
}

pub(super) fn settings() -> Settings {
    Settings {
        longest_lifetime: Duration::from_secs(200),
        expiry_step: Duration::from_secs(10),
        reload_interval: Duration::from_secs(30),
        margin: Duration::from_secs(50),
        group_limit: KEY_GROUP_LIMIT,
        account_limit: ACCOUNT_LIMIT,
    }
}

/// Lives through a history and then repeats the command until nothing is left to do.
pub(super) fn live(beginning: &Beginning, events: &[Event], clock: Clock) -> World {
    let mut world = World::begin(beginning, settings());
    world.clock_error = 2 * clock.0;
    let mut operator = Operator::default();
    world.nothing_is_refused();
    for event in events {
        let foreign = foreign_members(&world);
        happen(&mut world, &mut operator, event);
        if !matches!(event, Event::AddForeign | Event::RemoveForeign) {
            assert_eq!(foreign_members(&world), foreign, "a foreign key was touched");
        }
        world.nothing_is_refused();
    }
    settle(&mut world, &mut operator);
    let read = Document::parse(world.document.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(read, world.document, "what is written reads as what was meant");
    world
}

/// What the plan says after a history that is left to do, and what is then done.
pub(super) fn foresee(beginning: &Beginning, events: &[Event], clock: Clock) -> (Vec<String>, Vec<String>) {
    let mut world = World::begin(beginning, settings());
    world.clock_error = 2 * clock.0;
    let mut operator = Operator::default();
    events.iter().for_each(|event| happen(&mut world, &mut operator, event));
    // Whatever is still on its way to CloudFront arrives.
    let _ = operator.run(&mut world, Fault::Before);
    let steps = plan(&world.document, &world.cloudfront.remote(), world.wall(), &world.settings);
    let foretold = steps.iter().filter_map(told).collect();
    let mut done = Vec::new();
    for step in 0.. {
        assert!(step < 200, "it never ends");
        let before = world.cloudfront.remote();
        let next = plan(&world.document, &before, world.wall(), &world.settings);
        let next = next.into_iter().find(|step| !matches!(step.action, Action::Blocked(_)));
        let Some(next) = next else { break };
        match next.action {
            Action::Wait { until } => world.sleep((until - world.wall()).whole_seconds()),
            _ => operator.run(&mut world, Fault::None).unwrap(),
        }
        done.extend(told(&next));
    }
    (foretold, done)
}

/// A step without its times; waits overlap, and obstacles are for people.
fn told(step: &Step) -> Option<String> {
    let counts = !matches!(step.action, Action::Wait { .. } | Action::Blocked(_));
    counts.then(|| step.action.to_string())
}

fn foreign_members(world: &World) -> Vec<KeyPairId> {
    let foreign = |id: &&KeyPairId| world.cloudfront.key(id) == Some(None);
    world.cloudfront.members().iter().filter(foreign).cloned().collect()
}

fn happen(world: &mut World, operator: &mut Operator, event: &Event) {
    match event {
        Event::Advance(steps, fault) => {
            for step in 1..=*steps {
                let fault = if step == *steps { *fault } else { Fault::None };
                if operator.run(world, fault).is_err() {
                    break;
                }
            }
        }
        Event::Rotate if world.keys_left() > 10 => world.rotate(),
        Event::Rotate => {}
        Event::Rollback => roll_back(world),
        Event::Revoke(index) => {
            let id = index.get(world.document.entries()).id().clone();
            revoke(world, &id);
        }
        Event::Sleep(seconds) => world.sleep(*seconds),
        Event::Clock(ahead) => world.set_clock(*ahead),
        Event::Lifetime(seconds) => world.set_lifetime(*seconds),
        Event::Restart(server) => world.restart(*server),
        Event::AddForeign => world.add_foreign(),
        Event::Fill(keys) => world.fill(*keys),
        Event::RemoveForeign => world.remove_foreign(),
        Event::TakeOut(index) => tamper(world, index, false),
        Event::DeletePublicKey(index) => tamper(world, index, true),
        // Whoever uploads a key while CloudFront is about to create it gets two.
        Event::Upload if operator.awaits() => {}
        Event::Upload => upload(world),
        Event::PutIn => put_in(world),
    }
}

fn tamper(world: &mut World, index: &Index, delete: bool) {
    let entry = index.get(world.document.entries());
    let (id, Some(key_pair_id)) = (entry.id().clone(), entry.key_pair_id().cloned()) else { return };
    if world.cloudfront.key(&key_pair_id) != Some(Some(&id)) {
        return;
    }
    let member = world.cloudfront.members().contains(&key_pair_id);
    if !delete && member {
        world.ledger.exempt.insert(id);
        world.take_out(&key_pair_id);
    } else if delete && !member {
        world.ledger.exempt.insert(id);
        world.cloudfront.delete(&key_pair_id).unwrap();
    }
}

fn upload(world: &mut World) {
    let Some(id) = world.in_state(&[State::Generated]).pop() else { return };
    if world.cloudfront.ids_of(&id).is_empty() {
        let _ = world.cloudfront.create(&format!("by hand: {id}"), Some(id));
    }
}

fn put_in(world: &mut World) {
    let states = [State::Generated, State::Published, State::Untrusted];
    let Some(id) = world.in_state(&states).pop() else { return };
    let members = world.cloudfront.members();
    for key_pair_id in world.cloudfront.ids_of(&id) {
        if !members.contains(&key_pair_id) && members.len() < KEY_GROUP_LIMIT {
            let members = [members, &[key_pair_id]].concat();
            world.cloudfront.update(members, world.now).unwrap();
            return;
        }
    }
}

/// Repeats the command, waits when it says so and does what it asks people for.
fn settle(world: &mut World, operator: &mut Operator) {
    for _ in 0..300 {
        let Err(step) = operator.run(world, Fault::None) else { continue };
        let Some(step) = step else { return };
        match &step.action {
            Action::Wait { until } => {
                let seconds = (*until - world.wall()).whole_seconds();
                assert!(seconds >= 0, "a wait for the past");
                world.sleep(seconds + 1);
            }
            Action::Blocked(_) => {
                let remote = world.cloudfront.remote();
                let steps = plan(&world.document, &remote, world.wall(), &world.settings);
                let obstacles = steps.into_iter().map_while(|step| match step.action {
                    Action::Blocked(obstacle) => Some(obstacle),
                    _ => None,
                });
                obstacles.for_each(|obstacle| remedy(world, &obstacle));
            }
            other => panic!("{other} fails every time"),
        }
    }
    let steps = plan(&world.document, &world.cloudfront.remote(), world.wall(), &world.settings);
    panic!("it never ends: {steps:#?}\n{:#?}\n{:#?}", world.document, world.cloudfront.remote());
}
