use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route};

use super::problem::Problem;
use super::{enter, health, mint};

/// Every route, below `base_path` (empty, or `/` and more, without a final slash). Used by the
/// server and by whoever embeds it; [`super::guard()`] comes with the app.
pub fn routes(base_path: &str, config: &mut ServiceConfig) {
    // Whole paths: a scope is one more service that every request goes through.
    let at = |path| format!("{base_path}{path}");
    config
        .service(only(&at("/enter"), "GET", web::get().to(enter::enter)))
        .service(only(&at("/v1/mint"), "POST", web::post().to(mint::mint)))
        .service(only(&at("/healthz"), "GET, HEAD", health_route().to(health::healthz)))
        .service(only(&at("/readyz"), "GET, HEAD", health_route().to(health::readyz)));
    config.default_service(web::to(async || Err::<HttpResponse, _>(Problem::NotFound)));
}

/// Load balancers probe with GET or HEAD.
fn health_route() -> Route {
    web::route().guard(actix_web::guard::Any(actix_web::guard::Get()).or(actix_web::guard::Head()))
}

fn only(path: &str, allow: &'static str, route: Route) -> Resource {
    let refuse = move || async move { Err::<HttpResponse, _>(Problem::MethodNotAllowed { allow }) };
    web::resource(path).route(route).default_service(web::to(refuse))
}
