use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::http::service::Service;

/// `GET /openapi.json`: this service as it is configured. Whoever may ask it anything may read how.
#[utoipa::path(
    method(get, head),
    path = "/openapi.json",
    tag = "operators",
    summary = "This document",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json"))
)]
pub(in crate::http) async fn openapi(service: web::Data<Service>) -> HttpResponse {
    let json = (header::CONTENT_TYPE, "application/json");
    HttpResponse::Ok().insert_header(json).body(service.openapi.clone())
}
