//! A running server follows its keyring.
//!
//! It looks at the keyring when a file of it changes, every `keyring.poll`, and at SIGHUP. A look reads everything
//! anew, its path included, on a thread of its own. What it finds is taken into use as a whole or not at all:
//!
//! - Another active key, Key-Pair-Id or hash: a minter is made with it, which signs every grant once and ahead, held
//!   to the same rules as at the start, and put in the place of the other in one atomic swap. A request takes the
//!   minter once, so it sees one ring only; the old key is wiped when the last such request has been answered.
//! - The same: nothing is swapped.
//! - A keyring that cannot be read, whose active key is missing, damaged or another, that has none, or with which a
//!   grant cannot be served: it is refused, and signing goes on with the key before. The log, `/readyz` and a metric
//!   say so until a look finds a good one.
//!
//! The other keys that may sign one day (all but those that are `untrusted` or `gone`) are proved at every look, too.
//! One that is damaged does not keep the ring from being taken: the key before may be retiring, and to go on signing
//! with it would end in refusals at the edge for every listener, because of a key that nobody needs yet. It is told in
//! the same three places instead, in time for the operator to mend it before it is to sign.

mod failure;
mod follower;
mod look;
mod status;
mod watch;

pub(super) use follower::{Follower, Nudge};
pub(super) use status::{KeyringReport, KeyringStatus};
