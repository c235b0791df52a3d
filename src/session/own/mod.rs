//! The session that a ticket starts: a sealed cookie of our own, and nothing kept on this side.
//!
//! Its content is encrypted and authenticated (AES-256-GCM by the `cookie` crate, with the cookie's name as
//! associated data), so it says who the listener is without a store being asked. That a session was ended
//! before its time is the revocation store's part.

mod content;
mod sessions;
mod settings;

pub use sessions::{OwnSessions, SessionTooLarge};
pub use settings::{OwnSettings, SealingKey, ShortSecret};
