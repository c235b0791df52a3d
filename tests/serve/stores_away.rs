//! Redis away: nobody is let in, nothing hangs, and nothing has to be started again.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{
    Answer, REDIS_PASSWORD, Service, Setup, Ticket, content, get, locked_redis, seal, wait_for,
};

/// Refused, because the store cannot tell, and to be tried again.
fn assert_unavailable(answer: &Answer, what: &str) {
    answer.assert_refusal(503, "store_unavailable", what);
    assert_eq!(answer.header("retry-after"), Some("1"), "{what}");
}

/// Ends a load also where a test fails.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What holds while Redis is away. A ticket that is refused so is not used up, and is given back.
fn assert_fails_closed(service: &Service, session: Option<&str>) -> String {
    service.wait_until_away();
    let ticket = Ticket::of("listener-7").sign();
    assert_unavailable(&service.redeem(&ticket), "/enter");
    assert_unavailable(&service.revoke(&json!({"subject": "listener-9"})), "/v1/revoke");
    if let Some(session) = session {
        assert_unavailable(&service.renew(session), "/renew");
        assert_unavailable(&service.status(session), "/status");
    }
    // What needs no store works.
    service.assert_serving();
    ticket
}

#[test]
fn redis_killed_under_load_lets_nobody_in_and_comes_back() {
    needs!("redis-server");
    let mut server = RedisServer::start();
    let service = Setup::sharing(&server).start();
    service.wait_until_ready();
    let session = service.session();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let load: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let (mut taken, mut refused) = (0, 0);
                    while !is_over.load(Ordering::Relaxed) {
                        let answer = service.redeem(&Ticket::of("listener-7").sign());
                        match answer.status {
                            303 => taken += 1,
                            _ => {
                                assert_unavailable(&answer, "under load");
                                refused += 1;
                            }
                        }
                    }
                    (taken, refused)
                })
            })
            .collect();
        let end = SetAtEnd(&is_over);
        let mut tickets = Vec::new();
        for _ in 0..2 {
            server.kill();
            tickets.push(assert_fails_closed(&service, Some(&session)));
            server.restart();
            service.wait_until_ready();
            service.assert_entering();
        }
        drop(end);
        for (taken, refused) in load.into_iter().map(|worker| worker.join().unwrap()) {
            assert!(taken > 0 && refused > 0, "{taken} {refused}");
        }
        for ticket in tickets {
            assert_eq!(service.redeem(&ticket).status, 303, "it was refused with 503, and not used up");
            service.assert_refused(&service.redeem(&ticket), 401, "ticket_refused", "now it is");
        }
    });
    assert_eq!(service.renew(&session).status, 200);
}

#[test]
fn it_starts_without_redis_and_needs_no_restart_once_it_is_there() {
    needs!("redis-server");
    let mut server = RedisServer::start();
    server.kill();
    let service = Setup::sharing(&server).start();
    let ticket = assert_fails_closed(&service, None);
    let log = service.log_with("Redis is of no use");
    assert!(log.contains("nothing listens there"), "{log}");
    server.restart();
    service.wait_until_ready();
    assert_eq!(service.redeem(&ticket).status, 303);
    service.log_with("Redis answers");
}

#[test]
fn a_wrong_password_is_said_and_not_shown() {
    needs!("redis-server");
    let (_server, url) = locked_redis();
    let service = Setup::with_sessions()
        .store(&url.replace(REDIS_PASSWORD, &format!("{REDIS_PASSWORD}-not")), "")
        .start();
    assert_fails_closed(&service, None);
    service.log_with("Redis refuses the user or the password");
    // That the password is nowhere is asserted when the service ends.
}

#[test]
fn a_frozen_redis_costs_its_deadline() {
    needs!("redis-server");
    let server = RedisServer::start();
    let service = Setup::with_sessions().store(&server.url(), "deadline = \"200ms\"").start();
    service.wait_until_ready();
    let session = service.session();
    server.freeze();
    let started = Instant::now();
    assert_unavailable(&service.renew(&session), "frozen");
    // /renew asks once.
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_fails_closed(&service, Some(&session));
    server.thaw();
    service.wait_until_ready();
    assert_eq!(service.renew(&session).status, 200);
}

