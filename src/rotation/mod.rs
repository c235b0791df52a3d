//! Carries out what the keyring plans: in CloudFront, by its API or by a person's hands, and at the edge.
//!
//! A [`Rotator`] begins a [`Round`], which holds the keyring's lock: it observes, plans, takes the first step and
//! records it, until nothing is due. Before a step in CloudFront its intent is on disk, durably, and its result
//! after it; so a round that dies anywhere is gone on with by the next, and where nothing can be written nothing is
//! changed. A step that has no clear answer is looked at before it is taken again.

mod api;
mod canary;
mod causes;
mod error;
mod event;
mod journal;
mod manual;
mod observe;
mod rotator;
mod round;
mod steps;
mod stop;
mod turn;

pub use api::{ApiError, Call, CloudFront, Distribution, GroupChange, KeyGroup, NoCredentials, RemoteKey};
pub use canary::{Answer, Canary, CanaryError, CanaryUrl, CanaryUrlError, ProofError, ProofSettings, Seen};
pub use error::RotationError;
pub use event::{Event, Standing};
pub use manual::{Confirmation, Instructions};
pub use observe::{Place, believed, observe};
pub use rotator::{Hands, Rotator, Servable};
pub use round::{Round, Tell};
pub use steps::step_name;
pub use stop::Stop;
pub use turn::Wish;
