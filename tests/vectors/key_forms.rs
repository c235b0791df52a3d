//! Forms of keys.
