//! What actix-web and `jsonwebtoken` do when they verify a token and nothing else: the yardstick of `/renew` with `[jwt]`.
//!
//! `jwt_handler KEY ANSWER`, with the file of a P-256 key (PKCS #8), serves its key set at `GET /jwks.json`; verifies the ES256
//! token in the cookie `token` at `POST /renew`, and gives out what ANSWER holds by then. `jwt_handler KEY` writes such a
//! token.

mod answer;

use std::io::Write as _;
use std::sync::OnceLock;
use std::{env, fs, io};

use actix_web::http::header::COOKIE;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use answer::Answer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};
use time::OffsetDateTime;

const ISSUER: &str = "https://login.example.com/";
const AUDIENCE: &str = "https://app.example.com";

struct Handler {
    key: DecodingKey,
    validation: Validation,
    file: String,
    answer: OnceLock<Answer>,
    set: String,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [key] => writeln!(io::stdout(), "{}", token(&fs::read_to_string(key)?)),
        [key, answer] => serve(Handler::new(&fs::read_to_string(key)?, answer)),
        _ => panic!("usage: jwt_handler KEY [ANSWER]"),
    }
}

fn token(key: &str) -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "listener-7", "sid": "s-7", "iat": now, "exp": now + 3600});
    let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::ES256) };
    let key = EncodingKey::from_ec_pem(key.as_bytes()).expect("a P-256 key in PKCS #8");
    encode(&header, &claims, &key).expect("strings and integers serialise")
}

impl Handler {
    fn new(key: &str, file: &str) -> Self {
        let der = pem::parse(key).expect("a PEM");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.contents());
        // Uncompressed: 4, x, y.
        let point = pair.expect("a P-256 key in PKCS #8").public_key().as_ref().to_vec();
        let [x, y] = [&point[1..33], &point[33..]].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        Self {
            key: DecodingKey::from_ec_components(&x, &y).expect("two coordinates"),
            validation,
            file: file.to_owned(),
            answer: OnceLock::new(),
            set: json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y}]}).to_string(),
        }
    }
}

fn serve(handler: Handler) -> io::Result<()> {
    let handler = Data::new(handler);
    actix_web::rt::System::new().block_on(async {
        let app = move || {
            App::new()
                .app_data(handler.clone())
                .route("/jwks.json", web::get().to(set))
                .route("/renew", web::post().to(renew))
        };
        let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0")?;
        writeln!(io::stdout(), "token handler listening on http://{}", server.addrs()[0])?;
        server.run().await
    })
}

async fn set(handler: Data<Handler>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(handler.set.clone())
}

async fn renew(request: HttpRequest, _body: Bytes, handler: Data<Handler>) -> HttpResponse {
    let cookies = request.headers().get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
    let token = Cookie::split_parse(cookies).filter_map(Result::ok).find(|cookie| cookie.name() == "token");
    let Some(token) = token else { return HttpResponse::Unauthorized().finish() };
    match decode::<Value>(token.value(), &handler.key, &handler.validation) {
        Ok(_) => handler.answer.get_or_init(|| Answer::read(&handler.file)).give(),
        Err(_) => HttpResponse::Unauthorized().finish(),
    }
}
