//! Where in a record something stands.

use std::fmt;

use serde_json::Value;
use thiserror::Error;

/// A JSON Pointer (RFC 6901) to something inside a document: `/user/id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// Accepts a pointer that begins with a slash, at most 256 bytes.
    ///
    /// # Errors
    /// [`PointerError`].
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        // RFC 6901 §3: a tilde is the beginning of "~0" or "~1".
        let is_escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if text.starts_with('/') && is_escaped && text.len() <= 256 {
            Ok(Self(text.to_owned()))
        } else {
            Err(PointerError)
        }
    }

    /// What it leads to. `null` says no more than a member that is not there.
    pub(in crate::session) fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        document.pointer(&self.0).filter(|value| !value.is_null())
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is not a [`Pointer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this is not a JSON pointer; write one that begins with a slash, such as \"/user/id\" (RFC 6901)")]
pub struct PointerError;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn leads_to_what_rfc_6901_says() {
        // The document of RFC 6901 §5, as far as pointers begin with a slash.
        let document = json!({
            "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7,
            "m~n": 8, "none": null,
        });
        for (pointer, value) in [
            ("/foo", json!(["bar", "baz"])),
            ("/foo/0", json!("bar")),
            ("/", json!(0)),
            ("/a~1b", json!(1)),
            ("/c%d", json!(2)),
            ("/e^f", json!(3)),
            ("/g|h", json!(4)),
            ("/i\\j", json!(5)),
            ("/k\"l", json!(6)),
            ("/ ", json!(7)),
            ("/m~0n", json!(8)),
        ] {
            assert_eq!(Pointer::parse(pointer).unwrap().find(&document), Some(&value), "{pointer}");
        }
        for nothing in ["/bar", "/foo/2", "/foo/-", "/foo/00", "/foo/bar", "/none", "//"] {
            assert_eq!(Pointer::parse(nothing).unwrap().find(&document), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for bad in ["", "user", "user/id", "#/user", "/a~", "/a~2", "/~~1", &format!("/{}", "a".repeat(256))]
        {
            assert_eq!(Pointer::parse(bad), Err(PointerError), "{bad:?}");
        }
    }
}
