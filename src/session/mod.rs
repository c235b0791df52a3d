//! Who is asking: the session providers.
//!
//! A provider turns what a request carries into a [`Session`] or a refusal; [`Provider`] is the one interface of
//! them all. It knows nothing of what the session will be granted.
//!
//! - [`ticket`]: the signed hand-off from the web app, and [`own`]: the session that it starts.
//! - [`jwt`]: a token of the app or of its identity provider; [`jose`]: what it and a ticket have in common, and keys
//!   that are fetched. [`introspect`]: the app is asked. [`outbound`]: how either is reached.
//! - [`redis_session`]: the app's own sessions, where it keeps them; [`record`]: how such a document is read.
//! - [`replay`] makes each ticket work once, [`revocation`] shuts listeners out; both keep what they know in memory
//!   or over [`redis`].
//! - [`return_url`]: where the listener may be sent back to. [`api_key`]: for back ends.

pub mod api_key;
mod failures;
mod header;
mod identity;
pub mod introspect;
pub mod jose;
pub mod jwt;
mod origin;
pub mod outbound;
pub mod own;
mod peers;
mod presented;
mod provider;
mod pseudonym;
pub mod record;
pub mod redis;
pub mod redis_session;
pub mod replay;
pub mod return_url;
pub mod revocation;
pub(crate) mod strict_json;
pub mod ticket;

pub use failures::Failures;
pub use header::{HeaderProvider, HeaderSettings};
pub use identity::{Session, SessionId, Subject, SubjectError};
pub use origin::{Origin, OriginError};
pub use peers::Peers;
pub use presented::{Ambiguous, Presented};
pub use provider::{Provider, ProviderError, ProviderRefusal, ProviderSettings};
pub use pseudonym::Pseudonyms;
