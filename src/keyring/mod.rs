//! The signing keys and the state of each.
