//! How long a peer is waited for. The times are set short, and what must end does so within the deadline.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{API_KEY, Client, DEADLINE, Service, Setup, get, post};

/// Next to no patience.
fn hasty() -> Service {
    let times = "head_timeout = \"300ms\"\nrequest_timeout = \"400ms\"\nkeep_alive = \"500ms\"";
    Setup::new().server(times).start()
}

/// Sends a byte now and then until the connection is ended; how long that took.
fn drip(client: &mut Client, bytes: &str) -> Duration {
    let started = Instant::now();
    for byte in bytes.bytes().cycle() {
        assert!(started.elapsed() < DEADLINE, "a slow peer is waited for without end");
        let mut stream = client.stream();
        if stream.write_all(&[byte]).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    started.elapsed()
}

#[test]
fn a_first_head_that_drips_is_cut() {
    let service = hasty();
    let mut client = Client::connect(service.address);
    let took = drip(&mut client, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: xxxxxxxxxxxxxxxxxxxxxxxx");
    assert!(took >= Duration::from_millis(250), "{took:?}");
    service.wait_until_alone();
    let mut client = Client::connect(service.address);
    client.send("GET /healthz HTTP/1.1\r\n").unwrap();
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.len()), (408, 0));
    assert_eq!(answer.all("set-cookie").chain(answer.all("location")).count(), 0);
    assert!(client.is_ended());
    service.assert_serving();
}

#[test]
fn a_connection_that_says_nothing_is_ended() {
    let service = hasty();
    let mut clients = [Client::connect(service.address), Client::connect(service.address)];
    clients[1].send(get("/healthz")).unwrap();
    assert_eq!(clients[1].answer().status, 200);
    assert_eq!(clients[0].answer().status, 408);
    for client in &mut clients {
        assert!(client.is_ended());
    }
}

#[test]
fn a_later_head_that_drips_is_cut_too() {
    let service = hasty();
    let mut client = Client::connect(service.address);
    for _ in 0..3 {
        client.send(get("/healthz")).unwrap();
        assert_eq!(client.answer().status, 200);
    }
    let took = drip(&mut client, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: xxxxxxxxxxxxxxxxxxxxxxxx");
    assert!((Duration::from_millis(250)..Duration::from_secs(5)).contains(&took), "{took:?}");
    service.wait_until_alone();
    service.assert_serving();
}

#[test]
fn a_head_that_begins_behind_another_request_is_cut_too() {
    let service = hasty();
    let mut client = Client::connect(service.address);
    client.send(format!("{}GET /heal", get("/healthz"))).unwrap();
    assert_eq!(client.answer().status, 200);
    assert!(client.is_ended());
    service.assert_serving();
}

#[test]
fn a_peer_that_asks_slowly_but_surely_is_served() {
    let service = hasty();
    let mut client = Client::connect(service.address);
    let request = get("/readyz");
    // Longer altogether than any of the times, each time shorter.
    for _ in 0..6 {
        for half in [&request[..10], &request[10..]] {
            client.send(half).unwrap();
            thread::sleep(Duration::from_millis(120));
        }
        assert_eq!(client.answer().status, 200);
        thread::sleep(Duration::from_millis(150));
    }
}

#[test]
fn a_body_that_drips_is_cut() {
    let service = hasty();
    let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    let length = "Content-Length: 0";
    for declared in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let mut client = Client::connect(service.address);
        let head = post("/v1/mint", &headers, "").replace(length, declared);
        client.send(head).unwrap();
        if declared.starts_with('T') {
            client.send("3e8\r\n").unwrap();
        }
        let answer = thread::scope(|scope| {
            let mut stream = client.stream().try_clone().unwrap();
            let dripping = scope.spawn(move || {
                let started = Instant::now();
                while stream.write_all(b" ").is_ok() {
                    assert!(started.elapsed() < DEADLINE, "a slow peer is waited for without end");
                    thread::sleep(Duration::from_millis(20));
                }
            });
            let answer = client.answer();
            dripping.join().unwrap();
            answer
        });
        service.assert_refused(&answer, 408, "request_timeout", declared);
        assert_eq!(answer.header("connection"), Some("close"));
    }
    // What is refused before its body has come does not wait for it.
    let mut client = Client::connect(service.address);
    client.send(post("/v1/mint", "", "").replace(length, "Content-Length: 1000")).unwrap();
    service.assert_refused(&client.answer(), 401, "api_key_refused", "no key");
    drip(&mut client, " ");
}

#[test]
fn a_body_that_was_asked_for_has_the_time_of_the_request() {
    let times = "head_timeout = \"300ms\"\nrequest_timeout = \"20s\"\nkeep_alive = \"300ms\"";
    let service = Setup::new().server(times).start();
    let expecting = format!(
        "Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    );
    let request = post("/v1/mint", &expecting, &json!({"grants": ["podcasts"]}).to_string());
    let body = request.rfind('{').unwrap();
    let mut client = Client::connect(service.address);
    client.send(&request[..body]).unwrap();
    assert_eq!(client.head().unwrap().unwrap().status, 100);
    // Longer altogether than a head or the next request is waited for.
    for byte in request[body..].bytes() {
        client.send([byte]).unwrap();
        thread::sleep(Duration::from_millis(70));
    }
    assert_eq!(client.answer().status, 200);
    assert!(client.is_ended(), "the next request is waited for no longer than others");
}

#[test]
fn a_peer_that_reads_no_answer_is_ended() {
    let service = hasty();
    let client = Client::connect(service.address);
    let mut stream = client.stream();
    stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let requests = get("/nowhere").repeat(1000);
    let (started, mut sent) = (Instant::now(), 0);
    // Until the answers, that nobody reads, fill everything up and the connection is ended.
    loop {
        assert!(started.elapsed() < DEADLINE, "a peer that reads nothing is waited for without end");
        match stream.write(&requests.as_bytes()[sent % requests.len()..]) {
            Ok(length) => sent += length,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    service.wait_until_alone();
    assert_eq!(service.mint(&json!({"grants": ["podcasts"]})).status, 200);
}
