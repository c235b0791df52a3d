//! What is written down around a step in CloudFront.

use time::OffsetDateTime;

use super::api::ApiError;
use super::error::RotationError;
use super::round::Round;
use crate::keyring::{KeyId, Phase, Record, caller_reference};

pub(super) fn entry(at: OffsetDateTime, key: &KeyId, step: &str, phase: Phase) -> Record {
    Record {
        at: at.truncate_to_second(),
        key: key.clone(),
        step: step.to_owned(),
        phase,
        caller_reference: None,
        detail: None,
    }
}

impl Round<'_> {
    /// Writes, durably, that a step is about to be taken.
    pub(super) async fn intend(&mut self, id: &KeyId, step: &str) -> Result<(), RotationError> {
        let mut intent = entry((self.rotator.now)(), id, step, Phase::Intent);
        if step == "publish" {
            intent.caller_reference = Some(caller_reference(id));
        }
        Ok(self.writer.record(intent).await?)
    }

    /// Whether a step was begun, or shown to a person, and nothing is known of what came of it.
    pub(super) fn is_open(&self, id: &KeyId, step: &str) -> Result<bool, RotationError> {
        Ok(self.writer.view().journal()?.open_intent(id, step).is_some())
    }

    /// Writes that a call was refused, if it certainly did nothing.
    pub(super) async fn failed(
        &mut self,
        id: &KeyId,
        step: &str,
        error: &ApiError,
    ) -> Result<(), RotationError> {
        if error.may_have_succeeded() {
            return Ok(());
        }
        let mut failed = entry((self.rotator.now)(), id, step, Phase::Failed);
        failed.detail = Some(error.to_string());
        Ok(self.writer.record(failed).await?)
    }
}
