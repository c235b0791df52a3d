use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::follow::KeyringReport;
use super::service::Service;

#[derive(Serialize, ToSchema)]
struct Health {
    status: Alive,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Alive {
    Ok,
}

#[derive(Serialize, ToSchema)]
struct Ready {
    status: IsReady,
    keyring: KeyringReport,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum IsReady {
    Ready,
}

#[derive(Serialize, ToSchema)]
struct NotReady {
    status: IsNotReady,
    reason: Reason,
    keyring: KeyringReport,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum IsNotReady {
    NotReady,
}

/// Why no request would get its cookies.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Reason {
    NoActiveKey,
    SigningFails,
    SessionProviderUnavailable,
    StoreUnavailable,
}

/// `GET /healthz`: the process answers. Nothing that it depends on is asked.
#[utoipa::path(
    method(get, head),
    path = "/healthz",
    tag = "operators",
    summary = "Whether the process answers",
    description = "Nothing that it depends on is asked.",
    responses((status = 200, description = "It does.", body = Health))
)]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: Alive::Ok })
}

/// `GET /readyz`: 200 if a request would get its cookies, 503 with the reason otherwise. What is wrong with the keyring
/// besides is told with either: signing goes on with the key before.
#[utoipa::path(
    method(get, head),
    path = "/readyz",
    tag = "operators",
    summary = "Whether a request would get its cookies",
    responses(
        (status = 200, description = "It would.", body = Ready),
        (status = 503, description = "It would not.", body = NotReady),
    )
)]
pub(super) async fn readyz(service: web::Data<Service>) -> HttpResponse {
    let reason = match service.minter.load_full() {
        None => Reason::NoActiveKey,
        Some(minter) if !minter.is_healthy() => Reason::SigningFails,
        Some(_) if service.provider.as_ref().is_some_and(|provider| !provider.is_answering()) => {
            Reason::SessionProviderUnavailable
        }
        Some(_) if service.revocations.health().is_err() => Reason::StoreUnavailable,
        Some(_) if service.hand_over.as_ref().is_some_and(|hand_over| !hand_over.has_keys()) => {
            Reason::SessionProviderUnavailable
        }
        Some(_) => {
            let keyring = service.keyring.report();
            return HttpResponse::Ok().json(Ready { status: IsReady::Ready, keyring });
        }
    };
    let keyring = service.keyring.report();
    HttpResponse::ServiceUnavailable().json(NotReady { status: IsNotReady::NotReady, reason, keyring })
}
