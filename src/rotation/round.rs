use std::sync::Arc;
use std::time::Duration;

use super::error::RotationError;
use super::event::{Event, Standing};
use super::journal;
use super::manual::Confirmation;
use super::observe::{believed, check_distribution, observe};
use super::rotator::{Hands, Rotator};
use super::steps::step_name;
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, Signer, SigningKey};
use crate::keyring::{
    Action, Document, Entry, KeyId, KeyringError, Phase, Record, Remote, State, Step, Writer, plan, record,
};

/// More steps than any rotation takes.
const MOST_STEPS: usize = 60;

/// How often a step is looked at again that had no clear answer.
const MOST_DOUBTS: usize = 4;

/// How long CloudFront is left alone after a call that it did not answer.
const AFTER_DOUBT: Duration = Duration::from_secs(1);

/// Hears what goes on.
pub type Tell<'a> = &'a mut dyn FnMut(Event);

/// One turn of a rotation, by the one process that may change the keyring: it looks at CloudFront, plans, takes the
/// first step, writes down that it is done, and looks again, until nothing is due.
///
/// Whenever it dies, the keyring and the journal say enough for the next one to go on: an intent is on disk before
/// the call that it is about, and a result after it.
pub struct Round<'a> {
    pub(super) rotator: &'a Rotator<'a>,
    pub(super) writer: Writer,
    /// What a person said, until it is used.
    pub(super) confirmation: Option<Confirmation>,
}

impl<'a> Round<'a> {
    pub(super) fn new(rotator: &'a Rotator<'a>, writer: Writer) -> Self {
        let confirmation = match &rotator.hands {
            Hands::Person(confirmation) => confirmation.clone(),
            Hands::Api(_) => None,
        };
        Self { rotator, writer, confirmation }
    }

    /// What `keyring.json` says.
    ///
    /// # Errors
    /// There is none, or it is refused.
    pub fn document(&self) -> Result<Document, RotationError> {
        Ok(self.writer.view().document()?)
    }

    /// Makes a successor, unless one of the wanted kind is under way that can go on. What is not asked for is as with
    /// the active key.
    ///
    /// # Errors
    /// The grants cannot be served with such a key, or it cannot be written; then nothing is changed.
    pub async fn make_successor(
        &mut self,
        algorithm: Option<KeyAlgorithm>,
        hash: Option<HashAlgorithm>,
        tell: Tell<'_>,
    ) -> Result<(), RotationError> {
        if let Hands::Api(cloudfront) = &self.rotator.hands {
            check_distribution(cloudfront, &self.rotator.place).await?;
        }
        let document = self.document()?;
        if let Some(entry) = self.usable_successor(&document, algorithm, hash).await? {
            tell(Event::GoesOn { id: entry.id().clone(), state: entry.state() });
            return Ok(());
        }
        let active = document.active();
        let algorithm = algorithm.or(active.map(Entry::algorithm)).unwrap_or(KeyAlgorithm::Rsa2048);
        let hash = hash.or(active.map(Entry::hash)).unwrap_or_default();
        let key = Arc::new(SigningKey::generate(algorithm).map_err(KeyringError::Generation)?);
        let stand_in = "K0".parse().expect("a Key-Pair-Id");
        (self.rotator.servable)(&Signer::new(stand_in, Arc::clone(&key), hash))
            .map_err(RotationError::Unservable)?;
        let now = (self.rotator.now)();
        let document = document.with_generated(key.public_key(), hash, now)?;
        self.refuse_stuck(&document).await?;
        self.writer.commit(&document, Some(&key), &[]).await?;
        tell(Event::Made { id: KeyId::of(key.public_key()), algorithm, hash });
        Ok(())
    }

    /// A successor that could not get into the key group is not even made: five keys in the group, ten in the account.
    async fn refuse_stuck(&self, with_successor: &Document) -> Result<(), RotationError> {
        let steps = self.plan(with_successor).await?;
        let obstacle = steps.into_iter().find_map(|step| match step.action {
            // What is wrong with a key of ours is what a successor puts right.
            Action::Blocked(obstacle) if obstacle.key().is_none() => Some(obstacle),
            _ => None,
        });
        obstacle.map_or(Ok(()), |obstacle| Err(RotationError::Obstacle(obstacle)))
    }

