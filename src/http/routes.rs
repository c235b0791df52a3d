use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route};

use super::problem::Problem;
use super::route::Route as Name;
use super::service::Service;
use super::{browser, enter, health, leave, mint, openapi, player, renew, revoke};

/// Every route, each of which [`openapi`] documents, below `base_path` (empty, or `/` and more, without a final slash).
/// Used by the server and by whoever embeds it; [`super::guard()`] comes with the app.
pub fn routes(base_path: &str, config: &mut ServiceConfig) {
    // Whole paths: a scope is one more service that every request goes through. They are tried in this order, a pattern
    // at ten times the cost of a name.
    let at = |name| Place { path: format!("{base_path}{name}"), route: Name::named(name) };
    config
        .service(only(&at("/enter"), "GET", web::get().to(enter::enter)))
        .service(paged(&at("/renew"), "POST, OPTIONS", web::post().to(renew::renew)))
        .service(paged(&at("/status"), "GET, OPTIONS", web::get().to(renew::status)))
        .service(
            paged(&at("/leave"), "GET, POST, OPTIONS", web::post().to(leave::leave))
                .route(web::get().to(leave::leave_by_ticket)),
        )
        .service(only(&at("/v1/mint"), "POST", web::post().to(mint::mint)))
        .service(only(&at("/v1/revoke"), "POST", web::post().to(revoke::revoke)))
        .service(only(&at("/healthz"), "GET, HEAD", get_or_head().to(health::healthz)))
        .service(only(&at("/readyz"), "GET, HEAD", get_or_head().to(health::readyz)))
        .service(only(&at("/openapi.json"), "GET, HEAD", get_or_head().to(openapi::openapi)))
        .service(only(&at("/player.js"), "GET, HEAD", get_or_head().to(player::current)))
        .service(only(&at("/player-{hash}.js"), "GET, HEAD", get_or_head().to(player::versioned)));
    config.default_service(web::to(async || Err::<HttpResponse, _>(Problem::NotFound)));
}

/// Where a resource is.
struct Place {
    path: String,
    /// What metrics call it.
    route: Name,
}

/// Load balancers probe with either; so do caches.
fn get_or_head() -> Route {
    web::route().guard(actix_web::guard::Any(actix_web::guard::Get()).or(actix_web::guard::Head()))
}

fn only(at: &Place, allow: &'static str, route: Route) -> Resource {
    let refuse = move || async move { Err::<HttpResponse, _>(Problem::MethodNotAllowed { allow }) };
    web::resource(&at.path).app_data(at.route).route(route).default_service(web::to(refuse))
}

/// A route for scripts of the web app's pages, and the question that browsers ask beforehand.
fn paged(at: &Place, allow: &'static str, route: Route) -> Resource {
    let preflight = move |request: HttpRequest, service: web::Data<Service>| async move {
        browser::preflight(&request, &service.pages, allow)
    };
    let refuse = move |request: HttpRequest, service: web::Data<Service>| async move {
        browser::refuse(&request, &service.pages, Problem::MethodNotAllowed { allow })
    };
    let ask = web::method(Method::OPTIONS).to(preflight);
    web::resource(&at.path).app_data(at.route).route(route).route(ask).default_service(web::to(refuse))
}
