use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::audit::{self, Deed};
use super::hand_over::{HandOver, Query};
use super::problem::Problem;
use super::recipe::MAX_COOKIES;
use super::service::{self, Service};
use super::{minting, openapi};
use crate::mint::Prepared;
use crate::session::SessionId;
use crate::session::own::SessionTooLarge;

/// `GET /enter?ticket=…&return_to=…`: the browser, redirected here after login. Answers 303 to the
/// checked return URL with the cookies of every grant the listener is entitled to, and starts a session
/// where sessions are configured.
///
/// Where another provider knows the listener, it is asked, and there is no ticket.
///
/// # Errors
/// [`Problem`]; none of them sets a cookie or a `Location`.
#[utoipa::path(
    get,
    path = "/enter",
    tag = "browsers",
    summary = "Lets a listener in",
    description = "The browser is redirected here after login.",
    params(openapi::Link),
    security(("ticket" = []), ("session" = [])),
    responses(
        (status = 303, description = "The cookies of every grant that the listener is entitled to.", headers(
            ("Location" = String, description = "The checked return URL, absolute."),
            ("Set-Cookie" = String, description = "One for each cookie of each grant, and one for the session where sessions are configured."),
        )),
        openapi::Enter,
    )
)]
pub(super) async fn enter(
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&request)?;
    match (&service.hand_over, &service.provider, &query.ticket) {
        (Some(hand_over), _, _) => by_ticket(&request, &service, hand_over, &query).await,
        (None, Some(_), None) => by_provider(&request, &service, &query).await,
        (None, _, _) => Err(Problem::TicketsOff),
    }
}

/// The return URL is judged first, so that a refused one uses no ticket up; the ticket is verified, a place
/// for the signatures is reserved, the session's cookie made, and only then the ticket is used up: after that,
/// nothing but the library can fail. Nor does a deadline end it from there on: nothing is waited for but
/// signatures, of which there are as many as have a place.
async fn by_ticket(
    request: &HttpRequest,
    service: &Service,
    hand_over: &HandOver,
    query: &Query<'_>,
) -> Result<HttpResponse, Problem> {
    let deadline = service.deadline();
    let location = service.return_url(query.return_to.as_deref())?;
    let now = service::now();
    let mut ticket = hand_over.verify(query.ticket.as_deref(), now, service.uptime(), deadline).await?;
    if service.own().is_some() {
        // Named before anything is minted, so that what is minted now and later is traced to one session.
        ticket.session.id.get_or_insert_with(SessionId::random);
    }
    let session = &ticket.session;
    audit::identified(request, &service.subjects, "ticket", session);
    if service.refuses(session, now, deadline).await? {
        return Err(Problem::TicketRevoked);
    }

    let minter = service.minter()?;
    let prepared = minting::prepare(&minter, request, service, session, now)?;
    let reserved = Prepared::reserve(prepared)?;
    let started = service.own().map(|own| own.start(session, now)).transpose()?;
    // Proxies pass on so many bytes, whatever browsers keep.
    let limit = MAX_COOKIES.saturating_sub(minter.largest_sets());
    if let Some(bytes) = started.as_ref().map(String::len).filter(|bytes| *bytes > limit) {
        return Err(SessionTooLarge { bytes, limit }.into());
    }
    hand_over.redeem(&ticket, now, deadline).await?;
    let minted = minting::issue(reserved).await?;

    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, location));
    minting::set_cookies(&mut response, &minted);
    if let Some(cookie) = started {
        minting::set_session(&mut response, cookie);
    }
    audit::done(request, "/enter", Deed::Minted(minted));
    Ok(response.finish())
}

async fn by_provider(
    request: &HttpRequest,
    service: &Service,
    query: &Query<'_>,
) -> Result<HttpResponse, Problem> {
    let deadline = service.deadline();
    let location = service.return_url(query.return_to.as_deref())?;
    let now = service::now();
    let session = service.identify(request, now, deadline).await?;
    let minted = minting::mint(request, service, &session, now, deadline).await?;
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, location));
    minting::set_cookies(&mut response, &minted);
    audit::done(request, "/enter", Deed::Minted(minted));
    Ok(response.finish())
}
