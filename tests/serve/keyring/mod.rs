//! A running service follows its keyring.

mod changes;
mod directions;
mod instances;
pub mod metrics;
mod refused;
mod secret;
mod swaps;
