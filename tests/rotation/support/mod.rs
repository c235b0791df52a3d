mod double;
mod place;

pub use double::{Double, RemoteKey};
pub use place::{Key, Place, Ran, Running, wait_for};
