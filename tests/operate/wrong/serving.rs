//! What keeps a server from starting, and what its log says of browsers that it turns away.

use std::net::TcpListener;

use super::chapter::{Mistake, try_all};
use super::deployment::{Deployment, ask, line};
use crate::support::{Ticket, exchange, post};

pub const MISTAKES: &[Mistake] = &[
    ("port-taken", || {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        Deployment::alone().refused(&["serve", "--config", "edgemint.toml", "--listen", &address])
    }),
    ("metrics-port-taken", || {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let place = Deployment::alone().with(&[("127.0.0.1:0", &address)]);
        place.refused(&["serve", "--config", "edgemint.toml", "--listen", "127.0.0.1:0"])
    }),
    ("base-path-forgotten", || {
        let place = Deployment::of("shared-host.toml").with(&[("base_path = \"/edgemint\"", "")]);
        let service = place.serve();
        assert_eq!(ask(&service, "/edgemint/enter?ticket=none").status, 404);
        Some(line(&service, "refused"))
    }),
    ("ticket-of-another-issuer", || redeemed(&Ticket::of("u-17").with("iss", "https://www.example.com/"))),
    ("ticket-for-another-audience", || {
        redeemed(&Ticket::of("u-17").with("aud", "https://listen.example.com/"))
    }),
    ("ticket-by-another-secret", || {
        redeemed(&Ticket::of("u-17").by("another-s3cret-of-the-app-in-this-test-alone"))
    }),
    ("return-url-with-a-port", || {
        let service = Deployment::alone().serve();
        let ticket = Ticket::of("u-17").sign();
        let path = format!("/enter?ticket={ticket}&return_to=https://www.example.com:8443/library");
        assert_eq!(ask(&service, &path).status, 400);
        Some(line(&service, "refused"))
    }),
    ("page-of-another-origin", || {
        let service = Deployment::alone().serve();
        let headers = "Content-Type: application/json\r\nOrigin: https://example.com\r\n";
        assert_eq!(exchange(service.address, post("/renew", headers, "{}")).status, 403);
        Some(line(&service, "refused"))
    }),
];

fn redeemed(ticket: &Ticket) -> Option<String> {
    let service = Deployment::alone().serve();
    let answer = ask(&service, &format!("/enter?ticket={}", ticket.sign()));
    assert_eq!((answer.status, answer.all("set-cookie").count()), (401, 0));
    Some(line(&service, "refused"))
}

#[test]
fn what_a_server_refuses_is_told_as_the_chapter_shows() {
    try_all(MISTAKES);
}
