use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{API_KEY, Client, Setup, Ticket, get, post, wait_for};

fn mint_request() -> String {
    let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    post("/v1/mint", &headers, &json!({"grants": ["downloads"], "subject": "listener-7"}).to_string())
}

/// What became of one request.
enum Outcome {
    Answered,
    /// Refused, or closed without a byte of an answer.
    Closed,
}

fn outcome(answer: io::Result<Option<crate::support::Answer>>) -> Outcome {
    match answer {
        Ok(Some(answer)) => {
            assert!([200, 303].contains(&answer.status), "{}", answer.status);
            assert!(answer.status == 303 || answer.json()["grants"][0]["cookies"].is_object());
            Outcome::Answered
        }
        Ok(None) => Outcome::Closed,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Outcome::Closed,
        Err(error) => panic!("an answer broke off: {error}"),
    }
}

#[test]
fn sigterm_under_load_breaks_no_answer_off() {
    let mut service = Setup::new().server("workers = 2").start();
    let (stopping, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let address = service.address;
    thread::scope(|scope| {
        for index in 0..50 {
            let (stopping, answered) = (&stopping, &answered);
            scope.spawn(move || {
                let request = match index % 2 {
                    0 => mint_request(),
                    _ => get("/enter?ticket=T"),
                };
                let mut kept: Option<Client> = None;
                loop {
                    let request = request.replace("ticket=T", &format!("ticket={}", Ticket::of("a").sign()));
                    // Before anything is sent, a refused connection is nobody's failure once it stops.
                    let mut client = match kept.take().map_or_else(|| Client::try_connect(address), Ok) {
                        Ok(client) => client,
                        Err(_) if stopping.load(Ordering::SeqCst) => return,
                        Err(error) => panic!("{error}"),
                    };
                    let sent = client.send(&request);
                    // All of it had gone before the service was told to stop.
                    let was_in_time = sent.is_ok() && !stopping.load(Ordering::SeqCst);
                    match sent.map_or(Outcome::Closed, |()| outcome(client.try_answer())) {
                        Outcome::Answered => answered.fetch_add(1, Ordering::SeqCst),
                        Outcome::Closed if !was_in_time && stopping.load(Ordering::SeqCst) => return,
                        Outcome::Closed => panic!("closed without an answer, index {index}"),
                    };
                    // Half of them keep their connections.
                    kept = (index % 4 < 2).then_some(client);
                }
            });
        }
        wait_for("answers", || answered.load(Ordering::SeqCst) > 500);
        stopping.store(true, Ordering::SeqCst);
        service.signal(Signal::TERM);
    });
    assert_eq!(service.wait().code(), Some(0));
    assert!(Client::try_connect(address).is_err(), "nobody listens any more");
}

#[test]
fn what_is_under_way_at_sigterm_is_answered() {
    let mut service = Setup::new().start();
    let request = mint_request();
    let (first, rest) = request.split_at(request.len() - 5);
    let mut clients: Vec<Client> = (0..10).map(|_| Client::connect(service.address)).collect();
    for client in &mut clients {
        // The handler waits for the rest of the body once it has asked for it.
        client.send(first.replace("Content-Length", "Expect: 100-continue\r\nContent-Length")).unwrap();
        assert_eq!(client.head().unwrap().unwrap().status, 100);
    }
    let mut idle = Client::connect(service.address);
    idle.send(get("/healthz")).unwrap();
    assert_eq!(idle.answer().status, 200);
    service.signal(Signal::TERM);
    wait_for("the end of listening", || Client::try_connect(service.address).is_err());
    for client in &mut clients {
        client.send(rest).unwrap();
        let answer = client.answer();
        assert_eq!(answer.status, 200);
        assert!(client.is_ended());
    }
    assert!(idle.is_ended());
    assert_eq!(service.wait().code(), Some(0));
}

#[test]
fn a_peer_that_never_ends_does_not_hold_the_stop_up() {
    let mut service = Setup::new().server("shutdown_timeout = \"1s\"\nrequest_timeout = \"60s\"").start();
    let request = mint_request();
    let mut client = Client::connect(service.address);
    client
        .send(
            request[..request.len() - 5].replace("Content-Length", "Expect: 100-continue\r\nContent-Length"),
        )
        .unwrap();
    assert_eq!(client.head().unwrap().unwrap().status, 100);
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code(), Some(0));
    assert!(client.is_ended());
}

#[test]
fn sighup_does_not_end_it() {
    let service = Setup::new().start();
    for times in 1..=3 {
        service.signal(Signal::HUP);
        wait_for("a line about it", || service.log().matches("SIGHUP").count() == times);
        service.assert_serving();
    }
}

#[test]
fn sigterm_and_sigint_end_it_as_soon_as_it_has_said_its_port() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut service = Setup::new().start();
        service.signal(signal);
        assert_eq!(service.wait().code(), Some(0), "{signal:?}");
    }
    let mut service = Setup::new().start();
    service.assert_serving();
    service.signal(Signal::INT);
    assert_eq!(service.wait().code(), Some(0));
}
