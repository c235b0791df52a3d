//! `POST /leave` and `GET /leave?ticket=…`.

use std::pin::pin;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use tokio::time::Instant;

use super::audit::{self, Deed};
use super::body::Nothing;
use super::in_time::in_time;
use super::problem::Problem;
use super::service::{self, Service};
use super::{body, browser, hand_over, openapi};
use crate::session::Session;

/// `POST /leave`: a page signs the listener out. Answers 204, whoever asks and however often, deletes every cookie
/// that this service ever sets, and ends the session, so that a copy of its cookie is worth nothing. What was
/// minted works to its end wherever it was copied to.
///
/// A refusal is a [`Problem`]: of the page, or 503 if it cannot be written down that the session has ended.
#[utoipa::path(
    post,
    path = "/leave",
    tag = "pages",
    summary = "Signs the listener out",
    description = "Answers whoever asks and however often. The session ends, and with it every copy of its cookie; \
                   what was minted works to its end wherever it was copied to.",
    params(openapi::Page),
    request_body(content = Nothing, description = "`{}`. An empty body that is declared as JSON does as well."),
    security((), ("session" = [])),
    responses(
        (status = 204, description = "Left.", headers(
            ("Set-Cookie" = String, description = "Deletes every cookie that this service ever sets."),
        )),
        openapi::Leave,
    )
)]
pub(super) async fn leave(
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
) -> HttpResponse {
    browser::answer(&request, &service.pages, left(&request, payload, &service)).await
}

async fn left(
    request: &HttpRequest,
    payload: web::Payload,
    service: &Service,
) -> Result<HttpResponse, Problem> {
    let deadline = service.deadline();
    let nothing = body::nothing(request, payload, service.max_body);
    in_time(deadline, pin!(nothing)).await.unwrap_or(Err(Problem::BodyLate))?;
    end_presented(request, service, service::now(), deadline).await?;
    let mut response = HttpResponse::NoContent();
    delete_cookies(&mut response, service);
    audit::done(request, "/leave", Deed::Left);
    Ok(response.finish())
}

/// `GET /leave?ticket=…&return_to=…`: the web app sends the browser here as it signs the listener out. Answers 303
/// to the checked return URL, and does what a page's request does; it also ends the session that the ticket names.
///
/// The ticket stands for the web app's word, as at `/enter`: a link alone signs nobody out.
///
/// # Errors
/// [`Problem`]; none of them deletes a cookie.
#[utoipa::path(
    get,
    path = "/leave",
    tag = "browsers",
    summary = "Signs the listener out, by the web app's word",
    description = "The web app sends the browser here. Ends the session that the ticket names, too.",
    params(openapi::Link),
    security(("ticket" = [])),
    responses(
        (status = 303, description = "Left.", headers(
            ("Location" = String, description = "The checked return URL, absolute."),
            ("Set-Cookie" = String, description = "Deletes every cookie that this service ever sets."),
        )),
        openapi::LeaveByTicket,
    )
)]
pub(super) async fn leave_by_ticket(
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let deadline = service.deadline();
    let query = hand_over::Query::of(&request)?;
    let hand_over = service.hand_over.as_ref().ok_or(Problem::TicketsOff)?;
    let location = service.return_url(query.return_to.as_deref())?;
    let now = service::now();
    let ticket = hand_over.verify(query.ticket.as_deref(), now, service.uptime(), deadline).await?;
    audit::identified(&request, &service.subjects, "ticket", &ticket.session);
    hand_over.redeem(&ticket, now, deadline).await?;
    end(&ticket.session, &service, deadline).await?;
    end_presented(&request, &service, now, deadline).await?;
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, location));
    delete_cookies(&mut response, &service);
    audit::done(&request, "/leave", Deed::Left);
    Ok(response.finish())
}

/// Ends the session of our own that the request presents, if it does. Others end where they began.
async fn end_presented(
    request: &HttpRequest,
    service: &Service,
    now: i64,
    deadline: Instant,
) -> Result<(), Problem> {
    let Some(provider) = service.provider.as_ref().filter(|provider| provider.own().is_some()) else {
        return Ok(());
    };
    // What proves nothing cannot be renewed, so there is nothing to end.
    match provider.identify(request, now).await {
        Ok(session) => {
            audit::identified(request, &service.subjects, provider.name(), &session);
            end(&session, service, deadline).await
        }
        Err(_) => Ok(()),
    }
}

/// Ends this session and its copies, and none of the same name that began later: an old cookie, which may have been
/// stolen, cannot end what the listener began since.
async fn end(session: &Session, service: &Service, deadline: Instant) -> Result<(), Problem> {
    match (&session.id, session.started) {
        (Some(id), Some(started)) => service.end(id, started, deadline).await,
        // Without a name there is nothing to end it by.
        _ => Ok(()),
    }
}

fn delete_cookies(response: &mut HttpResponseBuilder, service: &Service) {
    for removal in &service.removals {
        response.append_header((header::SET_COOKIE, removal.clone()));
    }
}
