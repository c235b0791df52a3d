//! What a derived schema cannot say: the rules that values are held to where they are read.

use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder};
use utoipa::openapi::{Array, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type};

use crate::player;
use crate::session::Subject;
use crate::session::return_url::ReturnUrls;

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Any text.
pub(super) fn text() -> Object {
    string().build()
}

/// [`crate::mint::is_plain_name`], once each.
pub(in crate::http) fn grant_names() -> Array {
    let name = string().pattern(Some("^[a-z0-9_-]{1,64}$")).build();
    ArrayBuilder::new()
        .items(name)
        .min_items(Some(1))
        .unique_items(true)
        .description(Some("Names of configured grants, each once."))
        .build()
}

/// [`Subject::parse`]. What it counts is bytes, of which no character has less than one.
pub(in crate::http) fn subject() -> Object {
    string()
        .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
        .max_length(Some(Subject::MAX_BYTES))
        .description(Some("The listener: at most 256 bytes of UTF-8. Fills `{sub}`, for which it must be 1 to 64 of A-Z, a-z, 0-9, `-` and `_`."))
        .examples(["listener-7"])
        .build()
}

/// [`crate::session::SessionId::named`]. It counts bytes, too.
pub(in crate::http) fn session_name() -> Object {
    let description = "The session that its provider or the web app calls so: 1 to 256 bytes of UTF-8.";
    string().min_length(Some(1)).max_length(Some(256)).description(Some(description)).build()
}

/// An object with one of these members, and with nothing else.
pub(in crate::http) fn exactly_one<const N: usize>(members: [(&str, Object); N]) -> Schema {
    let alone = |(name, schema): (&str, Object)| {
        let object = ObjectBuilder::new().schema_type(Type::Object).property(name, schema).required(name);
        object.additional_properties(Some(AdditionalProperties::FreeForm(false)))
    };
    members.into_iter().map(alone).fold(OneOfBuilder::new(), OneOfBuilder::item).build().into()
}

/// The Fetch Metadata standard's values, of which browsers send one.
pub(super) fn sec_fetch_site() -> Object {
    string().enum_values(Some(["same-origin", "same-site"])).build()
}

/// [`crate::session::SessionId::parse`]: base64url of 16 bytes, of which the last character holds two bits.
pub(in crate::http) fn session_id() -> Object {
    string()
        .pattern(Some("^[A-Za-z0-9_-]{21}[AQgw]$"))
        .description(Some("The session with this id, as audit lines show it."))
        .examples(["zvi85UnNwFDLPaMPVnJCaw"])
        .build()
}

/// An address as [`std::net::IpAddr`] reads it.
pub(in crate::http) fn address() -> Schema {
    let of = |format: &str| string().format(Some(SchemaFormat::Custom(format.to_owned())));
    let any = AnyOfBuilder::new()
        .item(of("ipv4"))
        .item(of("ipv6"))
        .item(ObjectBuilder::new().schema_type(Type::Null));
    let description =
        "The listener's address, for grants that are bound to it. The caller's own means nothing here.";
    any.description(Some(description)).build().into()
}

/// What [`ReturnUrls::accept`] asks of every URL before it looks at where it leads: visible ASCII without a
/// backslash, a path that begins with one slash or an absolute URL.
pub(super) fn return_to() -> Object {
    string()
        .pattern(Some(r"^(/([!-.0-\[\]-~][!-\[\]-~]*)?|[Hh][Tt][Tt][Pp][Ss]?://[!-\[\]-~]+)$"))
        .max_length(Some(ReturnUrls::MAX_BYTES))
        .examples(["/episodes/7"])
        .build()
}

/// The version that is served.
pub(super) fn player_hash() -> Object {
    string().enum_values(Some([player::hash()])).build()
}
