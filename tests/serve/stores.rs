//! Several instances on one Redis.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::json;

use crate::authority::Authority;
use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{REDIS_PASSWORD, Setup, Ticket, exchange, get, locked_redis, now, run, wait_for};

#[test]
fn a_ticket_is_taken_once_by_all_instances_together() {
    needs!("redis-server");
    let server = RedisServer::start();
    let instances = [Setup::sharing(&server).start(), Setup::sharing(&server).start()];
    instances.iter().for_each(|instance| instance.wait_until_ready());
    let ticket = Ticket::of("listener-7").sign();
    let (start, taken, refused) = (Barrier::new(200), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for n in 0..200 {
            let (instance, ticket, start, taken, refused) =
                (&instances[n % 2], &ticket, &start, &taken, &refused);
            scope.spawn(move || {
                start.wait();
                let answer = instance.redeem(ticket);
                match answer.status {
                    303 => taken.fetch_add(1, Ordering::Relaxed),
                    _ => {
                        answer.assert_refusal(401, "ticket_refused", "one of two hundred");
                        refused.fetch_add(1, Ordering::Relaxed)
                    }
                };
            });
        }
    });
    assert_eq!((taken.into_inner(), refused.into_inner()), (1, 199));
    instances.iter().for_each(|instance| instance.assert_entering());
}

#[test]
fn whom_one_instance_shuts_out_the_other_refuses() {
    needs!("redis-server");
    let server = RedisServer::start();
    let instances = [Setup::sharing(&server).start(), Setup::sharing(&server).start()];
    let [here, there] = &instances;
    instances.iter().for_each(|instance| instance.wait_until_ready());
    let session = here.session();
    let named = there.session_of(&Ticket::of("listener-8").with("sid", "session-of-8"));
    let other = here.session_of(&Ticket::of("listener-8").with("sid", "another-of-8"));
    for instance in &instances {
        for session in [&session, &named, &other] {
            assert_eq!(instance.renew(session).status, 200);
        }
    }
    let revoked = here.revoke(&json!({"subject": "listener-7"}));
    assert_eq!(revoked.status, 200);
    assert_eq!(there.revoke(&json!({"sid": "session-of-8"})).status, 200);
    for instance in &instances {
        instance.assert_refused(&instance.renew(&session), 401, "session_refused", "its listener");
        instance.assert_refused(&instance.renew(&named), 401, "session_refused", "by its name");
        assert_eq!(instance.renew(&other).status, 200, "another session of the listener");
    }
    // Whoever signs in again in a later second is let in, by either.
    let second = revoked.json()["refused_from"].as_i64().unwrap();
    wait_for("the next second", || now() > second);
    let again = here.session();
    assert_eq!(there.renew(&again).status, 200);
    // Nothing in Redis names anybody.
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    let is_plain = |key: &String| key.contains("listener") || key.contains("session-of");
    assert!(keys.len() >= 3 && !keys.iter().any(is_plain), "{keys:?}");
}

#[test]
fn a_session_that_was_left_is_remembered_no_longer_than_it_could_last() {
    needs!("redis-server");
    let server = RedisServer::start();
    let service = Setup::sharing(&server).start();
    service.wait_until_ready();
    let session = service.session_of(&Ticket::of("listener-7").with("sid", "s-7"));
    let remembered = || {
        let keys: Vec<String> = server.ask(&["KEYS", "edgemint:revoked:*"]);
        let [key] = &keys[..] else { panic!("{keys:?}") };
        server.ask::<u64>(&["TTL", key])
    };
    const DAY: u64 = 86_400;
    assert_eq!(service.leave(&session).status, 204);
    // session.max_age, and two minutes for clocks that differ.
    assert!((DAY..=DAY + 120).contains(&remembered()), "{}", remembered());
    assert_eq!(service.revoke(&json!({"sid": "s-7"})).status, 200);
    assert!((30 * DAY - 60..=30 * DAY).contains(&remembered()), "{}", remembered());
    assert_eq!(service.leave(&session).status, 204);
    assert!((30 * DAY - 60..=30 * DAY).contains(&remembered()), "a revocation is not shortened");
    service.assert_refused(&service.renew(&session), 401, "session_refused", "it was left");
}

