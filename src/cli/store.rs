//! What `check` says of the store: it reads a file and asks a Redis, as it opens the keyring.

use std::io;

use crate::config::{SharedStore, StoreConfig, StorePlace};
use crate::http::open_redis;
use crate::session::revocation::{RevocationFileError, recorded_in};

/// Where things are remembered and for how long. A Redis that is away keeps no service from starting, so it is no
/// mistake of the configuration.
pub(super) fn describe(store: &StoreConfig) -> String {
    let place = match &store.place {
        StorePlace::Memory => {
            "memory, until it is started again: who was shut out is let in then, where a session lasts; store.file keeps it"
                .to_owned()
        }
        StorePlace::File(path) => {
            let held = match recorded_in(path) {
                Ok(1) => "1 revocation".to_owned(),
                Ok(number) => format!("{number} revocations"),
                Err(_) => "revocations, if it could be used".to_owned(),
            };
            format!("memory, and the file {} with {held}, which suits one instance", path.display())
        }
        StorePlace::Redis(shared) => in_redis(shared),
    };
    format!("{place}; revocations for {}", humantime::format_duration(store.revocations))
}

/// Reads a file of revocations, if there is one, as a service would that starts.
///
/// # Errors
/// [`RevocationFileError`] that would keep it from starting.
pub(super) fn prove(store: &StoreConfig) -> Result<(), RevocationFileError> {
    match &store.place {
        StorePlace::File(path) => recorded_in(path).map(|_| ()),
        StorePlace::Memory | StorePlace::Redis(_) => Ok(()),
    }
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
