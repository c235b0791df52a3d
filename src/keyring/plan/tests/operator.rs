//! The rotation as a process: it looks, plans, does the first step and records it, and may die at any point.

use super::world::World;
use crate::cloudfront::KeyPairId;
use crate::keyring::entry::State;
use crate::keyring::plan::forecast::Forecast;
use crate::keyring::plan::{Action, Obstacle, Remote, Step, caller_reference, record};
use crate::keyring::{DocumentError, KeyId};

/// What goes wrong in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Killed, or CloudFront failed, before anything happened.
    Before,
    /// Killed, or the answer was lost, after it happened and before it was recorded.
    After,
    /// The answer was lost, and it happens while the next run is at it.
    Late,
}

/// What happens after the process that asked for it gave up. The key group has an ETag, so only of a creation.
#[derive(Debug, Clone)]
pub(super) struct Late(KeyId);

/// The longest that a proof may take, in seconds: longer than any edge node of a history needs.
const PROOF_DEADLINE: i64 = 120;

#[derive(Debug, Default)]
pub(super) struct Operator {
    late: Option<Late>,
}

impl Operator {
    /// Whether CloudFront may still do what was asked of it.
    pub fn awaits(&self) -> bool {
        self.late.is_some()
    }

    /// One run of the command. `Err` with the first step if that is not done, or nothing if nothing is left.
    pub fn run(&mut self, world: &mut World, fault: Fault) -> Result<(), Option<Step>> {
        let late = self.late.take();
        let done = self.one_step(world, fault);
        if let Some(Late(id)) = late {
            let _ = create(world, &id);
        }
        done
    }

    fn one_step(&mut self, world: &mut World, fault: Fault) -> Result<(), Option<Step>> {
        let remote = observe(world);
        let step = Forecast::new(&world.document, &remote, world.wall(), &world.settings).next();
        let nothing_due = |step: &Step| matches!(step.action, Action::Wait { .. } | Action::Blocked(_));
        world.settings_seen |= step.as_ref().is_none_or(nothing_due);
        let step = step.ok_or(None)?;
        if nothing_due(&step) || fault == Fault::Before {
            return Err(Some(step));
        }
        if let (Fault::Late, Action::Publish { id }) = (fault, &step.action) {
            self.late = Some(Late(id.clone()));
            return Err(Some(step));
        }
        let Ok(done) = carry_out(world, &step.action) else { return Err(Some(step)) };
        if fault == Fault::After {
            return Err(Some(step));
        }
        let document = record(world.document.clone(), &done, &world.settings, world.wall());
        world.write(document.expect("a step of a plan can be recorded"));
        Ok(())
    }
}

/// Looks at CloudFront. What was proven and is missing is proven no longer.
fn observe(world: &mut World) -> Remote {
    let remote = world.cloudfront.remote();
    let ids = |key: &KeyId| world.cloudfront.ids_of(key);
    world.ledger.proven.retain(|key| ids(key).iter().any(|id| remote.in_key_group(id)));
    remote
}

fn create(world: &mut World, id: &KeyId) -> Result<KeyPairId, &'static str> {
    let created = world.cloudfront.create(&caller_reference(id), Some(id.clone()));
    assert!(world.cloudfront.ids_of(id).len() <= 1, "two public keys for {id}");
    created
}

