//! The sections that say who is asking, of which there may be one.

mod choice;
mod claims;
mod header;
mod introspect;
mod jwt;
mod keys;
mod redis;

pub(super) use choice::{is_any_configured, refuse_second};
pub(super) use header::{RawHeader, read_header};
pub(super) use introspect::{RawIntrospect, read_introspect};
pub(super) use jwt::{RawJwt, read_jwt};
pub(super) use keys::{KeySection, RawJwks, RawTokenKey};
pub(super) use redis::{RawRedis, read_redis};
