//! Bodies of requests. What the service's model does not have is refused, not passed over.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::NAMESPACE;
use crate::edge::control::account::{KeyGroupConfig, PublicKeyConfig};
use crate::edge::control::refusal::Refusal;

/// Elements within elements: the deepest of our documents has three.
const DEEPEST: usize = 8;

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::edge::control) enum Unreadable {
    /// There is none.
    #[error(
        "This operation requires a body. Ensure that the body is present and the Content-Type header is set."
    )]
    Missing,
    /// It is not the XML that the call takes.
    #[error(
        "The XML that you provided was not well-formed or did not validate against the published schema: {0}"
    )]
    Malformed(String),
    /// It is, but a value in it is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PublicKeyBody {
    #[serde(rename = "@xmlns", default)]
    xmlns: Option<String>,
    caller_reference: String,
    name: String,
    encoded_key: String,
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyGroupBody {
    #[serde(rename = "@xmlns", default)]
    xmlns: Option<String>,
    name: String,
    items: KeyGroupItems,
    #[serde(default)]
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyGroupItems {
    #[serde(rename = "PublicKey", default)]
    ids: Vec<String>,
}

/// The body of CreatePublicKey and UpdatePublicKey.
pub(in crate::edge::control) fn public_key_config(body: &[u8]) -> Result<PublicKeyConfig, Unreadable> {
    let read: PublicKeyBody = document(body, "PublicKeyConfig")?;
    in_namespace(read.xmlns.as_deref())?;
    Ok(PublicKeyConfig::new(read.caller_reference, read.name, read.encoded_key, non_empty(read.comment))?)
}

/// The body of CreateKeyGroup and UpdateKeyGroup.
pub(in crate::edge::control) fn key_group_config(body: &[u8]) -> Result<KeyGroupConfig, Unreadable> {
    let read: KeyGroupBody = document(body, "KeyGroupConfig")?;
    in_namespace(read.xmlns.as_deref())?;
    Ok(KeyGroupConfig::new(read.name, &read.items.ids, non_empty(read.comment))?)
}

fn document<T: DeserializeOwned>(body: &[u8], root: &str) -> Result<T, Unreadable> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Missing);
    }
    let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
    one_plain_element(text, root)?;
    quick_xml::de::from_str(text).map_err(malformed)
}

/// What serde would pass over: another root, a second one, a document type, which could declare entities, and
/// nesting without end.
fn one_plain_element(text: &str, root: &str) -> Result<(), Unreadable> {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut is_over) = (0_usize, false);
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(start) => {
                if depth == 0 && (is_over || start.name().as_ref() != root) {
                    return Err(malformed(format!("its one element has to be {root}")));
                }
                depth += 1;
                if depth > DEEPEST {
                    return Err(malformed("its elements are nested too deeply"));
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                is_over = depth == 0;
            }
            Event::Empty(_) if depth == 0 => {
                return Err(malformed(format!("its one element has to be {root}")));
            }
            Event::DocType(_) => return Err(malformed("it has a document type")),
            Event::PI(_) => return Err(malformed("it has a processing instruction")),
            Event::Text(text) if depth == 0 && !text.trim_ascii().is_empty() => {
                return Err(malformed("there is text outside of its element"));
            }
            Event::Eof if is_over => return Ok(()),
            Event::Eof => return Err(malformed("it ends too early")),
            _ => {}
        }
    }
}

fn in_namespace(xmlns: Option<&str>) -> Result<(), Unreadable> {
    match xmlns {
        None | Some(NAMESPACE) => Ok(()),
        Some(_) => Err(malformed(format!("the namespace has to be {NAMESPACE}"))),
    }
}

/// No comment and an empty one are the same: the service gives neither back.
fn non_empty(comment: Option<String>) -> Option<String> {
    comment.filter(|comment| !comment.is_empty())
}

fn malformed(reason: impl ToString) -> Unreadable {
    Unreadable::Malformed(reason.to_string())
}
