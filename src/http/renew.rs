//! `POST /renew` and `GET /status`.

use std::io::Write as _;
use std::pin::pin;

use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::ToSchema;

use super::audit::{self, Deed};
use super::body::Nothing;
use super::in_time::in_time;
use super::problem::Problem;
use super::service::{self, Service};
use super::{body, browser, minting, openapi};
use crate::mint::Outline;
use crate::session::Session;

/// `POST /renew`: the player asks for the next cookies of every grant that the listener is entitled to.
///
/// Answers `{"now", "grants": [{"name", "resource", "expires_at", "renew_at"}], "session_ends_at"}`: times in epoch
/// seconds, by the clock of `now`; `session_ends_at` is when the session ends unless it is renewed again, `null`
/// if its provider does not tell.
///
/// A refusal is a [`Problem`] without a cookie: who is refused keeps what was minted until it ends.
#[utoipa::path(
    post,
    path = "/renew",
    tag = "pages",
    summary = "Renews the cookies of every grant",
    description = "Who is refused keeps what was minted until it ends.",
    params(openapi::Page),
    request_body(content = Nothing, description = "`{}`. An empty body that is declared as JSON does as well."),
    security(("session" = [])),
    responses(
        (status = 200, description = "Renewed.", body = Listening, headers(
            ("Set-Cookie" = String, description = "One for each cookie of each grant, and at times one for the session."),
        )),
        openapi::Renew,
    )
)]
pub(super) async fn renew(
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
) -> HttpResponse {
    browser::answer(&request, &service.pages, renewed(&request, payload, &service)).await
}

async fn renewed(
    request: &HttpRequest,
    payload: web::Payload,
    service: &Service,
) -> Result<HttpResponse, Problem> {
    let deadline = service.deadline();
    let nothing = body::nothing(request, payload, service.max_body);
    in_time(deadline, pin!(nothing)).await.unwrap_or(Err(Problem::BodyLate))?;
    let now = service::now();
    let session = service.identify(request, now, deadline).await?;
    let minted = minting::mint(request, service, &session, now, deadline).await?;

    let mut response = HttpResponse::Ok();
    minting::set_cookies(&mut response, &minted);
    if let Some(cookie) = service.own().and_then(|own| own.renew(&session, now)) {
        minting::set_session(&mut response, cookie);
    }
    let outlines = minted.iter().map(|minted| minted.outline());
    let json = listening(now, outlines, service.session_end(&session, now));
    audit::done(request, "/renew", Deed::Minted(minted));
    Ok(response.content_type("application/json").body(json))
}

/// `GET /status`: what a renewal now would give, minting nothing.
#[utoipa::path(
    get,
    path = "/status",
    tag = "pages",
    summary = "What a renewal now would give",
    description = "Mints nothing.",
    params(openapi::Page),
    security(("session" = [])),
    responses((status = 200, description = "The grants that there would be.", body = Listening), openapi::Status)
)]
pub(super) async fn status(request: HttpRequest, service: web::Data<Service>) -> HttpResponse {
    browser::answer(&request, &service.pages, stated(&request, &service)).await
}

async fn stated(request: &HttpRequest, service: &Service) -> Result<HttpResponse, Problem> {
    let now = service::now();
    let session: Session = service.identify(request, now, service.deadline()).await?;
    let minter = service.minter()?;
    let prepared = minting::prepare(&minter, request, service, &session, now)?;
    let outlines = prepared
        .iter()
        .map(|grant| serde_json::to_vec(&grant.outline()).expect("strings and integers always serialise"));
    let json = listening(now, outlines, service.session_end(&session, now));
    Ok(HttpResponse::Ok().content_type("application/json").body(json))
}

/// What [`listening`] writes, piece by piece. That this is so, the tests of the document see.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct Listening<'a> {
    /// By the clock of the service: what the times below are to be compared with.
    now: i64,
    /// At least one.
    #[schema(min_items = 1)]
    grants: Vec<Outline<'a>>,
    /// When the session ends unless it is renewed again; `null` if its provider does not tell.
    #[schema(required)]
    session_ends_at: Option<i64>,
}

/// A [`Listening`] of `outlines`, which are JSON objects.
fn listening(now: i64, outlines: impl Iterator<Item = impl AsRef<[u8]>>, ends: Option<i64>) -> Vec<u8> {
    const WRITTEN: &str = "writing to memory never fails";
    let mut json = Vec::with_capacity(512);
    write!(json, r#"{{"now":{now},"grants":["#).expect(WRITTEN);
    for (index, outline) in outlines.enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(outline.as_ref());
    }
    match ends {
        Some(ends) => write!(json, r#"],"session_ends_at":{ends}}}"#).expect(WRITTEN),
        None => json.extend_from_slice(br#"],"session_ends_at":null}"#),
    }
    json
}
