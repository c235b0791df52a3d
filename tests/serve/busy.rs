//! More listeners at one time than there are signatures to be had.

use std::thread;

use serde_json::json;

use crate::support::{API_KEY, Answer, Client, Service, Setup, Ticket, exchange, get, post, wait_for};

/// Signatures that have to queue: RSA, one for each listener.
pub fn queueing() -> Setup {
    Setup::with_key(&["--algorithm", "rsa-2048", "--hash", "sha256", "--key-pair-id", "KTEST"])
}

/// All of them at once, each over a connection of its own.
pub fn at_once(service: &Service, requests: &[String]) -> Vec<Answer> {
    let mut clients: Vec<Client> = requests.iter().map(|_| Client::connect(service.address)).collect();
    for (client, request) in clients.iter_mut().zip(requests) {
        client.send(request).unwrap();
    }
    clients.iter_mut().map(Client::answer).collect()
}

#[test]
fn whoever_is_told_to_come_back_still_has_the_ticket() {
    let service = queueing().server("workers = 2").section("[mint]\nmax_signatures = 1\n").start();
    let mut told_to_come_back = 0;
    wait_for("more listeners than signatures", || {
        let tickets: Vec<String> =
            (0..60).map(|index| Ticket::of(&format!("listener-{index}")).sign()).collect();
        let requests: Vec<String> =
            tickets.iter().map(|ticket| get(&format!("/enter?ticket={ticket}"))).collect();
        for (ticket, answer) in tickets.iter().zip(at_once(&service, &requests)) {
            if answer.status == 303 {
                continue;
            }
            told_to_come_back += 1;
            answer.assert_refusal(503, "busy", "all places are taken");
            assert_eq!(answer.header("retry-after"), Some("1"));
            let mut answer = service.redeem(ticket);
            wait_for("a place", || {
                let busy = answer.status == 503;
                if busy {
                    answer = service.redeem(ticket);
                }
                !busy
            });
            assert_eq!((answer.status, answer.all("set-cookie").count()), (303, 20));
        }
        told_to_come_back > 10
    });
}

#[test]
fn a_listener_with_several_bound_grants_takes_one_place() {
    let service = queueing().section("[mint]\nmax_signatures = 1\n").start();
    for _ in 0..5 {
        let answer = service.redeem(&Ticket::of("listener-7").sign());
        assert_eq!((answer.status, answer.all("set-cookie").count()), (303, 20));
    }
    let body = json!({"grants": ["downloads", "shows"], "subject": "u-1", "claims": {"show": "a"}});
    assert_eq!(service.mint(&body).status, 200);
}

#[test]
fn where_the_service_is_slow_the_caller_is_not_blamed() {
    let setup = queueing().own_grant_only().section("[mint]\nmax_signatures = 1000\n");
    let service = setup.server("request_timeout = \"100ms\"").start();
    let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    let body = json!({"grants": ["downloads"], "subject": "listener-7"}).to_string();
    let requests = vec![post("/v1/mint", &headers, &body); 600];
    let mut slow = 0;
    wait_for("a queue that is too long", || {
        for answer in thread::scope(|scope| {
            let halves = requests.chunks(300).map(|half| scope.spawn(|| at_once(&service, half)));
            halves.collect::<Vec<_>>().into_iter().flat_map(|half| half.join().unwrap()).collect::<Vec<_>>()
        }) {
            if answer.status != 200 {
                slow += 1;
                assert_eq!(answer.header("retry-after"), Some("1"));
                answer.assert_refusal(503, "too_slow", "the body came at once");
            }
        }
        slow > 0
    });
    assert_eq!(exchange(service.address, get("/healthz")).status, 200);
}
