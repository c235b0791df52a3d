//! A JWT of the web app or of its identity provider, in a cookie or as a bearer token, says who is asking.
//!
//! It is verified again at every request, so that access ends when the token does. What all tokens have in common is
//! checked by [`super::jose`], its claims and times here.

mod provider;
mod settings;

pub use provider::JwtProvider;
pub use settings::{JwtPlace, JwtSettings};
