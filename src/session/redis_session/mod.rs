//! The web app's own sessions, read from where it keeps them: Redis or Valkey.
//!
//! The app needs no change. Its session cookie names a record; [`SessionCookie`] takes the id out of the cookie and
//! checks the app's signature on it, [`KeyTemplate`] says under which key the record is, and [`RecordFields`] where
//! in the record it says who is logged in. Every request reads the record again, so that logging out of the app ends
//! renewal at once.

mod cookie;
mod key;
mod moment;
mod pointer;
mod provider;
mod record;

pub use cookie::{CookieError, CookieSignature, SessionCookie};
pub use key::{IdForm, KeyTemplate, KeyTemplateError};
pub use pointer::{Pointer, PointerError};
pub use provider::{RedisSessionSettings, RedisSessions};
pub use record::RecordFields;
pub(super) use record::name_of;
