//! Settings: file, then environment, then flags, parsed into the types of the modules below.
//!
//! Reading goes in three steps. The sources are laid over each other as one TOML tree in which every
//! value keeps its position; the tree is read into raw structures that know names and types only;
//! and these are parsed into [`Config`]. A step begins only when the one before found nothing wrong,
//! and notes everything that it finds, each with the place and the remedy. No problem ever quotes a
//! line of the file or what a reference to a secret says.

mod access;
mod audit;
mod fields;
mod grants;
mod keyring;
mod load;
mod metrics;
mod misspelt;
mod offer;
mod overlay;
mod parts;
mod problem;
mod providers;
mod raw;
mod requirements;
mod rotation;
mod secret;
mod server;
mod session;
mod shape;
mod sources;
mod store;
#[cfg(test)]
mod tests;
mod traces;

pub use audit::{AuditConfig, SubjectRule};
pub use grants::MintConfig;
pub use keyring::KeyringConfig;
pub use load::{Config, Surroundings};
pub use offer::Offer;
pub use overlay::Override;
pub use parts::RotatingConfig;
pub use problem::{Place, Problem, Problems};
pub use rotation::RotationConfig;
pub use server::ServerConfig;
pub use store::{SharedStore, StoreConfig, StorePlace};
