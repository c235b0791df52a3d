//! The demo's CloudFront: a control plane in this process, whose changes reach the edge's nodes one after the other.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use actix_web::dev::Server;
use time::OffsetDateTime;

use super::library::PROTECTED;
use crate::cloudfront::{KeyPairId, PublicKey};
use crate::edge::Propagation;
use crate::edge::control::{self, ControlPlane, Refusal, Setup};

/// The last of three nodes has a change after so long: long enough to be seen, short enough to be waited for.
const PROPAGATION: Duration = Duration::from_secs(2);
const NODES: NonZeroU8 = NonZeroU8::new(3).expect("three");

/// An account with one key group, which the protected path trusts.
pub(super) struct Cloud {
    pub(super) plane: ControlPlane,
    /// The id of the key group.
    pub(super) key_group: String,
    /// Where its API is: on this machine alone.
    pub(super) endpoint_url: String,
    pub(super) server: Server,
}

/// Why there is no control plane.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// It cannot be listened on.
    #[error("cannot listen on 127.0.0.1 for the control plane: {0}")]
    Listen(#[from] io::Error),
    /// It refuses the first key.
    #[error("cannot set the control plane up: {0}")]
    SetUp(#[from] Refusal),
}

impl Cloud {
    /// Knows the first key already, and listens on any port that is free. Call it within an actix system.
    pub(super) fn start(id: &KeyPairId, key: PublicKey, now: OffsetDateTime) -> Result<Self, CloudError> {
        let mut setup = Setup::new("the demo's audio", None, now);
        setup.add_public_key(id, key)?;
        let group = setup.add_key_group("edgemint-demo", vec![id.clone()])?;
        setup.protect(PROTECTED.parse().expect("a path pattern"), vec![group.clone()]);
        let plane = setup.start(Propagation::new(PROPAGATION, NODES), Instant::now());
        let serving = control::serve(plane.clone(), TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)?;
        let endpoint_url = format!("http://{}", serving.address);
        Ok(Self { plane, key_group: group.to_string(), endpoint_url, server: serving.server })
    }
}
