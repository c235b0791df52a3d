//! What the tests share: keys and signatures by openssl, the binary, and a client that changes no byte of a path.

mod binary;
#[path = "../../support/client.rs"]
mod client;
mod control;
mod openssl;
mod origin;

pub use binary::{EdgeProcess, edge_output, episode, media};
pub use client::{Response, get, open, read_response, send};
pub use control::{Controlled, element};
pub use openssl::{Key, alphabet, canned_policy, cookies, in_seconds, keys, policy, sign};
pub use origin::TestOrigin;
