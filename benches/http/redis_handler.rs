//! What actix-web does when it has to look a session up in Redis, and nothing else: the yardstick of
//! `benches/http.sh` for `[redis]`.
//!
//! `redis_handler ANSWER URL KEY` gives the answer out at `POST /renew`, with one worker, after a GET of the key. It
//! looks neither at the request nor at the record.

mod answer;

use std::io::Write as _;
use std::{env, io};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use answer::Answer;
use redis::aio::MultiplexedConnection;

struct Sessions {
    connection: MultiplexedConnection,
    key: String,
    answer: Answer,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, url, key] = arguments.as_slice() else { panic!("usage: redis_handler ANSWER URL KEY") };
    actix_web::rt::System::new().block_on(async {
        let client = redis::Client::open(url.as_str()).expect("the URL of a Redis");
        let connection = client.get_multiplexed_async_connection().await.expect("a Redis that answers");
        let sessions = Data::new(Sessions { connection, key: key.clone(), answer: Answer::read(file) });
        let app = move || App::new().app_data(sessions.clone()).route("/renew", web::post().to(renew));
        let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0")?;
        writeln!(io::stdout(), "redis handler listening on http://{}", server.addrs()[0])?;
        server.run().await
    })
}

async fn renew(_body: Bytes, sessions: Data<Sessions>) -> HttpResponse {
    let mut connection = sessions.connection.clone();
    let record: Option<Vec<u8>> =
        redis::cmd("GET").arg(&sessions.key).query_async(&mut connection).await.expect("Redis answers");
    assert!(record.is_some(), "there is no such session");
    sessions.answer.give()
}
