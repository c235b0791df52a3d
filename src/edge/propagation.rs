//! How a change reaches the simulated edge nodes: each at its own time, and never backwards.

use std::num::NonZeroU8;
use std::time::{Duration, Instant};

/// How many edge nodes there are, and how long a change takes to reach the last of them.
///
/// The n-th change reaches node i after `longest × (((i + n) mod nodes) + 1) / nodes`. So the nodes disagree while a
/// change is under way, another node is the first each time, and a later change can overtake an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propagation {
    longest: Duration,
    nodes: NonZeroU8,
}

impl Propagation {
    /// `longest` is the time after which every node has a change; zero means at once.
    pub fn new(longest: Duration, nodes: NonZeroU8) -> Self {
        Self { longest, nodes }
    }

    pub(super) fn nodes(self) -> usize {
        usize::from(self.nodes.get())
    }

    /// From the change on the control plane to its arrival at the node. Both are counted from zero.
    fn delay(self, change: u64, node: usize) -> Duration {
        let nodes = u64::from(self.nodes.get());
        let slot = (node as u64).wrapping_add(change) % nodes + 1;
        // Both fit: a node count is at most 255.
        self.longest / u32::from(self.nodes.get()) * u32::try_from(slot).unwrap_or(u32::MAX)
    }

    /// When a change that is made at `now` arrives at the node.
    pub(super) fn due(self, change: u64, node: usize, now: Instant) -> Instant {
        // A time beyond what the clock can tell is never reached; a day stands for it.
        let delay = self.delay(change, node);
        now.checked_add(delay).unwrap_or(now + Duration::from_secs(86_400))
    }
}

/// What one node has, and what is on its way to it: oldest first, each due later than the one before.
#[derive(Clone, Debug)]
pub(super) struct Timeline<T>(Vec<(Instant, T)>);

impl<T: Clone> Timeline<T> {
    /// A node that has `first` since `now`.
    pub(super) fn starting_with(first: T, now: Instant) -> Self {
        Self(vec![(now, first)])
    }

    /// The same with one change more. What would arrive at or after `due` is left out: it is older than this change,
    /// and a node does not go back.
    pub(super) fn with(&self, change: T, due: Instant, now: Instant) -> Self {
        let current = self.current_index(now);
        let mut kept: Vec<(Instant, T)> =
            self.0[current..].iter().filter(|(other, _)| *other < due).cloned().collect();
        kept.push((due, change));
        Self(kept)
    }

    /// What the node goes by.
    pub(super) fn current(&self, now: Instant) -> &T {
        &self.0[self.current_index(now)].1
    }

    /// Whether nothing is on its way any more.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        self.0.iter().all(|(due, _)| *due <= now)
    }

    fn current_index(&self, now: Instant) -> usize {
        self.0.iter().rposition(|(due, _)| *due <= now).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn three_nodes() -> Propagation {
        Propagation::new(3 * SECOND, NonZeroU8::new(3).unwrap())
    }

    #[test]
    fn each_node_has_its_own_time_and_the_first_one_changes() {
        let delays = |change| [0, 1, 2].map(|node| three_nodes().delay(change, node).as_secs());
        assert_eq!(
            [delays(0), delays(1), delays(2), delays(3)],
            [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3]]
        );
        let lone = Propagation::new(SECOND, NonZeroU8::MIN);
        assert_eq!([lone.delay(0, 0), lone.delay(7, 0)], [SECOND; 2]);
        assert_eq!(Propagation::new(Duration::ZERO, NonZeroU8::MAX).delay(3, 200), Duration::ZERO);
        let start = Instant::now();
        assert!(Propagation::new(Duration::MAX, NonZeroU8::MIN).due(0, 0, start) > start);
    }

    #[test]
    fn a_change_is_there_from_its_time_on() {
        let start = Instant::now();
        let node = Timeline::starting_with("old", start).with("new", start + SECOND, start);
        let almost = start + SECOND - Duration::from_nanos(1);
        assert_eq!((*node.current(start), *node.current(almost)), ("old", "old"));
        assert_eq!(*node.current(start + SECOND), "new");
        assert!(!node.is_settled(almost) && node.is_settled(start + SECOND));
    }

    #[test]
    fn what_is_overtaken_never_comes_back() {
        let start = Instant::now();
        let node = Timeline::starting_with(0, start).with(1, start + 3 * SECOND, start).with(
            2,
            start + SECOND,
            start,
        );
        let seen = [0, 1, 2, 3, 4].map(|second| *node.current(start + second * SECOND));
        assert_eq!(seen, [0, 2, 2, 2, 2]);
        // Two that arrive together: the later change counts.
        let node = node.with(3, start + 2 * SECOND, start).with(4, start + 2 * SECOND, start);
        let seen = [0, 1, 2, 3].map(|second| *node.current(start + second * SECOND));
        assert_eq!(seen, [0, 2, 4, 4]);
    }

    #[test]
    fn every_node_ends_with_the_last_change_and_never_goes_back() {
        let start = Instant::now();
        // Changes closer together than the spread of the nodes, which is when they overtake each other.
        for gap in [Duration::ZERO, SECOND / 3, SECOND, 2 * SECOND, 10 * SECOND] {
            for node in 0..3 {
                let mut timeline = Timeline::starting_with(0, start);
                let mut seen = 0;
                for change in 0..20_u32 {
                    let now = start + gap * change;
                    timeline =
                        timeline.with(change + 1, three_nodes().due(u64::from(change), node, now), now);
                    assert!(*timeline.current(now) >= seen);
                    seen = *timeline.current(now);
                }
                let end = start + gap * 19 + 3 * SECOND;
                assert_eq!((*timeline.current(end), timeline.is_settled(end)), (20, true));
                assert!(timeline.0.len() <= 12, "what nobody can see any more is not kept");
            }
        }
    }
}
