//! What the plan says, in the order of time.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::span::{between, span};
use crate::keyring::{Action, KeyId, Step, moment};
use crate::rotation::step_name;

/// A step, and from when on it can be taken.
pub(super) struct Due<'a> {
    pub(super) step: &'a Step,
    /// None: now.
    pub(super) at: Option<OffsetDateTime>,
}

/// Every step with its time: what stands behind a wait comes after it.
pub(super) fn forecast(steps: &[Step]) -> Vec<Due<'_>> {
    let mut at = None;
    let due = steps.iter().map(|step| {
        if let Action::Wait { until } = step.action {
            at = Some(until);
        }
        Due { step, at }
    });
    due.collect()
}

/// What is really done next: neither a wait nor an obstacle.
pub(super) fn first_deed<'f, 'a>(due: &'f [Due<'a>]) -> Option<&'f Due<'a>> {
    due.iter().find(|due| !matches!(due.step.action, Action::Wait { .. } | Action::Blocked(_)))
}

/// The next step that is about a key.
pub(super) fn next_of<'f, 'a>(due: &'f [Due<'a>], id: &KeyId) -> Option<&'f Due<'a>> {
    due.iter().find(|due| due.step.action.key() == Some(id))
}

impl Due<'_> {
    /// For people: `now: put … into the key group`.
    pub(super) fn line(&self, now: OffsetDateTime) -> String {
        let action = &self.step.action;
        match (action, self.at) {
            (Action::Wait { .. } | Action::Blocked(_), _) => action.to_string(),
            (_, None) => format!("now: {action}"),
            (_, Some(at)) => format!("{} (in {}): {action}", moment(at), span(between(now, at))),
        }
    }

    pub(super) fn json(&self) -> Value {
        let Step { action, reason } = self.step;
        json!({
            "step": step_name(action), "key": action.key(), "action": action.to_string(), "reason": reason,
            "at": self.at.map(moment),
        })
    }
}
