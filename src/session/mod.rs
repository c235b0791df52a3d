//! Who is asking: the session providers.
//!
//! A provider turns what a request carries into a [`Session`] or a refusal. It knows nothing of what the
//! session will be granted. [`ticket`] is the signed hand-off from the web app; [`replay`] makes each ticket
//! work once. [`return_url`] says where the listener may be sent back to; [`api_key`] is for back ends.

pub mod api_key;
mod identity;
mod origin;
pub mod replay;
pub mod return_url;
pub(crate) mod strict_json;
pub mod ticket;

pub use identity::{Session, Subject, SubjectError};
pub use origin::{Origin, OriginError};
