//! A set of keys (RFC 7517 §5), fetched from a URL and fetched again.

mod set;
mod settings;
mod source;

pub use settings::JwksSettings;
pub(in crate::session) use source::Jwks;
