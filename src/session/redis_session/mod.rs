//! The web app's own sessions, read from where it keeps them: Redis or Valkey.
//!
//! The app needs no change. Its session cookie names a record; [`SessionCookie`] takes the id out of the cookie and
//! checks the app's signature on it, [`KeyTemplate`] says under which key the record is, and
//! [`RecordFields`](super::record::RecordFields) where in the record it says who is logged in. Every request reads the
//! record again, so that logging out of the app ends renewal at once.

mod cookie;
mod key;
mod provider;
mod signature;

pub use cookie::{CookieError, SessionCookie};
pub use key::{IdForm, KeyTemplate, KeyTemplateError};
pub use provider::{RedisSessionSettings, RedisSessions};
pub use signature::CookieSignature;
