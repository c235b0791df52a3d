//! The sections that say who is asking, of which there may be one.

mod choice;
mod claims;
mod header;

pub(super) use choice::{is_any_configured, refuse_second};
pub(super) use header::{RawHeader, read_header};
