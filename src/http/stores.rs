//! Where used tickets and revocations are remembered: here, or where other instances see them too.

use std::io;

use crate::config::{SharedStore, StoreConfig};
use crate::session::redis::{RedisClient, RedisFailure, Use};
use crate::session::replay::ReplayStore;
use crate::session::revocation::Revocations;

pub(super) struct Stores {
    pub(super) replay: ReplayStore,
    pub(super) revocations: Revocations,
    pub(super) health: StoreHealth,
}

impl Stores {
    /// Those of a configuration. A Redis is connected to in the background.
    ///
    /// # Errors
    /// If the system gives no thread for that.
    pub(super) fn open(config: &StoreConfig) -> io::Result<Self> {
        let Some(shared) = &config.redis else {
            return Ok(Self {
                replay: ReplayStore::in_memory(ReplayStore::DEFAULT_CAPACITY),
                revocations: Revocations::in_memory(Revocations::DEFAULT_CAPACITY, config.revocations),
                health: StoreHealth(None),
            });
        };
        let client = open_redis(shared)?;
        Ok(Self {
            replay: ReplayStore::in_redis(client.clone(), &shared.prefix),
            revocations: Revocations::in_redis(client.clone(), &shared.prefix, config.revocations),
            health: StoreHealth(Some(client)),
        })
    }
}

/// A client of the store that instances share, as the service uses it: one that keeps things there.
///
/// # Errors
/// If the system gives no thread.
pub fn open_redis(shared: &SharedStore) -> io::Result<RedisClient> {
    let probe = format!("{}probe", shared.prefix);
    RedisClient::open(&shared.settings, "store", Use::Keep { probe })
}

/// Whether the stores can be asked.
pub(super) struct StoreHealth(Option<RedisClient>);

impl StoreHealth {
    /// Costs no round trip.
    pub(super) fn check(&self) -> Result<(), RedisFailure> {
        self.0.as_ref().map_or(Ok(()), RedisClient::health)
    }
}
