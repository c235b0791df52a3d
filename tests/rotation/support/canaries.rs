use std::net::SocketAddr;
use std::thread::JoinHandle;

use actix_web::rt::System;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use crate::client::get;

/// How often the canary of the nearest node asks before it believes in a refusal.
const TRIES: u32 = 12;

/// A canary that is not the edge, on a port of its own until it is dropped.
pub struct OtherCanary {
    pub address: SocketAddr,
    system: System,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Lets everybody in who has cookies, whatever they are.
    Liar,
    /// Only ever shows the node that knows a key first.
    NearestNode(SocketAddr),
}

impl OtherCanary {
    /// It refuses whoever has no cookies and lets everybody else in: a rotation learns nothing from it.
    pub fn that_lies() -> Self {
        Self::start(Kind::Liar)
    }

    /// It gives the best answer that any node of this edge has: as if every question reached the one node that learns
    /// of keys first, which is what a canary that is asked for from one place may well do.
    pub fn of_the_nearest_node(edge: SocketAddr) -> Self {
        Self::start(Kind::NearestNode(edge))
    }

    fn start(kind: Kind) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let system = System::new();
            let server = HttpServer::new(move || {
                App::new().default_service(web::to(move |request: HttpRequest| answer(request, kind)))
            });
            let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
            let address = server.addrs()[0];
            system.block_on(async {
                let server = server.run();
                tell.send((address, System::current())).unwrap();
                actix_web::rt::spawn(server);
            });
            system.run().unwrap();
        });
        let (address, system) = told.recv().unwrap();
        Self { address, system, thread: Some(thread) }
    }

    /// As a setting of `[rotation]`.
    pub fn url(&self) -> String {
        format!("\"http://{}/podcasts/canary.txt\"", self.address)
    }
}

async fn answer(request: HttpRequest, kind: Kind) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (host, cookies) = (header("host").unwrap(), header("cookie"));
    match (kind, cookies) {
        (_, None) => HttpResponse::Forbidden().body("<Error><Code>MissingKey</Code></Error>"),
        (Kind::Liar, Some(_)) => HttpResponse::Ok().body("0123456789"),
        (Kind::NearestNode(edge), Some(cookies)) => {
            let ask = move || {
                let ask = || get(edge, "/podcasts/canary.txt", &[("Host", &host), ("Cookie", &cookies)]);
                (0..TRIES).map(|_| ask()).find(|answer| answer.status == 200)
            };
            match web::block(ask).await.unwrap() {
                Some(answer) => HttpResponse::Ok().body(answer.body),
                None => HttpResponse::Forbidden().body("<Error><Code>InvalidKey</Code></Error>"),
            }
        }
    }
}

impl Drop for OtherCanary {
    fn drop(&mut self) {
        self.system.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
