//! Bodies of answers.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::element::Element;
use crate::cloudfront::KeyPairId;
use crate::edge::control::account::{Held, KeyGroupConfig, Page, PublicKeyConfig};
use crate::edge::control::ids::GroupId;

/// A public key with its id.
type Key<'a> = (&'a KeyPairId, &'a Held<PublicKeyConfig>);
/// A key group with its id.
type Group<'a> = (&'a GroupId, &'a Held<KeyGroupConfig>);

/// The answer of CreatePublicKey, GetPublicKey and UpdatePublicKey.
pub(in crate::edge::control) fn public_key((id, held): Key<'_>) -> String {
    Element::new("PublicKey")
        .with(Element::text("Id", id))
        .with(Element::text("CreatedTime", timestamp(held.time)))
        .with(key_config(&held.config))
        .into_document()
}

/// The answer of GetPublicKeyConfig.
pub(in crate::edge::control) fn public_key_config(config: &PublicKeyConfig) -> String {
    key_config(config).into_document()
}

/// The answer of ListPublicKeys.
pub(in crate::edge::control) fn public_key_list(page: &Page<Key<'_>>) -> String {
    let summary = |(id, held): &Key<'_>| {
        Element::new("PublicKeySummary")
            .with(Element::text("Id", id))
            .with(Element::text("Name", held.config.name()))
            .with(Element::text("CreatedTime", timestamp(held.time)))
            .with(Element::text("EncodedKey", held.config.encoded()))
            .with_all(comment(held.config.comment()))
    };
    list("PublicKeyList", page, page.items.iter().map(summary).collect())
}

/// The answer of CreateKeyGroup, GetKeyGroup and UpdateKeyGroup.
pub(in crate::edge::control) fn key_group(group: Group<'_>) -> String {
    group_element(group).into_document()
}

/// The answer of GetKeyGroupConfig.
pub(in crate::edge::control) fn key_group_config(config: &KeyGroupConfig) -> String {
    group_config(config).into_document()
}

/// The answer of ListKeyGroups.
pub(in crate::edge::control) fn key_group_list(page: &Page<Group<'_>>) -> String {
    let summary = |group: &Group<'_>| Element::new("KeyGroupSummary").with(group_element(*group));
    list("KeyGroupList", page, page.items.iter().map(summary).collect())
}

/// Every answer that is an error. `kind` is `Sender` or `Receiver`: whose fault it is.
pub(in crate::edge::control) fn error(
    kind: &'static str,
    code: &str,
    message: &str,
    request_id: &str,
) -> String {
    let error = Element::new("Error")
        .with(Element::text("Type", kind))
        .with(Element::text("Code", code))
        .with(Element::text("Message", message));
    Element::new("ErrorResponse").with(error).with(Element::text("RequestId", request_id)).into_document()
}

/// Times as the service writes them: UTC, ISO 8601, milliseconds.
pub(super) fn timestamp(time: OffsetDateTime) -> String {
    let time = time.replace_millisecond(time.millisecond()).unwrap_or(time);
    time.format(&Rfc3339).expect("a time of our days has a year of four digits")
}

fn key_config(config: &PublicKeyConfig) -> Element {
    Element::new("PublicKeyConfig")
        .with(Element::text("CallerReference", config.reference()))
        .with(Element::text("Name", config.name()))
        .with(Element::text("EncodedKey", config.encoded()))
        .with_all(comment(config.comment()))
}

fn group_element((id, held): Group<'_>) -> Element {
    Element::new("KeyGroup")
        .with(Element::text("Id", id))
        .with(Element::text("LastModifiedTime", timestamp(held.time)))
        .with(group_config(&held.config))
}

/// The one list of the service that has no `Quantity`.
fn group_config(config: &KeyGroupConfig) -> Element {
    let items = config.items().iter().map(|id| Element::text("PublicKey", id));
    Element::new("KeyGroupConfig")
        .with(Element::text("Name", config.name()))
        .with(Element::new("Items").with_all(items))
        .with_all(comment(config.comment()))
}

fn comment(comment: Option<&str>) -> Option<Element> {
    comment.map(|comment| Element::text("Comment", comment))
}

fn list<T>(name: &'static str, page: &Page<T>, items: Vec<Element>) -> String {
    Element::new(name)
        .with_all(page.next_marker.as_ref().map(|marker| Element::text("NextMarker", marker)))
        .with(Element::text("MaxItems", page.max_items))
        .with_items(items)
        .into_document()
}
