use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use edgemint::session::redis::{RedisFailure, Use};
use redis::cmd;

use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{block_on, client, patient_client, ping, probe, wait_for};

const PONG: Result<&str, &RedisFailure> = Ok("PONG");

/// Something that listens where a Redis is expected, and does this with each connection.
fn impostor(serve: impl Fn(std::net::TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream.unwrap()));
        }
    });
    url
}

/// Reads for ever.
fn swallow(mut stream: std::net::TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
}

#[test]
fn the_connection_outlives_the_runtimes_that_use_it() {
    needs!("redis-server");
    let server = RedisServer::start();
    let client = client(&server.url(), Use::Look);
    // The first runtime is gone when the second begins.
    assert_eq!(block_on(ping(&client)).as_deref(), PONG);
    assert_eq!(block_on(ping(&client)).as_deref(), PONG);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                block_on(async {
                    for _ in 0..50 {
                        assert_eq!(ping(&client).await.as_deref(), PONG);
                    }
                });
            });
        }
    });
    let clients: String = server.ask(&["CLIENT", "LIST", "TYPE", "normal"]);
    assert_eq!(clients.lines().filter(|line| line.contains("addr=127.0.0.1")).count(), 1, "{clients}");
}

#[test]
fn the_connection_ends_with_its_last_user() {
    needs!("redis-server");
    let server = RedisServer::start();
    let first = client(&server.url(), Use::Look);
    let second = first.clone();
    let connections = || {
        let clients: String = server.ask(&["CLIENT", "LIST", "TYPE", "normal"]);
        clients.lines().filter(|line| line.contains("addr=127.0.0.1")).count()
    };
    drop(first);
    assert_eq!(block_on(ping(&second)).as_deref(), PONG);
    assert_eq!(connections(), 1);
    drop(second);
    wait_for("the end of the connection", || connections() == 0);
}

#[test]
fn it_goes_and_comes_back_without_anybody_waiting_in_between() {
    needs!("redis-server");
    let mut server = RedisServer::start();
    let client = client(&server.url(), probe());
    assert_eq!(block_on(ping(&client)).as_deref(), PONG);
    assert_eq!(client.health(), Ok(()));
    for _ in 0..2 {
        server.kill();
        wait_for("noticing without being asked", || client.health().is_err());
        wait_for("a reason", || matches!(client.health(), Err(RedisFailure::Unreachable(_))));
        let started = Instant::now();
        for _ in 0..1000 {
            assert!(matches!(block_on(ping(&client)), Err(RedisFailure::Unreachable(_))));
        }
        assert!(started.elapsed() < Duration::from_secs(10), "a thousand take {:?}", started.elapsed());
        server.restart();
        wait_for("coming back without being asked", || client.health().is_ok());
        assert_eq!(block_on(ping(&client)).as_deref(), PONG);
    }
}

#[test]
fn the_first_command_after_an_idle_connection_was_closed_is_answered() {
    needs!("redis-server");
    let server = RedisServer::start();
    let client = client(&server.url(), Use::Look);
    assert_eq!(block_on(ping(&client)).as_deref(), PONG);
    // Longer than the shortest life of a connection after which hope is given up.
    let started = Instant::now();
    wait_for("some age", || started.elapsed() > Duration::from_millis(1500));
    for _ in 0..5 {
        let killed: usize = server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        assert!(killed <= 1);
        // One that was under way may be lost.
        wait_for("an answer", || block_on(ping(&client)).is_ok());
    }
}

#[test]
fn a_frozen_server_costs_a_deadline_and_no_more() {
    needs!("redis-server");
    let server = RedisServer::start();
    let client = patient_client(&server.url(), Duration::from_millis(300), probe());
    wait_for("the connection", || client.health().is_ok());
    server.freeze();
    let started = Instant::now();
    assert_eq!(block_on(ping(&client)), Err(RedisFailure::Late));
    let elapsed = started.elapsed();
    assert!((Duration::from_millis(290)..Duration::from_secs(3)).contains(&elapsed), "{elapsed:?}");
    wait_for("a connection that is given up", || matches!(client.health(), Err(RedisFailure::Late)));
    wait_for("no hope", || {
        let started = Instant::now();
        block_on(ping(&client)).is_err() && started.elapsed() < Duration::from_millis(200)
    });
    server.thaw();
    wait_for("the return", || client.health().is_ok());
    assert_eq!(block_on(ping(&client)).as_deref(), PONG);
}