#[test]
fn a_rolling_restart_refuses_no_good_ticket_and_takes_no_used_one() {
    needs!("redis-server");
    let server = RedisServer::start();
    let mut service = Setup::sharing(&server).start();
    service.wait_until_ready();
    let before =
        |age: i64| Ticket::of("listener-7").with("iat", now() - age).with("exp", now() - age + 50).sign();
    let (used, unused) = (before(20), before(20));
    assert_eq!(service.redeem(&used).status, 303);
    service.signal(Signal::KILL);
    service.wait();
    let setup = std::mem::replace(&mut service.setup, Setup::new());
    drop(service);
    let service = setup.start();
    service.wait_until_ready();
    assert_eq!(service.redeem(&unused).status, 303, "issued before this process began");
    service.assert_refused(&service.redeem(&used), 401, "ticket_refused", "used before the crash");
}

#[test]
fn a_redis_with_a_password_and_tls_serves_and_nothing_tells_the_password() {
    needs!("redis-server", "openssl");
    let (locked, url) = locked_redis();
    let service = Setup::with_sessions().logging("debug").store(&url, "").start();
    service.wait_until_ready();
    service.assert_entering();
    service.log_with("Redis answers");
    drop((service, locked));

    let authority = Authority::new();
    let server = authority.server();
    let setup = Setup::with_sessions();
    std::fs::write(setup.path("redis-ca.pem"), authority.certificate()).unwrap();
    let url = format!("rediss://localhost:{}", server.port());
    let service = setup.store(&url, "ca = { file = \"redis-ca.pem\" }\nprefix = \"t:\"").start();
    service.wait_until_ready();
    service.assert_entering();
    let keys: Vec<String> = server.ask(&["KEYS", "t:ticket:*"]);
    assert_eq!(keys.len(), 1);

    let stranger = Authority::new();
    std::fs::write(service.setup.path("redis-ca.pem"), stranger.certificate()).unwrap();
    let mut command = service.setup.command(&["check", "--config", "edgemint.toml"]);
    let said = run(&mut command);
    assert!(said.contains("which is of no use now (the TLS handshake with Redis failed"), "{said}");
}

#[test]
fn check_says_where_things_are_remembered() {
    needs!("redis-server");
    let said_of = |setup: &Setup| {
        drop(setup.serve());
        let said = run(&mut setup.command(&["check", "--config", "edgemint.toml"]));
        assert!(!said.contains(REDIS_PASSWORD), "{said}");
        let line = said.lines().find_map(|line| line.strip_prefix("remembers in     "));
        line.unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    assert_eq!(
        said_of(&Setup::new()),
        "memory, until it is started again: who was shut out is let in then, where a session lasts; store.file keeps it; revocations for 30days"
    );
    let (mut server, url) = locked_redis();
    let place = format!("127.0.0.1:{}", server.port());
    let setup = Setup::new().store(&url, "revocations = \"2days\"\nprefix = \"a:\"");
    assert_eq!(said_of(&setup), format!("Redis at {place}, keys a:*, which answers; revocations for 2days"));
    let wrong = Setup::new().store(&format!("redis://:not-{REDIS_PASSWORD}@{place}"), "");
    let expected = format!(
        "Redis at {place}, keys edgemint:*, which is of no use now (Redis refuses the user or the password)"
    );
    assert!(said_of(&wrong).starts_with(&expected), "{}", said_of(&wrong));
    server.kill();
    let expected = format!(
        "Redis at {place}, keys a:*, which is of no use now (Redis cannot be reached: nothing listens there)"
    );
    assert!(said_of(&setup).starts_with(&expected), "{}", said_of(&setup));
}

#[test]
fn a_redis_that_drops_keys_is_warned_of_and_one_that_does_not_is_not() {
    needs!("redis-server");
    let warning = "this Redis drops keys when its memory is full";
    let dropping = RedisServer::with(&["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"]);
    let service = Setup::sharing(&dropping).start();
    let log = service.log_with(warning);
    assert!(log.contains("noeviction"), "{log}");
    service.wait_until_ready();
    let keeping = RedisServer::start();
    let service = Setup::sharing(&keeping).start();
    service.wait_until_ready();
    service.log_with("Redis answers");
    assert!(!service.log().contains(warning), "{}", service.log());
    assert_eq!(exchange(service.address, get("/readyz")).status, 200);
}
