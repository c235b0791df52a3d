//! Grants parsed into profiles, and the minter that signs for them.
//!
//! A request is *prepared* first (resource filled in, expiry rounded up to the step, address
//! decided), *reserved* then (a place in the queue, where there is one), and *issued* last; only what
//! was prepared and reserved can be signed. Grants that are the same for
//! every listener share one signature for each expiry step, made ahead of time.

mod cookie_domain;
mod cookie_path;
mod minted;
mod minter;
mod observer;
mod outline;
mod prepared;
mod profile;
mod requirement;
mod resource_template;
mod shared;
mod step;
mod trace_tag;

pub use cookie_domain::CookieDomainError;
pub use minted::Minted;
pub use minter::{Busy, Minter, MinterError};
pub use observer::Observer;
pub use outline::Outline;
pub use prepared::{Asker, PrepareError, Prepared, Reserved};
pub use profile::{
    AddressRule, CookieSettings, GrantSettings, Ipv6Clients, MAX_TTL, Profile, ProfileError, Site,
    is_plain_name,
};
pub use requirement::{ClaimNameError, ClaimValue, Condition, Requirement};
pub use resource_template::{FillError, ResourceTemplate, TemplateError};
pub use step::ExpiryStep;
pub use trace_tag::{TraceKey, Traced};
