use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::Problem;
use super::request_id::RequestId;
use super::service::{self, HandOver, Service};
use crate::mint::{Asker, Prepared};
use crate::session::SessionId;
use crate::session::return_url::single_parameter;

/// `GET /enter?ticket=…&return_to=…`: the browser, redirected here after login. Answers 303 to the
/// checked return URL with the cookies of every grant the listener is entitled to.
///
/// The return URL is judged first, so that a refused one uses no ticket up; the ticket is verified, a place
/// for the signatures is reserved, and only then it is used up: after that, nothing but the library can fail.
/// No deadline ends it: nothing is waited for but signatures, of which there are as many as have a place.
///
/// # Errors
/// [`Problem`]; none of them sets a cookie or a `Location`.
pub(super) async fn enter(
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let query = request.query_string();
    let return_to = single_parameter(query, "return_to").map_err(Problem::Query)?;
    let ticket = single_parameter(query, "ticket").map_err(Problem::Query)?;
    let HandOver { tickets, earlier, replay, return_urls } =
        service.hand_over.as_ref().ok_or(Problem::TicketsOff)?;
    let location = return_urls.accept(return_to.as_deref()).map_err(Problem::ReturnUrl)?;

    let now = service::now();
    let ticket = tickets.verify(&ticket.ok_or(Problem::TicketMissing)?, now).map_err(Problem::Ticket)?;
    if earlier.may_have_taken(ticket.issued_at, service.uptime()) {
        return Err(Problem::TicketFromEarlier);
    }

    let minter = service.minter()?;
    let session = &ticket.session;
    let client = service.client(&request);
    let asker = Asker {
        subject: session.subject.as_str(),
        session: session.id.as_ref().map(SessionId::as_str),
        claims: &session.claims,
        address: client,
    };
    let prepared = service::prepare_all(&minter, &asker, now, RequestId::of(&request).as_ref())?;
    let reserved = Prepared::reserve(prepared)?;
    replay.redeem(&ticket.jti_key, ticket.expires, now).await?;
    let minted = reserved.issue().await?;

    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, location));
    for cookie in minted.iter().flat_map(|minted| minted.set_cookie()) {
        let value = HeaderValue::from_maybe_shared(cookie.clone());
        response.append_header((header::SET_COOKIE, value.expect("a cookie is made of visible ASCII")));
    }
    Ok(response.finish())
}