#[test]
fn the_time_of_a_request_bounds_the_store_too() {
    needs!("redis-server");
    let server = RedisServer::start();
    let slow = Setup::with_sessions().store(&server.url(), "deadline = \"5s\"");
    let service = slow.server("request_timeout = \"300ms\"").start();
    service.wait_until_ready();
    let session = service.session();
    let ticket = || Ticket::of("listener-7").with("sid", "s").sign();
    server.freeze();
    for (what, ask) in [
        ("/enter", &(|| service.redeem(&ticket())) as &dyn Fn() -> Answer),
        ("/renew", &|| service.renew(&session)),
        ("/status", &|| service.status(&session)),
        ("/leave", &|| service.leave(&session)),
        ("/leave by ticket", &|| service.ask(get(&format!("/leave?ticket={}", ticket())))),
        ("/v1/revoke", &|| service.revoke(&json!({"subject": "listener-9"}))),
    ] {
        let started = Instant::now();
        let answer = ask();
        assert_unavailable(&answer, what);
        assert!(started.elapsed() < Duration::from_secs(2), "{what}: {:?}", started.elapsed());
        assert_eq!(service.log_line(&answer)["reason"], "the store took too long", "{what}");
    }
    server.thaw();
    assert_eq!(
        service.renew(&session).status,
        401,
        "it was told that the session is over, and heard it late"
    );
    assert_eq!(service.renew(&service.session()).status, 200);
}

/// Something in the place of Redis that does this with each connection.
fn impostor(serve: impl Fn(std::net::TcpStream) + Send + Sync + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://:{REDIS_PASSWORD}@127.0.0.1:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream.unwrap()));
        }
    });
    url
}

fn never_answer(mut stream: std::net::TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
}

fn answer_garbage(mut stream: std::net::TcpStream) {
    let _ = stream.read(&mut [0; 1024]);
    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
}

#[test]
fn a_thousand_failures_leave_nothing_behind() {
    for (what, serve) in [("never answers", never_answer as fn(_)), ("answers garbage", answer_garbage)] {
        let service = Setup::with_sessions().store(&impostor(serve), "deadline = \"300ms\"").start();
        let started = Instant::now();
        assert_unavailable(&service.redeem(&Ticket::of("listener-7").sign()), what);
        assert!(started.elapsed() < Duration::from_secs(3), "{what}: {:?}", started.elapsed());
        service.wait_until_away();
        let fail = |times: usize| {
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        for _ in 0..times / 8 {
                            assert_unavailable(&service.redeem(&Ticket::of("listener-7").sign()), what);
                        }
                    });
                }
            });
        };
        fail(200);
        service.wait_until_alone_but(1);
        let (files, memory) = (service.open_files(), service.resident());
        fail(1000);
        service.wait_until_alone_but(1);
        wait_for("the descriptors of before", || service.open_files() <= files + 1);
        let grown = service.resident().saturating_sub(memory);
        assert!(grown < 4 << 20, "{what}: {grown} bytes more");
    }
}

/// The words of the next command (RESP: an array of bulk strings).
fn command(from: &mut impl BufRead) -> Option<Vec<String>> {
    let mut line = || {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|length| *length > 0)?;
        Some(line.trim_end().to_owned())
    };
    let words: usize = line()?.strip_prefix('*')?.parse().ok()?;
    // No word that is sent here has a line break.
    (0..words).map(|_| line().and_then(|_| line())).collect()
}

/// Speaks as Redis does, and answers `reply` to the question who is shut out.
fn answering(reply: &'static str) -> impl Fn(std::net::TcpStream) + Send + Sync + Clone {
    move |mut stream| {
        let mut commands = BufReader::new(stream.try_clone().unwrap());
        while let Some(words) = command(&mut commands) {
            let answer = match words[0].as_str() {
                "MGET" => reply,
                "PING" => "+PONG\r\n",
                "INFO" => "$0\r\n\r\n",
                _ => "+OK\r\n",
            };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

#[test]
fn an_answer_to_another_question_is_no_yes() {
    let session = seal(&content(10, 5));
    let good = "*2\r\n$-1\r\n$-1\r\n";
    let service = Setup::with_sessions().store(&impostor(answering(good)), "").start();
    assert_eq!(service.renew(&session).status, 200, "nobody is shut out");
    for reply in [
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "*1\r\n$-1\r\n",
        "*3\r\n$-1\r\n$-1\r\n$-1\r\n",
        "$1\r\n1\r\n",
        "*2\r\n$-1\r\n$1\r\nx\r\n",
        "*2\r\n$-1\r\n*0\r\n",
        "+OK\r\n",
        ":1\r\n",
    ] {
        let service = Setup::with_sessions().store(&impostor(answering(reply)), "").start();
        assert_unavailable(&service.renew(&session), reply);
    }
}
