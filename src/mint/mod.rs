//! Grants parsed into profiles, and the minter that signs for them.

mod cookie_domain;
mod cookie_path;
mod profile;
mod resource_template;

pub use cookie_domain::{CookieDomainError, is_host_name, is_local_host};
pub use profile::{
    AddressRule, CookieSettings, GrantSettings, Ipv6Clients, MAX_TTL, Profile, ProfileError, Site,
    is_plain_name,
};
pub use resource_template::{FillError, ResourceTemplate, TemplateError};
