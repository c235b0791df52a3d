//! Grants parsed into profiles, and the minter that signs for them.
//!
//! A request is *prepared* first (resource filled in, expiry rounded up to the step, address
//! decided) and *issued* then; only a prepared mint can be signed. Grants that are the same for
//! every listener share one signature for each expiry step, made ahead of time.

mod cookie_domain;
mod cookie_path;
mod minted;
mod minter;
mod prepared;
mod profile;
mod resource_template;
mod shared;
mod step;

pub use crate::cloudfront::browser::is_host_name;
pub use cookie_domain::{CookieDomainError, is_local_host};
pub use minted::Minted;
pub use minter::{IssueError, Minter, MinterError};
pub use prepared::{Asker, PrepareError, Prepared};
pub use profile::{
    AddressRule, CookieSettings, GrantSettings, Ipv6Clients, MAX_TTL, Profile, ProfileError, Site,
    is_plain_name,
};
pub use resource_template::{FillError, ResourceTemplate, TemplateError};
pub use step::ExpiryStep;
