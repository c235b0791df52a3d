//! The simulated edge nodes: each has the behaviours as far as changes have reached it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use serde::Serialize;

use super::behaviour::Behaviour;
use super::propagation::{Propagation, Timeline};

/// Edge nodes that answer in turn, one request each.
pub(super) struct Nodes {
    propagation: Propagation,
    timelines: ArcSwap<Vec<Timeline<Arc<[Behaviour]>>>>,
    /// How many changes there were.
    changes: AtomicU64,
    /// How many requests there were: which node is next.
    requests: AtomicUsize,
}

impl Nodes {
    /// Nodes that all have the same behaviours.
    pub(super) fn new(propagation: Propagation, behaviours: Arc<[Behaviour]>, now: Instant) -> Self {
        let timelines = vec![Timeline::starting_with(behaviours, now); propagation.nodes()];
        Self {
            propagation,
            timelines: ArcSwap::from_pointee(timelines),
            changes: AtomicU64::new(0),
            requests: AtomicUsize::new(0),
        }
    }

    /// Sends new behaviours on their way to every node. Not for two callers at once: the control plane's lock orders them.
    pub(super) fn publish(&self, behaviours: &Arc<[Behaviour]>, now: Instant) {
        let change = self.changes.fetch_add(1, Ordering::Relaxed);
        let timelines = self.timelines.load();
        let next = timelines.iter().enumerate().map(|(node, timeline)| {
            timeline.with(behaviours.clone(), self.propagation.due(change, node, now), now)
        });
        self.timelines.store(Arc::new(next.collect()));
    }

    /// The node whose turn it is, and the behaviours that it has by now.
    pub(super) fn next(&self, now: Instant) -> (Pop, Arc<[Behaviour]>) {
        let node = self.requests.fetch_add(1, Ordering::Relaxed) % self.propagation.nodes();
        (Pop(node), self.timelines.load()[node].current(now).clone())
    }

    /// Whether every change has reached every node.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        self.timelines.load().iter().all(|timeline| timeline.is_settled(now))
    }
}

impl fmt::Debug for Nodes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Nodes").field("propagation", &self.propagation).finish_non_exhaustive()
    }
}

/// The place that answered, as `X-Amz-Cf-Pop` names it: `EDG50-P1`, `EDG50-P2`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Pop(usize);

impl fmt::Display for Pop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EDG50-P{}", self.0 + 1)
    }
}

impl From<Pop> for String {
    fn from(pop: Pop) -> Self {
        pop.to_string()
    }
}
