//! Log in, be handed over, log out, and what the page asks.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::error::{ErrorConflict, ErrorForbidden, ErrorInternalServerError};
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError, web};
use cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use url::Url;

use super::events::{Happenings, events};
use super::headers::headers;
use super::listener::{Listener, ListenerError, Sessions};
use super::pages;
use super::ticket::TicketIssuer;
use crate::demo::library::Episode;
use crate::demo::media_bytes::MediaBytes;
use crate::player;

const SESSION_COOKIE: &str = "__Host-demo-session";
/// Where edgemint takes a ticket to let a listener in, and to end it.
const ENTER: &str = "/enter";
const LEAVE: &str = "/leave";
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
    pub(super) happenings: Happenings,
    pub(super) counters: Counters,
    /// Whoever takes from it rotates the signing key.
    wishes: mpsc::Sender<()>,
}

impl App {
    /// An app with nobody signed in. `lifetime_seconds` is that of the cookies, told on the page;
    /// what goes through `happenings` is relayed to every open page.
    /// A rotation of the signing key is asked for through `wishes`.
    #[must_use]
    pub fn new(
        places: Places,
        tickets: TicketIssuer,
        episodes: Vec<Episode>,
        lifetime_seconds: u64,
        happenings: Happenings,
        counters: Counters,
        wishes: mpsc::Sender<()>,
    ) -> Self {
        Self {
            places,
            tickets,
            episodes,
            lifetime_seconds,
            sessions: Sessions::default(),
            happenings,
            counters,
            wishes,
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

    /// The redirect to `path` at edgemint with a fresh ticket, to come back to the page.
    fn hand_over(&self, path: &str, listener: &Listener) -> actix_web::Result<HttpResponseBuilder> {
        let ticket = self.tickets.issue(listener, unix_seconds()).map_err(ErrorInternalServerError)?;
        let mut there = Url::parse(&self.places.edgemint).map_err(ErrorInternalServerError)?;
        there.set_path(path);
        let return_to = format!("{}/", self.places.app);
        there.query_pairs_mut().append_pair("ticket", &ticket).append_pair("return_to", &return_to);
        Ok(see_other(there.as_str()))
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
            .service(web::resource("/keys.js").get(pages::keys))
            .service(web::resource("/state").get(state))
            .service(web::resource("/events").get(events))
            .service(web::resource("/login").post(login))
            .service(web::resource("/handover").post(hand_over))
            .service(web::resource("/logout").post(logout))
            .service(web::resource("/rotate").post(rotate));
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
    let mut response = app.hand_over(ENTER, &listener)?;
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
        Some(listener) => Ok(app.hand_over(ENTER, &listener)?.finish()),
        None => Ok(see_other("/").finish()),
    }
}

/// `POST /logout`: ends the app's session, and has edgemint end its own and delete every cookie.
async fn logout(request: HttpRequest, app: web::Data<App>) -> actix_web::Result<HttpResponse> {
    app.only_own_pages(&request)?;
    let mut response = match signed_in(&app, &request) {
        Some(listener) => app.hand_over(LEAVE, &listener)?,
        None => see_other("/"),
    };
    if let Some(id) = session_id(&request) {
        app.sessions.end(&id);
    }
    let removal = session_cookie(String::new()).removal().build();
    Ok(response.insert_header((SET_COOKIE, removal.to_string())).finish())
}

/// `POST /rotate`: whoever is signed in may have the signing key rotated, one rotation after the other.
async fn rotate(request: HttpRequest, app: web::Data<App>) -> actix_web::Result<HttpResponse> {
    app.only_own_pages(&request)?;
    if signed_in(&app, &request).is_none() {
        return Err(ErrorForbidden("sign in first\n"));
    }
    if !app.happenings.begin_rotation() {
        return Err(ErrorConflict("a rotation is under way\n"));
    }
    app.wishes.try_send(()).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Accepted().finish())
}

#[derive(Serialize)]
struct State<'a> {
    name: Option<Listener>,
    places: &'a Places,
    /// Where player.js is.
    player: String,
    lifetime_seconds: u64,
    episodes: &'a [Episode],
    sent: Sent,
}

