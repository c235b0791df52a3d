//! The account that the control plane keeps: public keys, key groups, and what its one distribution trusts.
//! Nothing here knows HTTP, XML or the time.

mod key_group;
mod page;
mod public_key;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod versioned;

pub(super) use key_group::KeyGroupConfig;
pub(super) use page::{Page, PageRequest};
pub(super) use public_key::PublicKeyConfig;
pub(super) use state::Account;
pub(super) use versioned::{Held, Stamp};

/// Public keys that a key group holds at most (rules §4).
pub(super) const KEYS_IN_GROUP: usize = 5;
/// Public keys that an account holds at most (rules §4).
pub(super) const KEYS_IN_ACCOUNT: usize = 10;
/// Key groups that an account holds at most (rules §4).
pub(super) const GROUPS_IN_ACCOUNT: usize = 10;
