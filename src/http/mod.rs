//! Routes, limits, and the one mapping from errors to problem+json.

pub mod return_url;
