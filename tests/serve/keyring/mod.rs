//! A running service follows its keyring.

mod changes;
mod directions;
mod instances;
mod metrics;
mod refused;
mod secret;
mod swaps;
