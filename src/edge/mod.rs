//! A local double of CloudFront: its data plane, which checks cookies and signed URLs as the real edge does and then
//! serves, and, if asked for, its [control plane](control).
//!
//! Both hold public keys only. A request goes through `serve` (which behaviour, [`crate::cloudfront::decide`]),
//! then to the origin (`directory` or `upstream`), and leaves with CloudFront's headers and, through an
//! [`Observer`], an event.

mod answers;
mod behaviour;
mod body;
mod conditions;
pub mod control;
mod cors;
mod directory;
mod nodes;
mod observe;
mod origin;
mod path;
mod propagation;
mod range;
mod request_id;
mod serve;
mod settings;
mod upstream;
mod viewer;

pub use behaviour::{Behaviour, PathPattern, PatternError};
pub use cors::{AllowedOrigin, AllowedOriginError};
pub use nodes::Pop;
pub use observe::{Answered, Observer, Outcome};
pub use origin::{Origin, OriginError};
pub use propagation::Propagation;
pub use request_id::RequestId;
pub use serve::{Serving, configure, serve};
pub use settings::{Clock, Edge};
pub use viewer::{ServedHost, ServedHostError, ViewerScheme};