    /// The successor under way, if it is of the wanted kind and nothing is known that it cannot get past.
    async fn usable_successor<'d>(
        &self,
        document: &'d Document,
        algorithm: Option<KeyAlgorithm>,
        hash: Option<HashAlgorithm>,
    ) -> Result<Option<&'d Entry>, RotationError> {
        let Some(entry) = document.successor() else { return Ok(None) };
        let is_wanted = algorithm.is_none_or(|wanted| wanted == entry.algorithm())
            && hash.is_none_or(|wanted| wanted == entry.hash());
        if !is_wanted {
            return Ok(None);
        }
        let steps = self.plan(document).await?;
        let is_lost = steps.iter().any(
            |step| matches!(&step.action, Action::Blocked(obstacle) if obstacle.key() == Some(entry.id())),
        );
        Ok((!is_lost).then_some(entry))
    }

    /// The way back: the successor is given up, or the key before signs again.
    ///
    /// # Errors
    /// There is no way back, or it cannot be written.
    pub async fn roll_back(&mut self, tell: Tell<'_>) -> Result<(), RotationError> {
        let before = self.document()?;
        let remote = self.observe(&before).await?;
        let after = before.clone().with_rollback(&remote, &self.rotator.settings, (self.rotator.now)())?;
        self.writer.commit(&after, None, &[]).await?;
        for entry in changed(&before, &after) {
            let what = match entry.state() {
                State::Trusted => {
                    format!("key {} is to sign again, once the edge was seen to accept it", entry.id())
                }
                _ => format!("key {} is given up", entry.id()),
            };
            tell(Event::Decided { what });
        }
        Ok(())
    }

    /// Nobody is to trust the key from now on.
    ///
    /// # Errors
    /// It is the only key that can sign, or CloudFront could not be asked whether it is, or it cannot be written.
    pub async fn revoke(&mut self, id: &KeyId, tell: Tell<'_>) -> Result<(), RotationError> {
        let before = self.document()?;
        let is_active = before.active().is_some_and(|active| active.id() == id);
        // Any other key is revoked even while CloudFront does not answer.
        let remote = if is_active { Some(self.observe(&before).await?) } else { None };
        let (settings, now) = (&self.rotator.settings, (self.rotator.now)());
        let after = before.clone().with_revoked(id, remote.as_ref(), settings, now)?;
        self.writer.commit(&after, None, &[]).await?;
        for entry in changed(&before, &after) {
            let what = match entry.state() {
                State::Active => format!("key {} signs from now on", entry.id()),
                _ => {
                    format!("key {} is revoked: it leaves the key group now, whatever it signed", entry.id())
                }
            };
            tell(Event::Decided { what });
        }
        Ok(())
    }

    /// Takes every step that is due.
    ///
    /// # Errors
    /// [`RotationError`]; what was done until then is recorded.
    pub async fn carry_on(&mut self, tell: Tell<'_>) -> Result<Standing, RotationError> {
        let mut doubts = 0;
        for _ in 0..MOST_STEPS {
            if self.rotator.stop.is_asked() {
                return Ok(Standing::Stopped);
            }
            let document = self.document()?;
            self.destroy_what_is_gone(&document, tell).await?;
            let steps = self.plan(&document).await?;
            let Some(step) = steps.first().filter(|step| is_due(&step.action)) else {
                return match self.confirmation {
                    Some(_) => Err(RotationError::NothingAsked),
                    None => Ok(standing(&steps)),
                };
            };
            match self.take(step, &document, tell).await {
                Ok(Taken::Done) => doubts = 0,
                Ok(Taken::ByHand) => return Ok(Standing::ByHand),
                Ok(Taken::Stopped) => return Ok(Standing::Stopped),
                Err(RotationError::Api(error)) if error.may_have_succeeded() && doubts < MOST_DOUBTS => {
                    doubts += 1;
                    tell(Event::Unsure { action: step.action.clone(), error });
                    tokio::time::sleep(AFTER_DOUBT).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(RotationError::Endless(MOST_STEPS))
    }

    /// What CloudFront has, or should have where a person is its hands.
    async fn observe(&self, document: &Document) -> Result<Remote, RotationError> {
        match &self.rotator.hands {
            Hands::Api(cloudfront) => Ok(observe(cloudfront, &self.rotator.place).await?),
            Hands::Person(_) => Ok(believed(document, &self.writer.view().journal()?)),
        }
    }

    /// What comes next, by all that can be seen.
    pub(super) async fn plan(&self, document: &Document) -> Result<Vec<Step>, RotationError> {
        let remote = self.observe(document).await?;
        Ok(plan(document, &remote, (self.rotator.now)(), &self.rotator.settings))
    }

    /// The step `begun` is done, and `done` is what came of it: the keyring says so, then the journal. Only a public
    /// key that was created has come to something else, its id.
    pub(super) async fn recorded(
        &mut self,
        document: Document,
        begun: &Action,
        done: &Action,
        tell: Tell<'_>,
    ) -> Result<(), RotationError> {
        let now = (self.rotator.now)();
        let document = record(document, done, &self.rotator.settings, now)?;
        let key = begun.key().cloned();
        let records: Vec<Record> =
            key.iter().map(|key| journal::entry(now, key, step_name(begun), Phase::Done)).collect();
        self.writer.commit(&document, None, &records).await?;
        let entry = key.and_then(|key| document.entry(&key).ok().cloned());
        let key_pair_id = entry.and_then(|entry| entry.key_pair_id().cloned());
        tell(Event::Done { action: begun.clone(), key_pair_id });
        Ok(())
    }

    /// A private key that nothing trusts any more is good for nothing but being stolen.
    async fn destroy_what_is_gone(
        &mut self,
        document: &Document,
        tell: Tell<'_>,
    ) -> Result<(), RotationError> {
        for entry in document.entries().iter().filter(|entry| entry.state() == State::Gone) {
            if self.writer.destroy(entry.id()).await? {
                tell(Event::Destroyed { id: entry.id().clone() });
            }
        }
        Ok(())
    }
}

/// What came of a step.
pub(super) enum Taken {
    Done,
    ByHand,
    Stopped,
}

fn is_due(action: &Action) -> bool {
    !matches!(action, Action::Wait { .. } | Action::Blocked(_))
}

/// Where it stands once nothing is due: what comes after the first obstacles or the first wait is not looked at yet.
fn standing(steps: &[Step]) -> Standing {
    let mut obstacles = Vec::new();
    for Step { action, reason } in steps {
        match action {
            Action::Blocked(obstacle) => obstacles.push(obstacle.clone()),
            Action::Wait { until } if obstacles.is_empty() => {
                return Standing::Waiting { until: *until, reason: reason.clone() };
            }
            _ => break,
        }
    }
    if obstacles.is_empty() { Standing::Finished } else { Standing::Blocked(obstacles) }
}

/// The entries that differ, as they are after.
fn changed<'d>(before: &'d Document, after: &'d Document) -> impl Iterator<Item = &'d Entry> {
    after.entries().iter().filter(|entry| before.entry(entry.id()).ok() != Some(*entry))
}
