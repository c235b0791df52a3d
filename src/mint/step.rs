use std::time::Duration;

use crate::cloudfront::{EpochSeconds, PolicyError};

/// The multiple that expiries are rounded up to, so that equal grants share one signature: at most
/// one signature for each step, grant and key, however many listeners ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryStep(i64);

impl ExpiryStep {
    /// `None` unless the step is a whole number of seconds, at least one.
    #[must_use]
    pub fn new(step: Duration) -> Option<Self> {
        let whole = step.subsec_nanos() == 0 && step.as_secs() > 0;
        i64::try_from(step.as_secs()).ok().filter(|_| whole).map(Self)
    }

    /// Seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// (now + lifetime) rounded up, in epoch seconds: a listener gets at least the lifetime, and
    /// less than one step more.
    ///
    /// # Errors
    /// [`PolicyError::EpochOutOfRange`] beyond what CloudFront reads.
    pub fn expiry(self, now: i64, lifetime: Duration) -> Result<EpochSeconds, PolicyError> {
        let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        let wanted = now.saturating_add(lifetime);
        let rest = wanted.rem_euclid(self.0);
        EpochSeconds::new(if rest == 0 { wanted } else { wanted.saturating_add(self.0 - rest) })
    }

    /// Seconds from `now` until [`ExpiryStep::expiry`] gives another answer: 1 to the step.
    #[must_use]
    pub fn until_next(self, now: i64, lifetime: Duration) -> i64 {
        let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        let rest = now.saturating_add(lifetime).rem_euclid(self.0);
        if rest == 0 { 1 } else { self.0 - rest + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_and_never_down() {
        let step = ExpiryStep::new(Duration::from_secs(60)).unwrap();
        let lifetime = Duration::from_secs(300);
        for (now, expected) in [(0, 300), (1, 360), (59, 360), (60, 360), (61, 420)] {
            assert_eq!(step.expiry(now, lifetime).unwrap().get(), expected, "{now}");
        }
    }

    #[test]
    fn knows_when_the_answer_changes() {
        let step = ExpiryStep::new(Duration::from_secs(7)).unwrap();
        let lifetime = Duration::from_secs(20);
        for now in 1..50 {
            let wait = step.until_next(now, lifetime);
            let expiry = step.expiry(now, lifetime).unwrap();
            assert_eq!(step.expiry(now + wait - 1, lifetime).unwrap(), expiry, "{now}");
            assert_ne!(step.expiry(now + wait, lifetime).unwrap(), expiry, "{now}");
        }
    }

    #[test]
    fn refuses_steps_and_times_that_are_none() {
        assert_eq!(ExpiryStep::new(Duration::ZERO), None);
        assert_eq!(ExpiryStep::new(Duration::from_millis(1500)), None);
        let step = ExpiryStep::new(Duration::from_secs(60)).unwrap();
        assert!(step.expiry(2_147_483_640, Duration::from_secs(60)).is_err());
        assert!(step.expiry(i64::MAX, Duration::MAX).is_err());
        assert!(step.expiry(-400, Duration::from_secs(300)).is_err());
    }
}
