//! The ticket: a short-lived signed JWT by which the web app hands a logged-in listener over.
//!
//! Verification is by `jsonwebtoken`; everything else that a ticket must be is checked here, in this order:
//! size and shape, header, key, signature, claims, times. Nothing inside the claims is looked at before the
//! signature holds. That a ticket works once is [`super::replay`]'s part.

mod claims;
mod earlier;
mod header;
mod key;
mod refusal;
mod settings;
mod verifier;

pub use earlier::EarlierTickets;
pub use key::{Algorithm, TicketKey, TicketKeyError, UnknownAlgorithm};
pub use refusal::TicketRefusal;
pub use settings::{TicketSettings, TicketSettingsError};
pub use verifier::{TicketVerifier, VerifiedTicket};
