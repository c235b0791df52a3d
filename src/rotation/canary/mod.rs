//! Proof at the edge: one protected file, asked for without cookies and with those of one key.
//!
//! AWS documents no sign by which the propagation of a key group ends (rules §4), so it is looked for: a key
//! is proven once the edge has let it in so many times in a row, with time between, each time on a connection
//! of its own.
//!
//! # What a proof proves, and what it does not
//! A question is answered by one node of the edge, and nobody chooses which: from one machine it is a few nodes nearby,
//! or one and the same every time. An answer says that *this* node knows the key. Of the others a proof says nothing;
//! it only lets time go by. So three settings have a part each:
//!
//! - `proofs`, and that they have to be in a row: with one answer of a node that does not know the key, all is counted
//!   anew. The more questions, the more nodes they meet.
//! - `proof_interval × (proofs − 1)`: the time from the first answer of the row to the last, in which nodes that were
//!   never asked learn of the key, too. It has to be longer than nodes differ: then it does not matter which of them
//!   answered, because the first one that knew the key began the row. By default it is 54 seconds. Who has seen slower
//!   edges, or listeners on other continents than the canary's, makes it longer; a rotation has time.
//! - `margin` has no part in it: it is for the way out, when the old key's cookies have ended, and covers clocks that
//!   differ and requests on their way. The proof that the edge *refuses* the old key comes after, and only decides when
//!   its public key may be deleted: nobody's cookies rest on that.

mod answer;
mod error;
mod probe;
mod settings;
mod url;

pub use answer::Answer;
pub use error::ProofError;
pub use probe::{Canary, CanaryError, Seen};
pub use settings::ProofSettings;
pub use url::{CanaryUrl, CanaryUrlError};
