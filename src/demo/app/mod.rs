//! The demo's web app: what a site that uses edgemint has to do, and a page that shows what follows.
//!
//! It knows who is logged in, makes a ticket and redirects. It signs no cookie and serves no audio.

mod events;
mod headers;
mod listener;
mod pages;
mod rotating;
mod routes;
mod ticket;

pub use events::Happenings;
pub use rotating::Rotating;
pub use routes::{App, Counters, Places, routes};
pub use ticket::TicketIssuer;
