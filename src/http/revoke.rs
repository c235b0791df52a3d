use std::pin::pin;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::audit::{self, Deed};
use super::in_time::in_time;
use super::problem::Problem;
use super::service::{self, Service};
use super::{api_keys, body};
use crate::session::revocation::Revoked;
use crate::session::{SessionId, Subject};

/// The body of `POST /v1/revoke`: exactly one of these.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeRequest {
    /// Every session of this listener.
    subject: Option<String>,
    /// The session that its provider or the web app calls so.
    sid: Option<String>,
    /// The session with this id, as audit lines show it.
    session: Option<String>,
}

impl RevokeRequest {
    fn revoked(self) -> Option<Revoked> {
        match self {
            Self { subject: Some(subject), sid: None, session: None } => {
                Subject::parse(&subject).ok().map(Revoked::Subject)
            }
            Self { subject: None, sid: Some(name), session: None } => {
                SessionId::named(&name).map(Revoked::Session)
            }
            Self { subject: None, sid: None, session: Some(id) } => {
                SessionId::parse(&id).map(Revoked::Session)
            }
            _ => None,
        }
    }
}

/// `POST /v1/revoke`: the app's back end shuts a listener or a session out. Sessions that began in this second or
/// before are renewed no more, by any instance; whoever signs in again later is let in.
///
/// Answers `{"refused_from", "cookies_end_by"}` in epoch seconds: since when renewal is refused, and by when the
/// last cookies that were minted before have ended.
///
/// # Errors
/// [`Problem`]; that it was not, or may not have been, written down is 503.
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
    service.revoke(&revoked, now, deadline).await?;
    audit::done(&request, "/v1/revoke", Deed::Revoked);
    let end = now.saturating_add(service.longest_cookies);
    Ok(HttpResponse::Ok().json(json!({"refused_from": now, "cookies_end_by": end})))
}