#[test]
fn who_accepts_and_never_answers_is_away() {
    let url = impostor(swallow);
    let client = patient_client(&url, Duration::from_millis(200), Use::Look);
    let started = Instant::now();
    assert_eq!(block_on(ping(&client)), Err(RedisFailure::Late));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(block_on(client.first_health()), Err(RedisFailure::Late));
}

#[test]
fn who_answers_garbage_is_away() {
    for garbage in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\0\xff\xfe",
        b"*99999\r\n?",
        b":x\r\n",
        b"$-9999999999999999\r\n",
    ] {
        let url = impostor(move |mut stream| {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(garbage);
        });
        let client = client(&url, probe());
        let failure = block_on(client.first_health()).unwrap_err();
        assert!(matches!(failure, RedisFailure::Garbage | RedisFailure::Lost), "{garbage:?}: {failure:?}");
    }
    // Redis speaks so, but says something else than what it was asked.
    let url = impostor(|mut stream| {
        while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {
            let _ = stream.write_all(b":7\r\n:7\r\n:7\r\n");
        }
    });
    for purpose in [probe(), Use::Look] {
        let failure = block_on(client(&url, purpose).first_health()).unwrap_err();
        assert_eq!(failure, RedisFailure::Garbage);
    }
}

#[test]
fn who_answers_another_command_than_the_last_is_left() {
    // The second connection answers as it should.
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let url = impostor(move |mut stream| {
        let is_shifted = counted.fetch_add(1, Ordering::SeqCst) == 0;
        let mut pings = 0;
        let mut read = [0; 1024];
        while let Ok(length) = stream.read(&mut read)
            && length > 0
        {
            let text = String::from_utf8_lossy(&read[..length]).into_owned();
            for command in text.split_inclusive('*').filter(|command| command.contains("\r\n$")) {
                pings += usize::from(command.contains("PING"));
                let answer = match (command.contains("PING"), is_shifted && pings > 1) {
                    (true, false) => "+PONG\r\n",
                    (true, true) => "$6\r\nother!\r\n",
                    (false, _) => "+OK\r\n",
                };
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    let client = client(&url, Use::Look);
    assert_eq!(block_on(client.first_health()), Ok(()));
    wait_for("another connection", || connections.load(Ordering::SeqCst) > 1 && client.health().is_ok());
}

#[test]
fn a_late_answer_is_given_to_nobody_else() {
    needs!("redis-server");
    let server = RedisServer::start();
    for key in ["a", "b"] {
        let _: String = server.ask(&["SET", key, key]);
    }
    let client = patient_client(&server.url(), Duration::from_millis(300), Use::Look);
    let value = |key: &str| block_on(client.value(key, 16));
    assert_eq!(value("a"), Ok(Some(b"a".to_vec())));
    server.freeze();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(value("a").is_err()));
        }
    });
    server.thaw();
    let mut answered = 0;
    wait_for("answers", || {
        if let Ok(found) = value("b") {
            assert_eq!(found, Some(b"b".to_vec()));
            answered += 1;
        }
        answered == 100
    });
}

