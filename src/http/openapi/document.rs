//! The document, put together once at the start.

use bytes::Bytes;
use utoipa::OpenApi as _;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    Components, Header, HeaderBuilder, Object, ObjectBuilder, OpenApi, PathItem, RefOr, Response,
    ServerBuilder, Type,
};

use super::refusals::{refusals, response};
use super::{credentials, doors, route};
use crate::config::Config;
use crate::http::code::Code;
use crate::http::{browser, enter, health, leave, mint, player, renew, revoke};

const DESCRIPTION: &str = "Mints CloudFront signed cookies beside a web app's login.

Every refusal is a problem+json document (RFC 9457) with a stable `code`, sets no cookie and is not to be stored. \
A path that is not here is answered with 404 `not_found`, a method that is not with 405 `method_not_allowed`, and \
a fault of the service with 500 `broken_off`. \
What cannot be read as a request is answered with 400, 408 or 431, without a body, and the connection ends. \
Times are in seconds since 1970. Answers may get more members than are described here.";

/// Routes that pages' scripts ask: a browser asks beforehand whether they may.
const FOR_PAGES: [&str; 3] = ["/renew", "/status", "/leave"];

/// What every answer says.
const EVERYWHERE: [(&str, &str, Option<&str>); 4] = [
    ("Cache-Control", "How long it may be kept.", Some("no-store")),
    ("Referrer-Policy", "A ticket stands in the address of the page that is left.", Some("no-referrer")),
    ("X-Content-Type-Options", "It is what it is declared as.", Some("nosniff")),
    ("X-Request-Id", "Names the request in the log.", None),
];

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "edgemint", description = DESCRIPTION),
    paths(
        enter::enter,
        renew::renew,
        renew::status,
        leave::leave,
        leave::leave_by_ticket,
        mint::mint,
        revoke::revoke,
        player::current,
        player::versioned,
        health::healthz,
        health::readyz,
        route::openapi,
    ),
    tags(
        (name = "browsers", description = "Where the web app sends browsers."),
        (name = "pages", description = "What scripts of the web app's pages ask."),
        (name = "back ends", description = "What the web app itself asks."),
        (name = "operators", description = "What load balancers and tools ask."),
    )
)]
struct Handlers;

/// The document of a service with this configuration, as JSON. It holds no secret, and no grant's name.
pub(in crate::http) fn document(config: &Config) -> Bytes {
    let mut api = Handlers::openapi();
    // What one line of a manifest says of the whole program, the title and the description above say better.
    api.info.contact = None;
    let server = &config.server;
    let url = format!("{}{}", server.public_url.as_str(), server.base_path);
    api.servers = Some(vec![ServerBuilder::new().url(url).build()]);
    doors::close(&mut api, config);
    credentials::describe(&mut api, config);
    for path in FOR_PAGES {
        api.paths.paths.get_mut(path).expect("a handler's path").options = Some(preflight(path));
    }
    for operation in operations(&mut api) {
        operation.responses.responses.extend(refusals(&[&[Code::HeadTooLarge]]));
    }
    for item in api.paths.paths.values_mut() {
        bare_heads(item);
    }
    let components = api.components.get_or_insert_with(Components::new);
    let everywhere = [
        ("NotFound", Code::NotFound),
        ("MethodNotAllowed", Code::MethodNotAllowed),
        ("BrokenOff", Code::BrokenOff),
    ];
    for (name, code) in everywhere {
        let refusal = response(code.status().as_u16(), &[code]);
        components.responses.insert(name.to_owned(), refusal.into());
    }
    components.schemas.insert("Code".to_owned(), every_code().into());
    let shared = components.responses.values_mut();
    let mut all: Vec<_> = shared.collect();
    all.extend(
        api.paths.paths.values_mut().flat_map(of_path).flat_map(|one| one.responses.responses.values_mut()),
    );
    for response in all {
        complete(response);
    }
    serde_json::to_vec(&api).expect("texts, numbers and names always serialise").into()
}

/// What clients tell refusals apart by.
fn every_code() -> Object {
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let description = "Every code that there is.";
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(codes))
        .build()
}

/// Every operation of the document.
pub(super) fn operations(api: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    api.paths.paths.values_mut().flat_map(of_path)
}

fn of_path(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, post, options, head, .. } = item;
    [get, post, options, head].into_iter().flatten()
}

/// The question about `path`, which is asked of each in the same way.
fn preflight(path: &str) -> Operation {
    let mut operation = <browser::__path_preflight as utoipa::Path>::operation();
    operation.operation_id = Some(format!("may_{}", &path[1..]));
    operation
}

/// An answer to HEAD is that to GET without its body.
fn bare_heads(item: &mut PathItem) {
    let Some(head) = &mut item.head else { return };
    head.operation_id = head.operation_id.take().map(|id| format!("{id}_head"));
    for response in head.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.content.clear();
        }
    }
}

/// Adds the headers that every answer has, but those of which the handler says more, and says of all that they are
/// always there.
fn complete(response: &mut RefOr<Response>) {
    let RefOr::T(response) = response else { return };
    for (name, description, value) in EVERYWHERE {
        let text =
            ObjectBuilder::new().schema_type(Type::String).enum_values(value.map(|value| [value])).build();
        response.headers.entry(name.to_owned()).or_insert_with(|| required(text, description).into());
    }
    for header in response.headers.values_mut() {
        if let RefOr::T(header) = header {
            header.extensions = always_there();
        }
    }
}

/// A header that is always there.
pub(super) fn required(schema: Object, description: &str) -> Header {
    let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description));
    header.extensions(always_there()).build()
}

/// The library's header has no such member.
fn always_there() -> Option<Extensions> {
    Some([("required", true)].into_iter().collect())
}
