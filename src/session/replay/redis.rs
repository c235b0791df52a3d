//! Used tickets in a Redis that several instances share.

use redis::cmd;

use super::{JtiKey, ReplayError, ReplayOutage};
use crate::session::redis::{RedisClient, RedisFailure};

/// Seconds after its expiry for which a ticket is still remembered, and then no longer taken. So far may the
/// clocks of the instances be from that of Redis.
const MARGIN: i64 = 60;

/// Remembers the ticket until the second `ARGV[1]` by Redis' own clock, which the instances share. A ticket that
/// may have been forgotten by then is not taken, whatever the clock of an instance says.
const REDEEM: &str = "
local left = tonumber(ARGV[1]) - tonumber(redis.call('TIME')[1])
if left <= 0 then return 'late' end
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', left) then return 'new' end
return 'used'";

/// The used tickets of all instances.
#[derive(Debug)]
pub(super) struct RedisReplay {
    client: RedisClient,
    prefix: String,
}

impl RedisReplay {
    pub(super) fn new(client: RedisClient, prefix: &str) -> Self {
        Self { client, prefix: format!("{prefix}ticket:") }
    }

    pub(super) async fn redeem(&self, key: &JtiKey, expires: i64) -> Result<(), ReplayError> {
        let name = format!("{}{:032x}", self.prefix, u128::from_be_bytes(*key.as_bytes()));
        let mut redeem = cmd("EVAL");
        redeem.arg(REDEEM).arg(1).arg(name).arg(expires.saturating_add(MARGIN));
        let outcome: String = self.client.ask(&redeem).await.map_err(unavailable)?;
        match outcome.as_str() {
            "new" => Ok(()),
            "used" => Err(ReplayError::AlreadyUsed),
            "late" => Err(ReplayError::Unavailable(ReplayOutage::ClocksApart)),
            _ => Err(unavailable(RedisFailure::Garbage)),
        }
    }
}

fn unavailable(failure: RedisFailure) -> ReplayError {
    ReplayError::Unavailable(ReplayOutage::Redis(failure))
}