#[test]
fn nobody_there_and_what_is_wrong_is_said_without_secrets() {
    needs!("redis-server");
    let server = RedisServer::with(&["--requirepass", "the-right-pass", "--databases", "2"]);
    let port = server.port();
    for (url, expected) in [
        (format!("redis://:wr0ng-pass@127.0.0.1:{port}"), RedisFailure::Credentials),
        (format!("redis://s0mebody:wr0ng-pass@127.0.0.1:{port}"), RedisFailure::Credentials),
        (format!("redis://127.0.0.1:{port}"), RedisFailure::Credentials),
        (format!("redis://:the-right-pass@127.0.0.1:{port}/7"), RedisFailure::Database),
        (
            "redis://:wr0ng-pass@127.0.0.1:1".to_owned(),
            RedisFailure::Unreachable(std::io::ErrorKind::ConnectionRefused),
        ),
        (
            "unix:///nonexistent/redis.sock?pass=wr0ng-pass".to_owned(),
            RedisFailure::Unreachable(std::io::ErrorKind::NotFound),
        ),
    ] {
        let client = client(&url, Use::Look);
        let failure = block_on(client.first_health()).unwrap_err();
        assert_eq!(failure, expected, "{url}");
        let shown = format!("{failure} {failure:?} {client:?}");
        for secret in ["wr0ng", "s0mebody", "the-right-pass"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    for url in [
        format!("redis://:the-right-pass@127.0.0.1:{port}/1"),
        format!("redis://default:the-right-pass@127.0.0.1:{port}"),
        format!("unix://{}?pass=the-right-pass", server.socket().display()),
    ] {
        let client = client(&url, probe());
        assert_eq!(block_on(ping(&client)).as_deref(), PONG, "{url}");
    }
}

#[test]
fn a_password_that_is_put_right_there_needs_no_restart_here() {
    needs!("redis-server");
    let server = RedisServer::start();
    let port = server.port();
    let client = client(&format!("redis://app:s3cret@127.0.0.1:{port}"), probe());
    assert_eq!(block_on(ping(&client)), Err(RedisFailure::Credentials));
    let () = server.ask(&["ACL", "SETUSER", "app", "on", ">s3cret", "~edgemint:*", "+@all"]);
    wait_for("the right password", || client.health().is_ok());
    assert_eq!(block_on(ping(&client)).as_deref(), PONG);
}

#[test]
fn what_takes_no_writes_is_away_for_those_who_keep_and_not_for_those_who_look() {
    needs!("redis-server");
    let (first, second) = (RedisServer::start(), RedisServer::start());
    let (keeps, looks) = (client(&second.url(), probe()), client(&second.url(), Use::Look));
    assert_eq!(block_on(keeps.first_health()), Ok(()));
    // What they had is now a replica.
    let () = second.ask(&["REPLICAOF", "127.0.0.1", &first.port().to_string()]);
    let refused = block_on(keeps.ask::<()>(cmd("SET").arg("key").arg("value")));
    assert_eq!(refused, Err(RedisFailure::Refused("READONLY")));
    wait_for("no health", || keeps.health() == Err(RedisFailure::Refused("READONLY")));
    assert_eq!(block_on(looks.first_health()), Ok(()));
    let () = second.ask(&["REPLICAOF", "NO", "ONE"]);
    wait_for("health", || keeps.health().is_ok());
}

#[test]
fn a_value_is_fetched_up_to_its_bound() {
    needs!("redis-server");
    let server = RedisServer::start();
    let client = client(&server.url(), Use::Look);
    let () = server.ask(&["SET", "value", "0123456789"]);
    let () = server.ask(&["SET", "empty", ""]);
    let _: usize = server.ask(&["HSET", "hash", "field", "value"]);
    let value = |key: &str, most| block_on(client.value(key, most));
    assert_eq!(value("value", 10), Ok(Some(b"0123456789".to_vec())));
    assert_eq!(value("value", 11), Ok(Some(b"0123456789".to_vec())));
    assert_eq!(value("value", 9), Err(RedisFailure::TooLarge));
    assert_eq!(value("empty", 10), Ok(None));
    assert_eq!(value("absent", 10), Ok(None));
    assert_eq!(value("hash", 10), Err(RedisFailure::Refused("WRONGTYPE")));
    assert_eq!(client.health(), Ok(()), "a value of another kind is no reason to give the connection up");
}
