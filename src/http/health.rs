use actix_web::{HttpResponse, web};
use serde_json::json;

use super::service::Service;

/// `GET /healthz`: the process answers. Nothing that it depends on is asked.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// `GET /readyz`: 200 if a request would get its cookies, 503 with the reason otherwise. What is wrong with the keyring
/// besides is told with either: signing goes on with the key before.
pub(super) async fn readyz(service: web::Data<Service>) -> HttpResponse {
    let reason = match service.minter.load_full() {
        None => "no_active_key",
        Some(minter) if !minter.is_healthy() => "signing_fails",
        Some(_) if service.provider.as_ref().is_some_and(|provider| !provider.is_answering()) => {
            "session_provider_unavailable"
        }
        Some(_) if service.revocations.health().is_err() => "store_unavailable",
        Some(_) if service.hand_over.as_ref().is_some_and(|hand_over| !hand_over.has_keys()) => {
            "session_provider_unavailable"
        }
        Some(_) => {
            let keyring = service.keyring.json();
            return HttpResponse::Ok().json(json!({"status": "ready", "keyring": keyring}));
        }
    };
    let keyring = service.keyring.json();
    HttpResponse::ServiceUnavailable()
        .json(json!({"status": "not_ready", "reason": reason, "keyring": keyring}))
}
