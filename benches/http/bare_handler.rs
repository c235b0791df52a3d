//! What actix-web does when it has nothing to do: the yardstick of `benches/http.sh`.
//!
//! `bare_handler MINT ENTER RENEW` reads three answers as `curl --include` wrote them and gives them out
//! again, at `POST /v1/mint`, `GET /enter` and `POST /renew`, with one worker, no middleware, no look at the request.
//! It takes the body in, because actix-web closes a connection whose body nobody reads.

mod answer;

use std::io::Write as _;
use std::{env, io};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use answer::Answer;

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