/// `GET /state`: who is signed in, and what there is to hear.
async fn state(request: HttpRequest, app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(State {
        name: signed_in(&app, &request),
        places: &app.places,
        player: format!("{}{}", app.places.edgemint, player::path()),
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
    use actix_web::error::Error;
    use actix_web::http::Method;
    use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderMap};
    use actix_web::test::{TestRequest, call_service, init_service, read_body, read_body_json};
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};
    use serde_json::Value;

    use super::*;

    const APP: &str = "http://app.localhost:1";
    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    macro_rules! server {
        () => {{
            let places = Places {
                app: APP.to_owned(),
                edgemint: "http://id.localhost:2".to_owned(),
                cdn: "http://cdn.localhost:3".to_owned(),
            };
            let tickets = TicketIssuer::new(SECRET, APP, "edgemint");
            let (wishes, _) = mpsc::channel(1);
            let app = App::new(places, tickets, vec![], 120, Happenings::new(), Counters::default(), wishes);
            init_service(actix_web::App::new().configure(routes(web::Data::new(app)))).await
        }};
    }

    fn post(path: &str, body: impl Into<bytes::Bytes>) -> TestRequest {
        TestRequest::post()
            .uri(path)
            .insert_header((ORIGIN, APP))
            .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
            .set_payload(body)
    }

    fn login_as_ada() -> TestRequest {
        post("/login", "name=Ada")
    }

    fn state_with(cookie: &str) -> TestRequest {
        TestRequest::get().uri("/state").insert_header((COOKIE, cookie))
    }

    fn header(headers: &HeaderMap, name: impl actix_web::http::header::AsHeaderName) -> String {
        headers.get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    /// Signs in; returns what the browser would send as `Cookie`, and the `Location`.
    async fn sign_in<R, B: MessageBody>(
        server: &impl Service<R, Response = ServiceResponse<B>, Error = Error>,
        login: R,
    ) -> (String, Url) {
        let response = call_service(server, login).await;
        assert_eq!(response.status(), 303);
        let cookie = header(response.headers(), SET_COOKIE);
        let location = Url::parse(&header(response.headers(), LOCATION)).unwrap();
        (cookie.split(';').next().unwrap().to_owned(), location)
    }

    async fn name<R, B: MessageBody>(
        server: &impl Service<R, Response = ServiceResponse<B>, Error = Error>,
        state: R,
    ) -> Value {
        let state: Value = read_body_json(call_service(server, state).await).await;
        state["name"].clone()
    }

    #[actix_web::test]
    async fn a_login_starts_a_session_and_hands_over_with_a_ticket() {
        let server = server!();
        let (cookie, location) = sign_in(&server, login_as_ada().to_request()).await;
        assert_eq!(name(&server, state_with(&cookie).to_request()).await, "Ada");
        assert_eq!(location.origin().ascii_serialization(), "http://id.localhost:2");
        assert_eq!(location.path(), "/enter");
        let query: Vec<_> = location.query_pairs().collect();
        assert_eq!(query[1], ("return_to".into(), format!("{APP}/").into()));
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["edgemint"]);
        let ticket =
            jsonwebtoken::decode::<Value>(&*query[0].1, &DecodingKey::from_secret(SECRET), &validation);
        assert_eq!(ticket.unwrap().claims["sub"], "Ada");
    }

    #[actix_web::test]
    async fn the_session_cookie_is_for_this_host_alone_and_not_for_scripts() {
        let server = server!();
        let response = call_service(&server, login_as_ada().to_request()).await;
        let cookie = header(response.headers(), SET_COOKIE);
        assert!(cookie.starts_with("__Host-demo-session="), "{cookie}");
        for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(attribute), "{cookie} lacks {attribute}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }

    #[actix_web::test]
    async fn forms_of_other_origins_change_nothing() {
        let server = server!();
        let (cookie, _) = sign_in(&server, login_as_ada().to_request()).await;
        for path in ["/login", "/handover", "/logout", "/rotate"] {
            for origin in
                [None, Some("null"), Some("http://cdn.localhost:3"), Some("http://app.localhost:10")]
            {
                let mut request = TestRequest::post()
                    .uri(path)
                    .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
                    .insert_header((COOKIE, cookie.clone()))
                    .set_payload("name=Ada");
                if let Some(origin) = origin {
                    request = request.insert_header((ORIGIN, origin));
                }
                let response = call_service(&server, request.to_request()).await;
                assert_eq!(response.status(), 403, "{path} {origin:?}");
                assert!(
                    !response.headers().contains_key(SET_COOKIE)
                        && !response.headers().contains_key(LOCATION)
                );
            }
        }
        assert_eq!(name(&server, state_with(&cookie).to_request()).await, "Ada");
    }

    #[actix_web::test]
    async fn logins_that_name_nobody_are_refused() {
        let server = server!();
        let long = format!("name={}", "a".repeat(LARGEST_FORM));
        for body in
            ["", "name=", "name=a%20b", "name=%22", "name=a%00", "name=Ada&name=Grace", "user=Ada", &long]
        {
            let response = call_service(&server, post("/login", body.to_owned()).to_request()).await;
            assert!(response.status().is_client_error(), "{body} {}", response.status());
            assert!(
                !response.headers().contains_key(SET_COOKIE) && !response.headers().contains_key(LOCATION)
            );
        }
    }

    #[actix_web::test]
    async fn what_changes_something_is_not_a_get() {
        let server = server!();
        for path in ["/login", "/handover", "/logout", "/rotate"] {
            let response = call_service(&server, TestRequest::get().uri(path).to_request()).await;
            assert_eq!(response.status(), 405, "{path}");
        }
    }

    #[actix_web::test]
    async fn signing_out_ends_the_session_and_a_stranger_gets_no_ticket() {
        let server = server!();
        let (cookie, _) = sign_in(&server, login_as_ada().to_request()).await;
        let request = post("/handover", "").insert_header((COOKIE, cookie.clone())).to_request();
        let response = call_service(&server, request).await;
        assert!(header(response.headers(), LOCATION).starts_with("http://id.localhost:2/enter?ticket="));
        let request = post("/logout", "").insert_header((COOKIE, cookie.clone())).to_request();
        let response = call_service(&server, request).await;
        assert!(header(response.headers(), SET_COOKIE).contains("Max-Age=0"));
        assert!(header(response.headers(), LOCATION).starts_with("http://id.localhost:2/leave?ticket="));
        assert_eq!(name(&server, state_with(&cookie).to_request()).await, Value::Null);
        for stranger in [cookie.as_str(), "__Host-demo-session=", "__Host-demo-session=guess", "Ada"] {
            let request = post("/handover", "").insert_header((COOKIE, stranger)).to_request();
            let response = call_service(&server, request).await;
            assert_eq!(header(response.headers(), LOCATION), "/", "{stranger}");
        }
    }

    #[actix_web::test]
    async fn every_answer_carries_the_policy_and_the_page_obeys_it() {
        let server = server!();
        for path in ["/", "/app.js", "/keys.js", "/ranges.js", "/app.css", "/icon.svg", "/state", "/nowhere"]
        {
            let response =
                call_service(&server, TestRequest::with_uri(path).method(Method::GET).to_request()).await;
            assert_eq!(response.status() == 200, path != "/nowhere", "{path}");
            let policy = header(response.headers(), CONTENT_SECURITY_POLICY);
            assert!(
                policy.contains("default-src 'none'") && policy.contains("media-src http://cdn.localhost:3;")
            );
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(header(response.headers(), "X-Content-Type-Options"), "nosniff", "{path}");
            let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
            let inline = [" style=", "<style", " onclick=", " onload=", "<script>"];
            assert!(
                path != "/" || !inline.iter().any(|inline| body.contains(inline)),
                "inline code in {path}"
            );
        }
    }
}
