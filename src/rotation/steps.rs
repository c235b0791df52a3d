//! Each step of the plan, carried out.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};

use super::api::{CloudFront, GroupChange};
use super::canary::Seen;
use super::error::RotationError;
use super::event::Event;
use super::manual::Instructions;
use super::rotator::Hands;
use super::round::{Round, Taken, Tell};
use crate::cloudfront::{KeyPairId, Signer};
use crate::keyring::{Action, Document, Entry, Step, caller_reference};

/// What people read of our public keys in CloudFront. Never another text: the same CallerReference with other
/// content is refused (rules §4).
const COMMENT: &str = "A signing key of edgemint";

/// The name of a step in the journal and in JSON, the same for every key.
#[must_use]
pub fn step_name(action: &Action) -> &'static str {
    match action {
        Action::Publish { .. } => "publish",
        Action::Adopt { .. } => "adopt",
        Action::Trust { .. } => "trust",
        Action::Prove { .. } => "prove",
        Action::Activate { .. } => "activate",
        Action::GiveUp { .. } => "give-up",
        Action::NoteCookieLife { .. } => "note-cookie-life",
        Action::Untrust { .. } => "untrust",
        Action::Delete { .. } => "delete",
        Action::Forget { .. } => "forget",
        Action::Wait { .. } => "wait",
        Action::Blocked(_) => "blocked",
    }
}

/// One of the two proofs that are made at the edge.
enum Proof {
    Accepted,
    Refused,
}

