//! What `check` says of the store: it asks a Redis, as it opens the keyring.

use std::io;

use crate::config::{SharedStore, StoreConfig};
use crate::http::open_redis;

/// Where things are remembered and for how long. A Redis that is away keeps no service from starting, so it is no
/// mistake of the configuration.
pub(super) fn describe(store: &StoreConfig) -> String {
    let place = match &store.redis {
        None => "memory, until it is started again, which suits one instance".to_owned(),
        Some(shared) => in_redis(shared),
    };
    format!("{place}; revocations for {}", humantime::format_duration(store.revocations))
}

fn in_redis(shared: &SharedStore) -> String {
    let place = shared.settings.place();
    let health = ask(shared).map_err(|error| error.to_string()).and_then(|health| health);
    let health = match health {
        Ok(()) => "which answers".to_owned(),
        Err(reason) => {
            format!("which is of no use now ({reason}): until it is, browsers get 503 and /readyz says so")
        }
    };
    format!("Redis at {place}, keys {}*, {health}", shared.prefix)
}

fn ask(shared: &SharedStore) -> io::Result<Result<(), String>> {
    let client = open_redis(shared)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(client.first_health()).map_err(|failure| failure.to_string()))
}
