use std::time::Duration;

use crate::session::jose::KeySettings;
use crate::session::record::Pointer;

/// Where the token is, and what it must be.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// Where requests carry it.
    pub place: JwtPlace,
    /// Its `iss`, compared exactly.
    pub issuer: String,
    /// What its `aud` must be or list, compared exactly.
    pub audience: String,
    /// What it is verified by.
    pub keys: KeySettings,
    /// How far the issuer's clock may be from ours, in whole seconds.
    pub leeway: Duration,
    /// Who it is about: a text, or a whole number, which becomes its digits.
    pub subject: Pointer,
    /// The issuer's own name of the session. Unless told otherwise its `sid`, or else its `jti`, if it has one.
    pub session: Option<Pointer>,
    /// When the session began. A token without it tells nothing of that: one that was refreshed is issued anew, and a
    /// revocation must reach it nevertheless.
    pub started: Pointer,
    /// Claims by name. One whose pointer leads to nothing is not there.
    pub claims: Vec<(String, Pointer)>,
}

/// Where requests carry the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwtPlace {
    /// In the cookie of this name.
    Cookie(String),
    /// In `Authorization: Bearer` (RFC 6750 §2.1).
    Bearer,
}

impl JwtSettings {
    /// The longest leeway that can be configured.
    pub const MAX_LEEWAY: Duration = Duration::from_secs(60);
    /// The leeway unless told otherwise: what clocks kept by NTP never exceed.
    pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);
}