impl Round<'_> {
    /// Takes one step and records it.
    pub(super) async fn take(
        &mut self,
        step: &Step,
        document: &Document,
        tell: Tell<'_>,
    ) -> Result<Taken, RotationError> {
        let Step { action, reason } = step;
        tell(Event::Begun { action: action.clone(), reason: reason.clone() });
        match action {
            Action::Publish { id } => {
                let entry = document.entry(id)?;
                self.refuse_unservable(entry)?;
                return self.remotely(entry, document, action, tell).await;
            }
            Action::Trust { id } | Action::Untrust { id } => {
                return self.remotely(document.entry(id)?, document, action, tell).await;
            }
            Action::Delete { id } => {
                let entry = document.entry(id)?;
                if !self.see_refused(entry, tell).await? {
                    return Ok(Taken::Stopped);
                }
                return self.remotely(entry, document, action, tell).await;
            }
            Action::Prove { id } => {
                let entry = document.entry(id)?;
                let signer = self.signer(entry)?;
                if !self.proven(&signer, Proof::Accepted, tell).await? {
                    return Ok(Taken::Stopped);
                }
            }
            Action::Activate { id } => self.refuse_unservable(document.entry(id)?)?,
            Action::Adopt { .. }
            | Action::GiveUp { .. }
            | Action::NoteCookieLife { .. }
            | Action::Forget { .. }
            | Action::Wait { .. }
            | Action::Blocked(_) => {}
        }
        self.recorded(document.clone(), action, action, tell).await?;
        Ok(Taken::Done)
    }

    /// A step that changes something in CloudFront: its intent is on disk first, or nothing is changed.
    async fn remotely(
        &mut self,
        entry: &Entry,
        document: &Document,
        action: &Action,
        tell: Tell<'_>,
    ) -> Result<Taken, RotationError> {
        let name = step_name(action);
        let rotator = self.rotator;
        let Hands::Api(cloudfront) = &rotator.hands else {
            return self.by_hand(entry, document, action, tell).await;
        };
        self.intend(entry.id(), name).await?;
        match self.call(cloudfront, entry, action).await {
            Ok(done) => self.recorded(document.clone(), action, &done, tell).await?,
            Err(RotationError::Api(error)) => {
                self.failed(entry.id(), name, &error).await?;
                return Err(error.into());
            }
            Err(error) => return Err(error),
        }
        Ok(Taken::Done)
    }

    /// A step that a person takes: they are shown how, and say in a later round what came of it.
    async fn by_hand(
        &mut self,
        entry: &Entry,
        document: &Document,
        action: &Action,
        tell: Tell<'_>,
    ) -> Result<Taken, RotationError> {
        let name = step_name(action);
        let was_shown = self.is_open(entry.id(), name)?;
        if was_shown && let Some(confirmation) = self.confirmation.take() {
            let done = confirmation.of(action)?;
            self.recorded(document.clone(), action, &done, tell).await?;
            return Ok(Taken::Done);
        }
        if self.confirmation.is_some() {
            return Err(RotationError::NothingAsked);
        }
        let instructions = self.instructions(entry, action)?;
        self.intend(entry.id(), name).await?;
        tell(Event::ByHand(Box::new(instructions)));
        Ok(Taken::ByHand)
    }

    /// Makes the call of a step. What to record as done: for a new public key, its id.
    async fn call(
        &self,
        cloudfront: &CloudFront,
        entry: &Entry,
        action: &Action,
    ) -> Result<Action, RotationError> {
        let group = &self.rotator.place.key_group;
        match action {
            Action::Publish { id } => {
                let name = caller_reference(id);
                let key = self.writer.view().signing_key(entry)?;
                let made = cloudfront.create_public_key(&name, &name, COMMENT, key.public_key()).await?;
                return Ok(Action::Adopt { id: id.clone(), key_pair_id: made });
            }
            Action::Trust { .. } => {
                cloudfront.change_key_group(group, GroupChange::Add(key_pair_id(entry)?)).await?;
            }
            Action::Untrust { .. } => {
                cloudfront.change_key_group(group, GroupChange::Remove(key_pair_id(entry)?)).await?;
            }
            Action::Delete { .. } => cloudfront.delete_public_key(key_pair_id(entry)?).await?,
            _ => {}
        }
        Ok(action.clone())
    }

    fn instructions(&self, entry: &Entry, action: &Action) -> Result<Instructions, RotationError> {
        let key = match action {
            Action::Publish { .. } => Some(self.writer.view().signing_key(entry)?.public_key().clone()),
            _ => None,
        };
        Ok(Instructions::new(action, entry, key.as_ref(), &self.rotator.place.key_group, COMMENT))
    }

    /// The private key of an entry, ready to sign under its Key-Pair-Id.
    fn signer(&self, entry: &Entry) -> Result<Signer, RotationError> {
        let key = self.writer.view().signing_key(entry)?;
        Ok(Signer::new(key_pair_id(entry)?.clone(), Arc::new(key), entry.hash()))
    }

    /// A key that the grants cannot be served with must not sign: the servers would refuse it.
    fn refuse_unservable(&self, entry: &Entry) -> Result<(), RotationError> {
        let key = Arc::new(self.writer.view().signing_key(entry)?);
        let id = entry.key_pair_id().cloned().unwrap_or_else(|| "K0".parse().expect("a Key-Pair-Id"));
        (self.rotator.servable)(&Signer::new(id, key, entry.hash())).map_err(RotationError::Unservable)
    }

    /// Sees that the edge refuses a key that has left the key group. `false`: asked to stop.
    async fn see_refused(&self, entry: &Entry, tell: Tell<'_>) -> Result<bool, RotationError> {
        match self.signer(entry) {
            Ok(signer) => self.proven(&signer, Proof::Refused, tell).await,
            Err(error) => {
                // A lost private key must not keep its public key in CloudFront.
                tell(Event::NotSeenRefused { id: entry.id().clone(), reason: error.to_string() });
                Ok(true)
            }
        }
    }

    /// `false`: asked to stop.
    async fn proven(&self, signer: &Signer, proof: Proof, tell: Tell<'_>) -> Result<bool, RotationError> {
        let mut last = None;
        let mut tell_news = |seen: Seen| {
            let news = (seen.answer.clone(), seen.in_a_row == seen.wanted);
            if last.replace(news.clone()) != Some(news) {
                tell(Event::Probed(seen));
            }
        };
        let proof = async {
            match proof {
                Proof::Accepted => self.rotator.canary.prove_accepted(signer, &mut tell_news).await,
                Proof::Refused => self.rotator.canary.prove_refused(signer, &mut tell_news).await,
            }
        };
        match select(pin!(proof), pin!(self.rotator.stop.asked())).await {
            Either::Left((proven, _)) => proven.map(|()| true).map_err(RotationError::from),
            Either::Right(_) => Ok(false),
        }
    }
}

fn key_pair_id(entry: &Entry) -> Result<&KeyPairId, RotationError> {
    entry.key_pair_id().ok_or_else(|| RotationError::Unnamed(entry.id().clone()))
}
