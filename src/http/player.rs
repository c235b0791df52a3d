//! `GET /player.js`, and the same under a name that holds its hash.

use actix_web::http::header::{self, EntityTag, Header as _, HeaderValue, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::Problem;
use super::service::Service;
use super::{browser, openapi};
use crate::player;

/// Asked for again each time, and answered with 304 while it is the same.
const ASK_AGAIN: &str = "no-cache";
/// Another content has another name.
const FOR_A_YEAR: &str = "public, max-age=31536000, immutable";

/// `GET /player.js`: the script of this version of the service.
#[utoipa::path(
    method(get, head),
    path = "/player.js",
    tag = "pages",
    summary = "The script for pages",
    params(openapi::Held),
    responses(
        (status = 200, description = "An ES module.", body = String, content_type = "text/javascript", headers(
            ("Cache-Control" = String, description = "How long it may be kept."),
            ("ETag" = String, description = "Names this version of the script."),
        )),
        (status = 304, description = "The browser holds it already.", headers(
            ("Cache-Control" = String, description = "How long it may be kept."),
            ("ETag" = String, description = "Names this version of the script."),
        )),
    )
)]
pub(super) async fn current(request: HttpRequest, service: web::Data<Service>) -> HttpResponse {
    script(&request, &service, ASK_AGAIN)
}

/// `GET /player-{hash}.js`: the script with this hash, or [`Problem::NotFound`]: a page that was made for another
/// version must not keep this one under its name.
#[utoipa::path(
    method(get, head),
    path = "/player-{hash}.js",
    tag = "pages",
    summary = "The same script under a name that is its own",
    params(openapi::Version, openapi::Held),
    responses(
        (status = 200, description = "An ES module.", body = String, content_type = "text/javascript", headers(
            ("Cache-Control" = String, description = "How long it may be kept."),
            ("ETag" = String, description = "Names this version of the script."),
        )),
        (status = 304, description = "The browser holds it already.", headers(
            ("Cache-Control" = String, description = "How long it may be kept."),
            ("ETag" = String, description = "Names this version of the script."),
        )),
        openapi::Versioned,
    )
)]
pub(super) async fn versioned(
    request: HttpRequest,
    hash: web::Path<String>,
    service: web::Data<Service>,
) -> HttpResponse {
    match *hash == player::hash() {
        true => script(&request, &service, FOR_A_YEAR),
        false => browser::refuse(&request, &service.pages, Problem::NotFound),
    }
}

/// Pages of the app may import it, which takes CORS; anybody may read it, it is no secret.
fn script(request: &HttpRequest, service: &Service, caching: &'static str) -> HttpResponse {
    let tag = EntityTag::new_strong(player::hash().to_owned());
    let mut response = match is_held(request, &tag) {
        true => HttpResponse::NotModified().finish(),
        false => HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(player::SCRIPT),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    let tag = HeaderValue::from_str(&tag.to_string());
    headers.insert(header::ETAG, tag.expect("a tag of hexadecimal digits"));
    browser::public(request, &service.pages, response)
}

/// Whether the browser holds it already (RFC 9110 §13.1.2).
fn is_held(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(tag)),
        Err(_) => false,
    }
}
