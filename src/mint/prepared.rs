use std::net::IpAddr;

use serde_json::{Map, Value};

use super::profile::{AddressRule, Ipv6Clients, Profile};
use super::resource_template::FillError;
use super::step::ExpiryStep;
use crate::cloudfront::{Policy, PolicyError, SourceIp};

/// Who asks, as far as a mint depends on it.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// The session's subject; fills `{sub}`.
    pub subject: &'a str,
    /// The session's claims; fill `{claim:NAME}`.
    pub claims: &'a Map<String, Value>,
    /// Where the listener is, for grants that are bound to an address.
    pub address: Option<IpAddr>,
}

/// Why a grant cannot be prepared for this asker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// A placeholder of the resource has no acceptable value.
    #[error(transparent)]
    Resource(#[from] FillError),
    /// The grant is bound to an address and none is known.
    #[error("the grant is bound to an address, and the listener's is not known")]
    NoAddress,
    /// CloudFront binds to IPv4 only, and the grant refuses IPv6 listeners (rules §2).
    #[error("the grant is bound to an IPv4 address, and the listener came over IPv6")]
    Ipv6,
    /// The expiry lies beyond what CloudFront reads.
    #[error(transparent)]
    Time(#[from] PolicyError),
}

/// A mint that may be signed: resource filled in, expiry rounded up, address decided. That a value
/// of this type exists is the proof that the checks ran; signing consumes it.
#[derive(Debug)]
pub struct Prepared {
    /// Index of the profile, which the minter looks up again.
    pub(super) profile: usize,
    pub(super) policy: Policy,
    /// Whether every listener gets this very policy.
    pub(super) shared: bool,
}

impl Prepared {
    /// `now` in epoch seconds.
    pub(super) fn new(
        index: usize,
        profile: &Profile,
        step: ExpiryStep,
        asker: &Asker<'_>,
        now: i64,
    ) -> Result<Self, PrepareError> {
        let resource = profile.prepare_resource(asker.subject, asker.claims)?;
        let mut policy = Policy::new(resource, step.expiry(now, profile.ttl())?);
        if let AddressRule::Bound(ipv6_clients) = profile.address() {
            match (asker.address.map(|address| address.to_canonical()), ipv6_clients) {
                (Some(IpAddr::V4(address)), _) => policy = policy.from_address(SourceIp::from(address)),
                (Some(IpAddr::V6(_)), Ipv6Clients::Omit) => {}
                (Some(IpAddr::V6(_)), Ipv6Clients::Refuse) => return Err(PrepareError::Ipv6),
                (None, _) => return Err(PrepareError::NoAddress),
            }
        }
        Ok(Self { profile: index, policy, shared: profile.is_shared() })
    }
}
