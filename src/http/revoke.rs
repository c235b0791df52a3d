use std::panic::resume_unwind;
use std::pin::pin;
use std::time::Instant;

use actix_web::dev::ServiceResponse;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use tokio::time;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

use super::audit::{self, Deed};
use super::in_time::in_time;
use super::problem::Problem;
use super::service::{self, Service};
use super::traced::Traced;
use super::{api_keys, body, openapi};
use crate::session::revocation::Revoked;
use crate::session::{SessionId, Subject};

/// The body of `POST /v1/revoke`: exactly one of these.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum RevokeRequest {
    /// Every session of this listener.
    Subject(String),
    /// The session that its provider or the web app calls so.
    Sid(String),
    /// The session with this id, as audit lines show it.
    Session(String),
}

impl utoipa::PartialSchema for RevokeRequest {
    fn schema() -> RefOr<Schema> {
        let subject = ObjectBuilder::from(openapi::subject()).min_length(Some(1)).build();
        let members =
            [("subject", subject), ("sid", openapi::session_name()), ("session", openapi::session_id())];
        openapi::exactly_one(members).into()
    }
}

impl utoipa::ToSchema for RevokeRequest {}

impl RevokeRequest {
    fn revoked(&self) -> Option<Revoked> {
        match self {
            Self::Subject(subject) => Subject::parse(subject).ok().map(Revoked::Subject),
            Self::Sid(name) => SessionId::named(name).map(Revoked::Session),
            Self::Session(id) => SessionId::parse(id).map(Revoked::Session),
        }
    }
}

/// Times in epoch seconds.
#[derive(Serialize, utoipa::ToSchema)]
struct RevokeAnswer {
    /// Since when renewal is refused.
    refused_from: i64,
    /// By when the last cookies that were minted before have ended.
    cookies_end_by: i64,
}

/// `POST /v1/revoke`: the app's back end shuts a listener or a session out. Sessions that began in this second or
/// before are renewed no more, by any instance; whoever signs in again later is let in.
///
/// # Errors
/// [`Problem`]; that it was not, or may not have been, written down is 503.
#[utoipa::path(
    post,
    path = "/v1/revoke",
    tag = "back ends",
    summary = "Shuts a listener or a session out",
    description = "Sessions that began in this second or before are renewed no more, by any instance. Whoever signs in \
                   again later is let in.",
    request_body = RevokeRequest,
    security(("api_key" = [])),
    responses((status = 200, description = "Shut out.", body = RevokeAnswer), openapi::Revoke)
)]
pub(super) async fn revoke(
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    api_keys::authorise(&request, &service.api_keys)?;
    let deadline = service.deadline();
    let body = body::json(&request, payload, service.max_body);
    let asked: RevokeRequest = in_time(deadline, pin!(body)).await.unwrap_or(Err(Problem::BodyLate))?;
    let revoked = asked.revoked().ok_or(Problem::Body)?;
    let (subject, session) = match &revoked {
        Revoked::Subject(subject) => (Some(subject), None),
        Revoked::Session(session) => (None, Some(session)),
    };
    audit::concerns(&request, &service.subjects, subject, session, None);
    let now = service::now();
    to_the_end(&request, &service, revoked, now, deadline).await?;
    audit::done(&request, "/v1/revoke", Deed::Revoked);
    let cookies_end_by = now.saturating_add(service.longest_cookies);
    Ok(HttpResponse::Ok().json(RevokeAnswer { refused_from: now, cookies_end_by }))
}

/// Revokes, whether or not the caller is still there when it is done: a request whose connection is reset is given up.
async fn to_the_end(
    request: &HttpRequest,
    service: &web::Data<Service>,
    revoked: Revoked,
    now: i64,
    deadline: time::Instant,
) -> Result<(), Problem> {
    let (request, service, began) = (request.clone(), service.clone(), Instant::now());
    let revoking = actix_web::rt::spawn(async move {
        let outcome = service.revoke(&revoked, now, deadline).await;
        Outcome { request, began, outcome: Some(outcome) }
    });
    revoking.await.unwrap_or_else(|broken| resume_unwind(broken.into_panic())).take()
}

/// What came of a revocation. If nobody takes it to answer with, the audit has it all the same.
struct Outcome {
    request: HttpRequest,
    began: Instant,
    outcome: Option<Result<(), Problem>>,
}

impl Outcome {
    fn take(mut self) -> Result<(), Problem> {
        self.outcome.take().expect("it is taken once, by value")
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        let Some(outcome) = self.outcome.take() else { return };
        let answer = match outcome {
            Ok(()) => {
                audit::done(&self.request, "/v1/revoke", Deed::Revoked);
                HttpResponse::Ok().finish()
            }
            Err(problem) => HttpResponse::from_error(problem),
        };
        let response = ServiceResponse::new(self.request.clone(), answer);
        let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
        audit::write(&Traced::left(&self.request), &response, problem, self.began.elapsed());
    }
}