/// Gives what is to be recorded.
fn carry_out(world: &mut World, action: &Action) -> Result<Action, ()> {
    let key_pair_id = |id: &KeyId| world.document.entry(id).unwrap().key_pair_id().unwrap().clone();
    match action {
        Action::Publish { id } => {
            let key_pair_id = create(world, id).expect("the plan saw room in the account");
            return Ok(Action::Adopt { id: id.clone(), key_pair_id });
        }
        Action::Trust { id } => {
            let key_pair_id = key_pair_id(id);
            let members = world.cloudfront.members();
            if !members.contains(&key_pair_id) {
                let members = [members, &[key_pair_id]].concat();
                world.cloudfront.update(members, world.now).expect("the plan saw room in the key group");
            }
        }
        Action::Prove { id } => prove(world, id, &key_pair_id(id))?,
        Action::Untrust { id } => {
            let key_pair_id = key_pair_id(id);
            assert_eq!(world.cloudfront.key(&key_pair_id), Some(Some(id)), "a foreign key is taken out");
            if world.cloudfront.members().contains(&key_pair_id) {
                assert!(world.cloudfront.members().len() > 1, "CloudFront keeps no group empty");
                world.ledger.taken_out(id, world.now, world.wall(), world.clock_error);
                world.take_out(&key_pair_id);
            }
        }
        Action::Delete { id } => {
            let key_pair_id = key_pair_id(id);
            assert_eq!(world.cloudfront.key(&key_pair_id), Some(Some(id)), "a foreign key is deleted");
            wait_for(world, |world| world.cloudfront.refused_everywhere(&key_pair_id, world.now))?;
            world.cloudfront.delete(&key_pair_id).expect("the plan saw that no key group names it");
        }
        _ => {}
    }
    Ok(action.clone())
}

fn prove(world: &mut World, id: &KeyId, key_pair_id: &KeyPairId) -> Result<(), ()> {
    wait_for(world, |world| world.cloudfront.accepted_everywhere(key_pair_id, world.now))?;
    world.ledger.proven.insert(id.clone());
    Ok(())
}

fn wait_for(world: &mut World, seen: impl Fn(&World) -> bool) -> Result<(), ()> {
    let deadline = world.now + PROOF_DEADLINE;
    while !seen(world) {
        let next = world.cloudfront.changes(world.now, deadline).min();
        world.sleep(next.unwrap_or(deadline) - world.now);
        if next.is_none() {
            return Err(());
        }
    }
    Ok(())
}

/// `keys rollback`.
pub(super) fn roll_back(world: &mut World) {
    let successors = world.in_state(&[State::Generated, State::Published, State::Trusted, State::Proven]);
    let active = world.document.active().map(|active| active.id().clone());
    let Ok(document) =
        world.document.clone().with_rollback(&world.cloudfront.remote(), &world.settings, world.wall())
    else {
        return;
    };
    world.asked = match successors.is_empty() {
        true => document.successor().map(|before| before.id().clone()),
        false => active,
    };
    world.write(document);
}

/// `keys revoke ID`.
pub(super) fn revoke(world: &mut World, id: &KeyId) {
    let is_active = world.document.active().is_some_and(|active| active.id() == id);
    let remote = world.cloudfront.remote();
    match world.document.clone().with_revoked(id, Some(&remote), &world.settings, world.wall()) {
        Ok(document) => {
            world.ledger.exempt.insert(id.clone());
            world.ledger.revoked.insert(id.clone());
            if world.asked.as_ref() == Some(id) {
                let next = document.successor().or(document.active());
                world.asked = next.map(|next| next.id().clone());
            }
            world.write(document);
        }
        Err(DocumentError::Transition(_)) => assert!(is_active, "only the only key is not revoked"),
        Err(other) => panic!("{other}"),
    }
}

/// What a person does about an obstacle.
pub(super) fn remedy(world: &mut World, obstacle: &Obstacle) {
    let successor = world.document.successor().map(|successor| successor.id().clone());
    match obstacle {
        Obstacle::KeyGroupFull { .. } | Obstacle::AccountFull { .. } => world.remove_foreign(),
        Obstacle::SuccessorVanished { .. } | Obstacle::SuccessorTakenOut { .. } | Obstacle::NoKey => {
            world.rotate()
        }
        Obstacle::ActiveVanished { .. } if successor.is_none() => world.rotate(),
        Obstacle::OtherPublicKey { id, .. } if successor.as_ref().is_none_or(|next| next == id) => {
            world.rotate()
        }
        Obstacle::OnlyMember { .. } if successor.is_none() => world.rotate(),
        Obstacle::ActiveVanished { .. } | Obstacle::OtherPublicKey { .. } | Obstacle::OnlyMember { .. } => {}
        Obstacle::NoKeyGroup => panic!("the key group is always there"),
    }
}
