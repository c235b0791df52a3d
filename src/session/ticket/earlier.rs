//! Tickets that an earlier process may have taken, of which a store in memory knows nothing.

use std::time::Duration;

use super::TicketSettings;

/// Tells tickets that an earlier process of this service may have used up from those that it cannot have.
#[derive(Clone, Copy, Debug)]
pub struct EarlierTickets {
    issued_before: i64,
    /// Later than this nobody takes them any more.
    until: Duration,
}

impl EarlierTickets {
    /// Those of an app whose clock agrees with ours, from before `started` (epoch seconds), when this process
    /// began. Of an app whose clock is ahead, tickets of the last seconds before are not among them; one whose
    /// clock is behind has its tickets refused for so many seconds longer.
    pub fn before(started: i64, settings: &TicketSettings) -> Self {
        Self { issued_before: started, until: settings.max_lifetime }
    }

    /// Whether an earlier process may have taken a ticket of this `iat`. `uptime` is how long this one has run,
    /// by a clock that is never set: once those tickets have expired, a wall clock that was wrong at the start
    /// and is put right shuts nobody out.
    #[must_use]
    pub fn may_have_taken(&self, issued_at: i64, uptime: Duration) -> bool {
        issued_at < self.issued_before && uptime <= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_issued_before_the_start_and_only_while_it_could_live() {
        let earlier = EarlierTickets::before(1000, &TicketSettings::new("a", "b", Vec::new()));
        let seconds = Duration::from_secs;
        for issued_at in [i64::MIN, 0, 940, 999] {
            assert!(earlier.may_have_taken(issued_at, seconds(0)), "{issued_at}");
            // A ticket of 999 with all of its 60 s is refused from 1059 on, but for the leeway.
            assert!(earlier.may_have_taken(issued_at, seconds(60)), "{issued_at}");
            assert!(!earlier.may_have_taken(issued_at, seconds(61)), "{issued_at}");
        }
        for issued_at in [1000, 1005, i64::MAX] {
            assert!(!earlier.may_have_taken(issued_at, seconds(0)), "{issued_at}");
        }
    }
}
