//! Where used tickets and revocations are remembered: here, or where other instances see them too.

use std::io;

use super::server::StartError;
use crate::config::{SharedStore, StoreConfig, StorePlace};
use crate::session::redis::{RedisClient, Use};
use crate::session::replay::ReplayStore;
use crate::session::revocation::Revocations;

pub(super) struct Stores {
    pub(super) replay: ReplayStore,
    pub(super) revocations: Revocations,
}

impl Stores {
    /// Those of a configuration, at the second `now` (epoch). A Redis is connected to in the background.
    ///
    /// # Errors
    /// [`StartError`] if a file cannot be used, or the system gives no thread.
    pub(super) fn open(config: &StoreConfig, now: i64) -> Result<Self, StartError> {
        // After a start, tickets from before it are refused: what was used needs no file.
        let used_here = || ReplayStore::in_memory(ReplayStore::DEFAULT_CAPACITY);
        let (capacity, remembered) = (Revocations::DEFAULT_CAPACITY, config.revocations);
        Ok(match &config.place {
            StorePlace::Memory => {
                Self { replay: used_here(), revocations: Revocations::in_memory(capacity, remembered) }
            }
            StorePlace::File(path) => Self {
                replay: used_here(),
                revocations: Revocations::in_file(path, capacity, remembered, now)?,
            },
            StorePlace::Redis(shared) => {
                let client = open_redis(shared).map_err(StartError::Store)?;
                Self {
                    replay: ReplayStore::in_redis(client.clone(), &shared.prefix),
                    revocations: Revocations::in_redis(client, &shared.prefix, remembered),
                }
            }
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
