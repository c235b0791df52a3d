//! Refusals, as the document tells of them. Their codes, statuses and sentences are those of [`Code`].

use std::collections::BTreeMap;

use utoipa::openapi::{
    Content, ContentBuilder, Header, Object, ObjectBuilder, RefOr, Response, ResponseBuilder, Schema, Type,
};
use utoipa::{IntoResponses, PartialSchema as _};

use super::document::required;
use crate::http::code::{Code, ProblemDetails};

/// Where a body is read.
pub(super) const BODY: &[Code] =
    &[Code::BodyTooLarge, Code::BodyIncomplete, Code::Body, Code::ContentType, Code::BodyLate];
/// Where pages ask.
pub(super) const PAGE: &[Code] = &[Code::Origin];
/// Where a session is asked for.
const SESSION: &[Code] = &[Code::Session, Code::SessionProvider, Code::Store];
/// Where a browser comes by a link of the web app.
const HAND_OVER: &[Code] = &[Code::Query, Code::ReturnUrl, Code::Ticket, Code::SessionProvider, Code::Store];
/// Where a listener's grants are told.
const GRANTS: &[Code] = &[Code::NoGrant, Code::NoActiveKey];
/// Where something is signed.
const MINT: &[Code] = &[Code::Busy, Code::Slow, Code::SigningFailed, Code::BrokenOff];

/// Each of these stands among the `responses` of one handler.
macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident: $($codes:expr),+;)+) => {
        $(
            $(#[$doc])*
            pub(in crate::http) struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    refusals(&[$($codes),+])
                }
            }
        )+
    };
}

routes! {
    /// `GET /enter`.
    Enter: HAND_OVER, SESSION, GRANTS, MINT, &[Code::SessionTooLarge];
    /// `POST /renew`.
    Renew: PAGE, BODY, SESSION, GRANTS, MINT;
    /// `GET /status`.
    Status: PAGE, SESSION, GRANTS;
    /// `POST /leave`.
    Leave: PAGE, BODY, &[Code::Store];
    /// `GET /leave`.
    LeaveByTicket: HAND_OVER;
    /// `OPTIONS` of the routes that pages ask.
    Preflight: PAGE;
    /// `POST /v1/mint`.
    Mint: &[Code::ApiKey], BODY, &[Code::UnknownGrant], GRANTS, MINT;
    /// `POST /v1/revoke`.
    Revoke: &[Code::ApiKey], BODY, &[Code::Store];
    /// `GET /player-{hash}.js`.
    Versioned: &[Code::NotFound];
}

/// One response for each status that these codes are answered with.
pub(super) fn refusals(groups: &[&[Code]]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status = BTreeMap::<u16, Vec<Code>>::new();
    for code in groups.iter().copied().flatten() {
        let codes = by_status.entry(code.status().as_u16()).or_default();
        if !codes.contains(code) {
            codes.push(*code);
        }
    }
    by_status
        .into_iter()
        .map(|(status, codes)| (status.to_string(), response(status, &codes).into()))
        .collect()
}

/// One answer for all of `codes`, which share a status.
pub(super) fn response(status: u16, codes: &[Code]) -> Response {
    let sentences: Vec<_> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.details().title)).collect();
    let response = ResponseBuilder::new()
        .description(sentences.join("\n\n"))
        .content("application/problem+json", content(status, codes));
    let header = match codes {
        [code, ..] if code.is_passing() => ("Retry-After", integer("Seconds, after which to try again.")),
        [Code::ApiKey] => ("WWW-Authenticate", text("What is needed.", ["Bearer"])),
        [Code::MethodNotAllowed] => ("Allow", text("The methods that the address takes.", [""; 0])),
        _ => return response.build(),
    };
    response.header(header.0, header.1).build()
}

fn content(status: u16, codes: &[Code]) -> Content {
    let RefOr::T(Schema::Object(mut schema)) = ProblemDetails::schema() else {
        unreachable!("a structure whose members have names is an object")
    };
    let status = ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some([status])).build();
    narrow(&mut schema, "status", status);
    let names = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(codes.iter().map(|code| code.as_str())));
    narrow(&mut schema, "code", names.build());
    let example =
        codes.first().map(|code| serde_json::to_value(code.details()).expect("texts and an integer"));
    ContentBuilder::new().schema(Some(schema)).example(example).build()
}

/// Says of a member which of the values of its type there are.
fn narrow(schema: &mut Object, member: &str, mut to: Object) {
    if let Some(RefOr::T(Schema::Object(wide))) = schema.properties.get(member) {
        to.description.clone_from(&wide.description);
    }
    schema.properties.insert(member.to_owned(), to.into());
}

fn integer(description: &str) -> Header {
    required(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build(), description)
}

fn text<const N: usize>(description: &str, values: [&str; N]) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let text = if N > 0 { text.enum_values(Some(values)) } else { text };
    required(text.build(), description)
}
