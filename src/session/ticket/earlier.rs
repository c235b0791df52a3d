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
    /// Those that an app, whose clock may be behind by as much as is allowed for, cannot have issued after
    /// `started` (epoch seconds), when this process began. A ticket issued since is never among them; one
    /// issued in the last seconds before, by as much as clocks may differ, is not either.
    pub fn before(started: i64, settings: &TicketSettings) -> Self {
        let leeway = i64::try_from(settings.leeway.as_secs()).unwrap_or(i64::MAX);
        Self { issued_before: started.saturating_sub(leeway), until: settings.max_lifetime }
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
        for issued_at in [i64::MIN, 0, 940, 994] {
            assert!(earlier.may_have_taken(issued_at, seconds(0)), "{issued_at}");
            // A ticket of 994 with all of its 60 s and 5 s of leeway is refused from 1059 on.
            assert!(earlier.may_have_taken(issued_at, seconds(60)), "{issued_at}");
            assert!(!earlier.may_have_taken(issued_at, seconds(61)), "{issued_at}");
        }
        for issued_at in [995, 1000, 1005, i64::MAX] {
            assert!(!earlier.may_have_taken(issued_at, seconds(0)), "{issued_at}");
        }
    }
}
