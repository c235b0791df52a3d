//! A JSON document that says who is logged in: an app's record of a session, or its answer to a question.
//!
//! [`RecordFields`] says where in it everything stands, each by a [`Pointer`].

mod fields;
mod moment;
mod pointer;

pub use fields::RecordFields;
pub(super) use fields::name_of;
pub use pointer::{Pointer, PointerError};
