//! Who is asking: the session providers.
//!
//! A provider turns what a request carries into a [`Session`] or a refusal. It knows nothing of what the
//! session will be granted. [`Provider`] is the one interface of them all. [`ticket`] is the signed hand-off from
//! the web app; [`own`] is the session that it starts; [`replay`] makes each ticket work once; [`revocation`] shuts
//! listeners out. [`return_url`] says where the listener may be sent back
//! to; [`api_key`] is for back ends.

pub mod api_key;
mod header;
mod identity;
mod origin;
pub mod own;
mod peers;
mod presented;
mod provider;
mod pseudonym;
pub mod replay;
pub mod return_url;
pub mod revocation;
pub(crate) mod strict_json;
pub mod ticket;

pub use header::HeaderProvider;
pub use identity::{Session, SessionId, Subject, SubjectError};
pub use origin::{Origin, OriginError};
pub use peers::Peers;
pub use presented::{Ambiguous, Presented};
pub use provider::{Provider, ProviderRefusal};
pub use pseudonym::Pseudonyms;
