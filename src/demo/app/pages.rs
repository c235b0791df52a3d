//! The page and its parts, compiled in.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;

/// `GET /`.
pub(super) async fn index() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(include_str!("../page/index.html"))
}

/// `GET /icon.svg`.
pub(super) async fn icon() -> HttpResponse {
    HttpResponse::Ok().content_type("image/svg+xml").body(include_str!("../page/icon.svg"))
}

/// `GET /app.css`.
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../page/app.css"))
}

/// `GET /app.js`.
pub(super) async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("../page/app.js"))
}

/// `GET /ranges.js`: the picture of the requests.
pub(super) async fn ranges() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("../page/ranges.js"))
}

/// `GET /keys.js`: the picture of a rotation.
pub(super) async fn keys() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("../page/keys.js"))
}
