use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;

use super::minted::Minted;
use super::minter::{Busy, Minter};
use super::outline::Outline;
use super::profile::{AddressRule, Ipv6Clients};
use super::resource_template::FillError;
use super::trace_tag::Traced;
use crate::cloudfront::{Policy, PolicyError, SignError, SourceIp};

/// Who asks, as far as a mint depends on it.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// The session's subject; fills `{sub}`.
    pub subject: &'a str,
    /// The session's claims; fill `{claim:NAME}`.
    pub claims: &'a Map<String, Value>,
    /// What the session is called in audit lines, if it can be told from others; names it in a trace tag.
    pub session: Option<&'a str>,
    /// Where the listener is, for grants that are bound to an address.
    pub address: Option<IpAddr>,
}

impl<'a> Asker<'a> {
    fn traced(&self) -> Option<Traced<'a>> {
        match self.session {
            Some(session) => Some(Traced::Session(session)),
            None => Some(Traced::Subject(self.subject)).filter(|_| !self.subject.is_empty()),
        }
    }
}

/// Why a grant cannot be prepared for this asker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// The session's claims are not what the grant requires. Holds the name of the claim, never its value.
    #[error("the grant requires claim {0:?}, which the session does not have as required")]
    NotEntitled(String),
    /// A placeholder of the resource has no acceptable value.
    #[error(transparent)]
    Resource(#[from] FillError),
    /// The grant is bound to an address and none is known.
    #[error("the grant is bound to an address, and the listener's is not known")]
    NoAddress,
    /// CloudFront binds to IPv4 only, and the grant refuses IPv6 listeners (rules §2).
    #[error("the grant is bound to an IPv4 address, and the listener came over IPv6")]
    Ipv6,
    /// The grant is traced, and there is neither a session nor a subject.
    #[error("the grant is traced, and nobody is named: neither a session nor a subject")]
    Nobody,
    /// The expiry lies beyond what CloudFront reads.
    #[error(transparent)]
    Time(#[from] PolicyError),
}

impl PrepareError {
    /// Every code that there is.
    pub const CODES: [&str; 6] = ["not_entitled", "unfillable", "no_address", "ipv6", "nobody", "time"];

    /// Stable; the label in metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let place = match self {
            Self::NotEntitled(_) => 0,
            Self::Resource(_) => 1,
            Self::NoAddress => 2,
            Self::Ipv6 => 3,
            Self::Nobody => 4,
            Self::Time(_) => 5,
        };
        Self::CODES[place]
    }
}

/// A mint that may be signed: claims checked, resource filled in, expiry rounded up, address decided. That a value
/// of this type exists is the proof that the checks ran; [`Prepared::reserve`] consumes it.
#[derive(Debug)]
pub struct Prepared<'m> {
    minter: &'m Minter,
    grant: usize,
    pub(super) policy: Policy,
}

impl<'m> Prepared<'m> {
    /// `grant` is an index into the minter's profiles, `now` in epoch seconds.
    pub(super) fn new(
        minter: &'m Minter,
        grant: usize,
        asker: &Asker<'_>,
        now: i64,
    ) -> Result<Self, PrepareError> {
        let profile = &minter.profiles()[grant];
        if let Some(unmet) = profile.unmet_requirement(asker.claims) {
            return Err(PrepareError::NotEntitled(unmet.claim().to_owned()));
        }
        let resource = profile.prepare_resource(asker.subject, asker.claims)?;
        let mut policy = Policy::new(resource, minter.expiry(profile, now)?);
        if let AddressRule::Bound(ipv6_clients) = profile.address() {
            match (asker.address.map(|address| address.to_canonical()), ipv6_clients) {
                (Some(IpAddr::V4(address)), _) => policy = policy.from_address(SourceIp::from(address)),
                (Some(IpAddr::V6(_)), Ipv6Clients::Omit) => {}
                (Some(IpAddr::V6(_)), Ipv6Clients::Refuse) => return Err(PrepareError::Ipv6),
                (None, _) => return Err(PrepareError::NoAddress),
            }
        }
        if let Some(key) = profile.trace_key() {
            policy = policy.starting_after(key.tag(asker.traced().ok_or(PrepareError::Nobody)?))?;
        }
        Ok(Self { minter, grant, policy })
    }

    /// What its cookies would be.
    #[must_use]
    pub fn outline(&self) -> Outline<'_> {
        Outline::new(&self.minter.profiles()[self.grant], &self.policy)
    }

    /// Makes sure that all of these, of one minter, will be signed: one place in the queue if any of
    /// them has to queue, however many they are. All or none: a listener who is told to come back a
    /// second later gets everything then, and needs no second visit for the rest.
    ///
    /// # Errors
    /// [`Busy`] when as many as allowed are being signed for.
    pub fn reserve(all: Vec<Self>) -> Result<Reserved<'m>, Busy> {
        let queues = all.iter().find(|one| one.minter.has_to_queue(one.grant));
        let place = queues.map(|one| one.minter.place_in_queue()).transpose()?;
        Ok(Reserved { all, place: place.map(Arc::new) })
    }
}

/// Mints that will be signed once asked: after this, nothing but the library can fail.
#[derive(Debug)]
pub struct Reserved<'m> {
    all: Vec<Prepared<'m>>,
    place: Option<Arc<OwnedSemaphorePermit>>,
}

impl Reserved<'_> {
    /// Signs, or hands out the signatures that everybody shares, in the order of what was prepared. Waits
    /// for as many signatures as may queue, and no longer.
    ///
    /// # Errors
    /// [`SignError`] from the library.
    pub async fn issue(self) -> Result<Vec<Arc<Minted>>, SignError> {
        let mut minted = Vec::with_capacity(self.all.len());
        for one in self.all {
            minted.push(one.minter.issue(one.grant, one.policy, self.place.clone()).await?);
        }
        Ok(minted)
    }
}
