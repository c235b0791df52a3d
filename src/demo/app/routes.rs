//! Log in, be handed over, log out, and what the page asks.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::error::{ErrorForbidden, ErrorInternalServerError};
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError, web};
use cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use url::Url;

use super::MediaBytes;
use super::events::{EdgeEvent, events};
use super::headers::headers;
use super::listener::{Listener, ListenerError, Sessions};
use super::pages;
use super::ticket::TicketIssuer;
use crate::demo::library::Episode;

const SESSION_COOKIE: &str = "__Host-demo-session";
/// A name and a field's overhead; nobody needs more.
const LARGEST_FORM: usize = 1024;

/// The origins of the three servers, as a browser writes them: scheme, host and port, no slash.
#[derive(Debug, Clone, Serialize)]
pub struct Places {
    /// The web app itself.
    pub app: String,
    /// Where a ticket is redeemed.
    pub edgemint: String,
    /// Where the audio is.
    pub cdn: String,
}

/// The media bytes that each server has sent.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// By the web app: it has no audio to send, and this shows it.
    pub app: MediaBytes,
    /// By edgemint, which never does.
    pub edgemint: MediaBytes,
    /// By the edge.
    pub edge: MediaBytes,
}

/// Totals at one moment, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Sent {
    app: u64,
    edgemint: u64,
    edge: u64,
}

impl Counters {
    pub(super) fn sent(&self) -> Sent {
        Sent { app: self.app.sent(), edgemint: self.edgemint.sent(), edge: self.edge.sent() }
    }
}

/// Everything that the web app knows.
#[derive(Debug)]
pub struct App {
    places: Places,
    tickets: TicketIssuer,
    episodes: Vec<Episode>,
    lifetime_seconds: u64,
    sessions: Sessions,
    pub(super) edge_events: broadcast::Sender<EdgeEvent>,
    pub(super) counters: Counters,
}

impl App {
    /// An app with nobody signed in. `lifetime_seconds` is that of the cookies, told on the page;
    /// what is sent on `edge_events` is relayed to every open page.
    #[must_use]
    pub fn new(
        places: Places,
        tickets: TicketIssuer,
        episodes: Vec<Episode>,
        lifetime_seconds: u64,
        edge_events: broadcast::Sender<EdgeEvent>,
        counters: Counters,
    ) -> Self {
        Self {
            places,
            tickets,
            episodes,
            lifetime_seconds,
            sessions: Sessions::default(),
            edge_events,
            counters,
        }
    }

    /// Origin of a request that may change something: only the app's own pages. SameSite alone would
    /// let the CDN's and edgemint's hosts in.
    fn only_own_pages(&self, request: &HttpRequest) -> actix_web::Result<()> {
        let origin = request.headers().get(ORIGIN).map(|origin| origin.as_bytes());
        if origin == Some(self.places.app.as_bytes()) {
            Ok(())
        } else {
            Err(ErrorForbidden(
                "this form was not sent from the app's own page: open the app and try again\n",
            ))
        }
    }

    /// The redirect to edgemint with a fresh ticket, to come back to the page.
    fn hand_over(&self, listener: &Listener) -> actix_web::Result<HttpResponseBuilder> {
        let ticket = self.tickets.issue(listener, unix_seconds()).map_err(ErrorInternalServerError)?;
        let mut enter = Url::parse(&self.places.edgemint).map_err(ErrorInternalServerError)?;
        enter.set_path("/enter");
        let return_to = format!("{}/", self.places.app);
        enter.query_pairs_mut().append_pair("ticket", &ticket).append_pair("return_to", &return_to);
        Ok(see_other(enter.as_str()))
    }
}

