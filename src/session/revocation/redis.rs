//! Revocations in a Redis that several instances share.

use std::time::Duration;

use redis::cmd;

use super::{RevocationKey, StoreOutage, reaches};
use crate::session::Session;
use crate::session::redis::{RedisClient, RedisFailure};

/// Records the second `ARGV[1]` for `ARGV[2]` seconds, unless a later one stands there already: then that is
/// remembered for so long. What was to be remembered for longer is.
const REVOKE: &str = "
local before = tonumber(redis.call('GET', KEYS[1]))
local left = math.max(redis.call('TTL', KEYS[1]), tonumber(ARGV[2]))
if before and before >= tonumber(ARGV[1]) then
    redis.call('EXPIRE', KEYS[1], left)
else
    redis.call('SET', KEYS[1], ARGV[1], 'EX', left)
end
return 1";

/// The revocations of all instances.
#[derive(Debug)]
pub(super) struct RedisRevocations {
    client: RedisClient,
    prefix: String,
}

impl RedisRevocations {
    pub(super) fn new(client: RedisClient, prefix: &str) -> Self {
        Self { client, prefix: format!("{prefix}revoked:") }
    }

    pub(super) async fn revoke(
        &self,
        key: RevocationKey,
        reached: i64,
        remembered: Duration,
    ) -> Result<(), StoreOutage> {
        let mut revoke = cmd("EVAL");
        revoke.arg(REVOKE).arg(1).arg(self.name(key)).arg(reached).arg(remembered.as_secs());
        let _: i64 = self.client.ask(&revoke).await?;
        Ok(())
    }

    /// Asks for the listener and the session in one round trip.
    pub(super) async fn refuses(&self, session: &Session) -> Result<bool, StoreOutage> {
        let of_session = session.id.as_ref().map(RevocationKey::of_session);
        let names: Vec<_> =
            [RevocationKey::of_subject(&session.subject)].into_iter().chain(of_session).collect();
        let mut look = cmd("MGET");
        for key in &names {
            look.arg(self.name(*key));
        }
        let revoked: Vec<Option<i64>> = self.client.ask(&look).await?;
        // The library reads "nothing" as an empty list, and an answer to something else says of nobody that they are
        // not shut out.
        if revoked.len() != names.len() {
            return Err(RedisFailure::Garbage.into());
        }
        Ok(revoked.into_iter().flatten().any(|second| reaches(second, session.started)))
    }

    pub(super) fn health(&self) -> Result<(), RedisFailure> {
        self.client.health()
    }

    fn name(&self, key: RevocationKey) -> String {
        format!("{}{:032x}", self.prefix, u128::from_be_bytes(key.0))
    }
}
