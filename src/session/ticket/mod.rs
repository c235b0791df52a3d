//! The ticket: a short-lived signed JWT by which the web app hands a logged-in listener over.
//!
//! What it has in common with other tokens is checked by [`super::jose`], its claims and times here. That a ticket
//! works once is [`super::replay`]'s part.

mod claims;
mod earlier;
mod settings;
mod verifier;

pub use super::jose::{
    Algorithm, TokenKey as TicketKey, TokenKeyError as TicketKeyError, TokenRefusal as TicketRefusal,
    UnknownAlgorithm,
};
pub use earlier::EarlierTickets;
pub use settings::{TicketSettings, TicketSettingsError};
pub use verifier::{TicketVerifier, VerifiedTicket};