/// All routes of the app, with its headers. Takes the whole of the server: nothing else fits beside it.
pub fn routes(app: web::Data<App>) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        let scope = web::scope("")
            .wrap(headers(&app.places))
            .app_data(app)
            .app_data(web::FormConfig::default().limit(LARGEST_FORM))
            .service(web::resource("/").get(pages::index))
            .service(web::resource("/icon.svg").get(pages::icon))
            .service(web::resource("/app.css").get(pages::style))
            .service(web::resource("/app.js").get(pages::script))
            .service(web::resource("/ranges.js").get(pages::ranges))
            .service(web::resource("/state").get(state))
            .service(web::resource("/events").get(events))
            .service(web::resource("/login").post(login))
            .service(web::resource("/handover").post(hand_over))
            .service(web::resource("/logout").post(logout));
        config.service(scope);
    }
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

impl ResponseError for ListenerError {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

/// `POST /login`: starts the app's session, then hands the listener over.
async fn login(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Login>,
) -> actix_web::Result<HttpResponse> {
    app.only_own_pages(&request)?;
    let listener = Listener::try_from(form.into_inner().name)?;
    let mut response = app.hand_over(&listener)?;
    if let Some(id) = session_id(&request) {
        app.sessions.end(&id);
    }
    let id = app.sessions.start(listener).map_err(ErrorInternalServerError)?;
    Ok(response.insert_header((SET_COOKIE, session_cookie(id).build().to_string())).finish())
}

/// `POST /handover`: a listener who is signed in already gets fresh cookies.
async fn hand_over(request: HttpRequest, app: web::Data<App>) -> actix_web::Result<HttpResponse> {
    app.only_own_pages(&request)?;
    match signed_in(&app, &request) {
        Some(listener) => Ok(app.hand_over(&listener)?.finish()),
        None => Ok(see_other("/").finish()),
    }
}

/// `POST /logout`: ends the app's session. The edge's cookies stay good until they expire.
async fn logout(request: HttpRequest, app: web::Data<App>) -> actix_web::Result<HttpResponse> {
    app.only_own_pages(&request)?;
    if let Some(id) = session_id(&request) {
        app.sessions.end(&id);
    }
    let removal = session_cookie(String::new()).removal().build();
    Ok(see_other("/").insert_header((SET_COOKIE, removal.to_string())).finish())
}

#[derive(Serialize)]
struct State<'a> {
    name: Option<Listener>,
    places: &'a Places,
    lifetime_seconds: u64,
    episodes: &'a [Episode],
    sent: Sent,
}

/// `GET /state`: who is signed in, and what there is to hear.
async fn state(request: HttpRequest, app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(State {
        name: signed_in(&app, &request),
        places: &app.places,
        lifetime_seconds: app.lifetime_seconds,
        episodes: &app.episodes,
        sent: app.counters.sent(),
    })
}

fn signed_in(app: &App, request: &HttpRequest) -> Option<Listener> {
    app.sessions.listener(&session_id(request)?)
}

fn session_id(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(COOKIE)?.to_str().ok()?;
    let mut cookies = Cookie::split_parse(header).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == SESSION_COOKIE).map(|cookie| cookie.value().to_owned())
}

fn session_cookie(id: String) -> cookie::CookieBuilder<'static> {
    Cookie::build((SESSION_COOKIE, id)).path("/").http_only(true).secure(true).same_site(SameSite::Lax)
}

fn see_other(location: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((LOCATION, location));
    response
}

fn unix_seconds() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;
    use actix_web::dev::{Service, ServiceResponse};
    use actix_web::http::Method;
    use actix_web::test;

    use super::*;

    const APP: &str = "http://app.localhost:1";

    async fn server() -> impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = actix_web::Error>
    {
        let places = Places {
            app: APP.to_owned(),
            edgemint: "http://id.localhost:2".to_owned(),
            cdn: "http://cdn.localhost:3".to_owned(),
        };
        let tickets = TicketIssuer::new(b"0123456789abcdef0123456789abcdef", APP, "edgemint");
        let app = App::new(places, tickets, vec![], 120, broadcast::channel(4).0, Counters::default());
        test::init_service(actix_web::App::new().configure(routes(web::Data::new(app)))).await
    }
}
