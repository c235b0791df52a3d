//! The double's control plane: the calls of the CloudFront API (2020-05-31) by which signing keys are replaced, for the
//! AWS CLI, SDKs and [`crate::edge`]'s own data plane. State is in memory and ends with the process.
//!
//! - `account`: public keys, key groups, versions, quotas; no HTTP, no XML, no clock.
//! - `plane`: one call after the other, and what the data plane learns of it. A change reaches each of the simulated
//!   nodes at its own time ([`crate::edge::Propagation`]); nodes answer in turn, and say so in `X-Amz-Cf-Pop`.
//! - `xml`, `http`: the service's documents, routes, headers and errors.
//!
//! What differs from the service: the signature of a request has to be there but is not checked, so any credentials
//! will do. `Status` of the distribution says `InProgress` while the nodes differ; AWS documents no such sign for key
//! groups (rules §4), so nothing may rest on it. Limits that AWS does not document are marked \[inferred\] where they are.
//!
//! # For tests
//! `PUT /_edgemint/faults` on the same listener takes a list of faults and replaces the one before:
//!
//! ```json
//! [{"call": "CreatePublicKey", "fault": "drop_after"},
//!  {"call": "UpdateKeyGroup", "from": 2, "times": 3, "fault": "throttle"},
//!  {"times": null, "fault": {"delay_before_ms": 200}}]
//! ```
//!
//! A fault strikes the calls of that name (without one: every call) from the `from`-th after it was set (1, the next
//! one), `times` times (1; `null` for ever). Only one strikes a call: the first of the list. They are
//! `throttle`, `drop_before` (the connection ends, nothing is changed), `drop_after` (the change is made, then the
//! connection ends without an answer), `{"delay_before_ms": N}` and `{"delay_after_ms": N}` (before and after the
//! change), `{"answer": {"status": 503, "code": "ServiceUnavailable"}}` (instead of the change).
//!
//! `GET /_edgemint/faults` shows them and how many calls each has seen. `GET /_edgemint/calls` counts the calls that
//! came in, and has one entry for each that was carried out, in order; `DELETE` forgets both.

mod account;
mod distribution;
mod http;
mod ids;
mod operation;
mod plane;
mod refusal;
mod setup;
mod xml;

pub use http::serve;
pub use ids::GroupId;
pub use plane::ControlPlane;
pub use refusal::Refusal;
pub use setup::Setup;
