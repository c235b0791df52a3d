//! The web app is asked who is asking: what proves it is forwarded to a URL of the app, as nginx's `auth_request`
//! does.
//!
//! [`CredentialPlace`] takes what is forwarded, and nothing else, out of a request; the app's answer says who it is.
//! A yes is remembered for a few seconds, anything else never.

mod credential;
mod provider;
mod settings;

pub use credential::{CredentialPlace, CredentialPlaceError};
pub use provider::IntrospectProvider;
pub use settings::{IntrospectMethod, IntrospectSettings};
