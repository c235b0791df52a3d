//! What actix-web does when it has nothing to do: the yardstick of `benches/http.sh`.
//!
//! `bare_handler MINT ENTER RENEW` reads three answers as `curl --include` wrote them and gives them out
//! again, at `POST /v1/mint`, `GET /enter` and `POST /renew`, with one worker, no middleware, no look at the request.
//! It takes the body in, because actix-web closes a connection whose body nobody reads.

use std::io::Write as _;
use std::{env, fs, io};

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};

struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

struct Mint(Answer);
struct Enter(Answer);
struct Renew(Answer);

fn main() -> io::Result<()> {
    let files: Vec<String> = env::args().skip(1).collect();
    let [mint_file, enter_file, renew_file] = files.as_slice() else {
        panic!("usage: bare_handler MINT ENTER RENEW")
    };
    let mint_answer = Data::new(Mint(Answer::read(mint_file)));
    let enter_answer = Data::new(Enter(Answer::read(enter_file)));
    let renew_answer = Data::new(Renew(Answer::read(renew_file)));
    actix_web::rt::System::new().block_on(async {
        let app = move || {
            App::new()
                .app_data(mint_answer.clone())
                .app_data(enter_answer.clone())
                .app_data(renew_answer.clone())
                .route("/v1/mint", web::post().to(mint))
                .route("/enter", web::get().to(enter))
                .route("/renew", web::post().to(renew))
        };
        let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0")?;
        writeln!(io::stdout(), "bare handler listening on http://{}", server.addrs()[0])?;
        server.run().await
    })
}

async fn mint(_body: Bytes, answer: Data<Mint>) -> HttpResponse {
    answer.0.give()
}

async fn renew(_body: Bytes, answer: Data<Renew>) -> HttpResponse {
    answer.0.give()
}

async fn enter(answer: Data<Enter>) -> HttpResponse {
    answer.0.give()
}

impl Answer {
    fn read(file: &str) -> Self {
        let answer = fs::read_to_string(file).expect("an answer, as curl --include wrote it");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an empty line after the head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let headers = lines.map(|line| line.split_once(": ").expect("a header"));
        Self {
            status: status.parse().expect("a status"),
            // actix-web writes these two itself.
            headers: headers
                .filter(|(name, _)| !["date", "content-length"].contains(&name.to_ascii_lowercase().as_str()))
                .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
                .collect(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn give(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            response.append_header((name.clone(), value.clone()));
        }
        response.body(self.body.clone())
    }
}
