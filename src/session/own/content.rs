//! What a session cookie holds, sealed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Another one is refused: its sessions begin anew.
const VERSION: u8 = 1;

/// One session, as it is written. Times are epoch seconds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content<'a> {
    #[serde(rename = "v")]
    version: u8,
    /// The session's id, as in audit lines.
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, rename = "sub")]
    pub(super) subject: Cow<'a, str>,
    #[serde(rename = "start")]
    pub(super) started: i64,
    #[serde(rename = "seen")]
    pub(super) last_seen: i64,
    pub(super) claims: Cow<'a, Map<String, Value>>,
}

impl<'a> Content<'a> {
    pub(super) fn new(
        id: &'a str,
        subject: &'a str,
        started: i64,
        last_seen: i64,
        claims: Cow<'a, Map<String, Value>>,
    ) -> Self {
        Self { version: VERSION, id: id.into(), subject: subject.into(), started, last_seen, claims }
    }

    /// `None` unless it was written by this version.
    pub(super) fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().filter(|content: &Self| content.version == VERSION)
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, integers and JSON always serialise")
    }
}
