//! What was called, for tests to look at. No body and no header is in it.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::edge::control::operation::Operation;

/// Entries that are kept; older ones go.
const LONGEST: usize = 10_000;

/// Calls since the start, or since they were last forgotten.
#[derive(Debug, Default, Serialize)]
pub(super) struct History {
    /// Calls that came in, signed and well-routed, whatever became of them.
    arrived: BTreeMap<Operation, u64>,
    /// Those that were carried out or refused, in the order of that.
    calls: VecDeque<Entry>,
}

/// What became of a call.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) call: Operation,
    /// The id in the path.
    pub(super) id: String,
    /// What the call came to, even if the answer was never sent. `None` if it was dropped before that.
    pub(super) status: Option<u16>,
    /// The code of the error.
    pub(super) code: Option<String>,
    /// The fault that struck it.
    pub(super) fault: Option<&'static str>,
}

impl History {
    pub(super) fn arrived(&mut self, operation: Operation) {
        *self.arrived.entry(operation).or_default() += 1;
    }

    pub(super) fn add(&mut self, entry: Entry) {
        if self.calls.len() == LONGEST {
            self.calls.pop_front();
        }
        self.calls.push_back(entry);
    }
}
