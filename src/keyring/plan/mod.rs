//! The rotation policy: what is done next with the keys of a keyring, and why.
//!
//! [`plan`] looks at the document and at what CloudFront shows, and changes neither. Whoever carries it out does the
//! first step, writes what [`record`] gives, looks again and plans again; so a process may die anywhere and the
//! next goes on from what is there. Every step can be repeated.
//!
//! # The way of a key
//!
//! | state | how it gets there |
//! |---|---|
//! | `generated` | made here, by `keys init` or `keys rotate` |
//! | `published` | its public key is in CloudFront, under one id for good |
//! | `trusted` | the key group names it; or it was imported while another key was active |
//! | `proven` | the edge was seen to accept it (rules §4: nothing else tells when every edge knows a key) |
//! | `active` | it signs; the key before retires in the same write |
//! | `retiring` | it signs nothing more, and the key group keeps it for the cookies that are about |
//! | `untrusted` | it is to be out of the key group, and is taken out before anything else is done |
//! | `gone` | its public key is deleted; the newest thirty stay on record |
//!
//! The newest key before `active` is the *successor*: it is brought on until it is active. Older ones are given up,
//! and every key that was active before is brought to `gone`. So importing a second key asks for it to sign next, and
//! the first deployment, with no active key yet, goes the same way as every rotation. One rotation may begin while
//! an earlier one still retires a key.
//!
//! # What always holds
//!
//! - Once there is an active key there is exactly one, and only a proven key becomes active. (`keys activate` and
//!   `keys import` are for people who vouch for a key themselves.)
//! - **Retirement.** The key group keeps a key until it retired + the longest lifetime + the expiry step + the reload
//!   interval + the margin. Lifetimes may be shortened at any time: the longest life of a cookie (`cookie_life`) is noted
//!   in the entry while the key signs, the end (`cookies_until`) when it retires, and the later of what is noted
//!   and what the settings say counts.
//! - **One public key for one key.** What CloudFront has already is adopted, known by the key itself and not by its name:
//!   an answer that was lost makes no second one. A public key counts as the keyring's own only if it is that key.
//! - **Foreign keys** in the key group and in the account are counted and never touched.
//! - **Room.** A key group takes five keys and an account ten (rules §4). A successor is not even published before
//!   there is room in both; if waiting makes room the plan waits, else it says who is in the way, as an
//!   [`Obstacle`], and goes on with all that does not depend on it.
//! - A key that cookies need and that somebody took out of the key group is put back at once.
//! - What CloudFront has no public key of is gone; what is deleted already is deleted.
//!
//! # Going back
//!
//! `keys rollback` before the successor is active gives it up: it leaves the key group and CloudFront at once. After
//! that, the key that retired last becomes the successor, while the key group still has it: it is proven again, for
//! that costs a minute and a second outage costs more, becomes active, and the newer key retires like any other.
//! Once the key group has let go of it there is no way back, only another rotation: an edge that has not heard yet
//! that it left would accept it, and refuse it a moment later, so a proof right after it was put back proves
//! nothing. For the same reason a successor that somebody took out of the key group is not put back.
//!
//! `keys revoke` is for a key that leaked: the document calls it `untrusted`, and its cookies are refused as soon as
//! the edges hear of it. The active key is revoked only if a proven successor can sign in its place; rotate first.
//!
//! # Clocks
//!
//! Only a wall clock outlives a process, and it may be wrong. A clock that was set back shortens no wait: a key's time in
//! a state starts no earlier than its time in the state before. What remains: if the clock is behind when a key
//! retires, or ahead when it is due, and by more than the margin, the key leaves too early by the rest. Keep the clocks
//! of servers and rotation in step. If the clock is far ahead when a key retires, its retirement is as much longer; the
//! plan says so, and revoking the key ends it.
//!
//! # What an operator must not do by hand
//!
//! - Edit `keyring.json`, or run two rotations with different copies of it.
//! - Take keys of the keyring out of the key group: their cookies are refused until the next run puts them back, and a
//!   successor is lost. Terraform does just that when it owns the key group's `items`: let it ignore changes to them.
//! - Delete public keys of the keyring. CloudFront gives no id twice, so that key is lost: if it is the active one, every
//!   cookie is refused until a new key is active.
//! - Put another program's key into the keyring by `keys import` *after* a first key and then rotate: keys that did
//!   not sign here are given up at once, whatever others signed with them. Import it first, while no key is active:
//!   then it signs, and retires in its time.
//! - Shorten a lifetime in the minute in which it was made longer, before the rotation has seen the longer one.
//! - Run the rotation with other settings than the servers', or leave a server running that refuses to reload: it goes
//!   on signing with a key that the key group will let go of.
//!
//! Putting foreign keys into the key group, uploading the public key of a `generated` key, putting it into the key
//! group and making room are all fine.
//!
//! The hash is a setting beside the key: the plan does not look at it. To go over to another algorithm or hash, rotate
//! to a key that is made with it.

mod forecast;
mod obstacle;
mod record;
mod remote;
mod rules;
mod settings;
mod step;
#[cfg(test)]
mod tests;
mod view;

pub use forecast::plan;
pub use obstacle::Obstacle;
pub use record::record;
pub use remote::{Remote, RemoteKey, caller_reference};
pub use settings::{ACCOUNT_LIMIT, KEY_GROUP_LIMIT, Settings};
pub use step::{Action, Step};
