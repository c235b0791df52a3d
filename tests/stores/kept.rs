//! What every kind of store owes, asked of a shared one.

use std::collections::BTreeMap;
use std::time::Duration;

use edgemint::session::redis::{RedisClient, RedisFailure};
use edgemint::session::replay::{JtiKey, ReplayError, ReplayOutage, ReplayStore};
use edgemint::session::revocation::{Revocations, Revoked, StoreOutage};
use edgemint::session::{Session, SessionId, Subject};
use serde_json::Map;

use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{block_on, client, now, probe, wait_for};

const DAY: Duration = Duration::from_hours(24);

fn connect(server: &RedisServer) -> RedisClient {
    client(&server.url(), probe())
}

fn replay(server: &RedisServer) -> ReplayStore {
    ReplayStore::in_redis(connect(server), "edgemint:")
}

fn revocations(server: &RedisServer) -> Revocations {
    Revocations::in_redis(connect(server), "edgemint:", DAY)
}

fn ticket(jti: &str) -> JtiKey {
    JtiKey::of("https://www.example.com", jti)
}

fn of(subject: &str) -> Revoked {
    Revoked::Subject(Subject::parse(subject).unwrap())
}

fn session(subject: &str, id: Option<&str>, started: Option<i64>) -> Session {
    let mut session = Session::new(Subject::parse(subject).unwrap(), Map::new());
    session.id = id.map(SessionId::of);
    session.started = started;
    session
}

/// Every key and how many seconds it has left.
fn keys(server: &RedisServer) -> BTreeMap<String, i64> {
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    let keys = keys.into_iter().filter(|key| key != "edgemint:probe");
    keys.map(|key| (key.clone(), server.ask(&["TTL", &key]))).collect()
}

#[test]
fn two_hundred_redemptions_over_two_instances_give_one_success() {
    needs!("redis-server");
    let server = RedisServer::start();
    let instances = [replay(&server), replay(&server)];
    let outcomes = std::sync::Mutex::new(Vec::new());
    let start = std::sync::Barrier::new(200);
    std::thread::scope(|scope| {
        for n in 0..200 {
            let (instance, outcomes, start) = (&instances[n % 2], &outcomes, &start);
            scope.spawn(move || {
                start.wait();
                let outcome = block_on(instance.redeem(&ticket("one"), now() + 65, now()));
                outcomes.lock().unwrap().push(outcome);
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(ReplayError::AlreadyUsed)).count(), 199);
}

#[test]
fn a_ticket_is_remembered_past_its_expiry_by_a_name_that_tells_nothing() {
    needs!("redis-server");
    let server = RedisServer::start();
    let store = replay(&server);
    assert!(store.is_shared());
    assert_eq!(block_on(store.redeem(&ticket("one"), now() + 65, now())), Ok(()));
    let keys = keys(&server);
    let (name, left) = keys.first_key_value().unwrap();
    // printf '\0\0\0\0\0\0\0\027https://www.example.comone' | openssl dgst -sha256 -r | cut -c -32
    assert_eq!((keys.len(), name.as_str()), (1, "edgemint:ticket:4111cbd7d17ebb75bc8903a129e09ef4"));
    assert!((120..=125).contains(left), "{left}");
}

#[test]
fn a_clock_that_is_behind_takes_no_ticket_that_was_forgotten() {
    needs!("redis-server");
    let server = RedisServer::start();
    let store = replay(&server);
    // This machine's clock is an hour behind that of Redis: the ticket is good here, and long forgotten there.
    for behind in [3600, 120, 61] {
        let (expires, here) = (now() - behind, now() - behind - 30);
        let outcome = block_on(store.redeem(&ticket("one"), expires, here));
        assert_eq!(outcome, Err(ReplayError::Unavailable(ReplayOutage::ClocksApart)), "{behind}");
    }
    // Within the margin it is remembered, so it may be taken.
    assert_eq!(block_on(store.redeem(&ticket("two"), now() - 30, now() - 60)), Ok(()));
    assert_eq!(block_on(store.redeem(&ticket("two"), now() - 30, now() - 60)), Err(ReplayError::AlreadyUsed));
    for extreme in [i64::MIN, -1, 0, i64::MAX] {
        let twice = [0, 1].map(|_| block_on(store.redeem(&ticket("x"), extreme, now())));
        assert!(twice.iter().any(Result::is_err), "{extreme}: {twice:?}");
    }
}

#[test]
fn what_one_instance_revokes_the_other_refuses() {
    needs!("redis-server");
    let server = RedisServer::start();
    let (here, there) = (revocations(&server), revocations(&server));
    let refuses = |session: &Session| block_on(there.refuses(session, now()));
    assert_eq!(refuses(&session("a", Some("s1"), Some(50))), Ok(false));
    block_on(here.revoke(&of("a"), 100)).unwrap();
    block_on(here.revoke(&Revoked::Session(SessionId::of("s1")), 100)).unwrap();
    for (session, expected) in [
        (session("a", None, Some(100)), true),
        (session("a", Some("s2"), Some(99)), true),
        (session("a", None, Some(101)), false),
        (session("a", Some("s1"), Some(101)), false),
        (session("a", None, None), true),
        (session("b", None, Some(100)), false),
        (session("b", None, None), false),
        (session("b", Some("s1"), Some(100)), true),
        (session("b", Some("s1"), None), true),
        (session("b", Some("s2"), Some(100)), false),
    ] {
        assert_eq!(refuses(&session), Ok(expected), "{session:?}");
    }
}

#[test]
fn the_second_of_a_revocation_moves_forward_and_never_back() {
    needs!("redis-server");
    let server = RedisServer::start();
    let stores = [revocations(&server), revocations(&server)];
    // All at once, from two instances; whichever comes last.
    std::thread::scope(|scope| {
        for second in 1..=100 {
            let store = &stores[second % 2];
            scope.spawn(move || block_on(store.revoke(&of("a"), i64::try_from(second).unwrap())).unwrap());
        }
    });
    assert_eq!(block_on(stores[0].refuses(&session("a", None, Some(100)), now())), Ok(true));
    assert_eq!(block_on(stores[0].refuses(&session("a", None, Some(101)), now())), Ok(false));
    // It is remembered from the last on, though that was by a clock that is behind.
    let name = keys(&server).into_keys().next().unwrap();
    let _: i64 = server.ask(&["EXPIRE", &name, "10"]);
    block_on(stores[1].revoke(&of("a"), 7)).unwrap();
    assert_eq!(block_on(stores[0].refuses(&session("a", None, Some(100)), now())), Ok(true));
    // printf 'subject\0a' | openssl dgst -sha256 -r | cut -c -32
    assert_eq!(name, "edgemint:revoked:21e9e3b80ee57e81c660ad99888c3d3b");
    let left = keys(&server)[&name];
    assert!((DAY.as_secs() - 5..=DAY.as_secs()).contains(&u64::try_from(left).unwrap()), "{left}");
}

#[test]
fn an_outage_is_never_a_yes() {
    needs!("redis-server");
    let mut server = RedisServer::start();
    let client = connect(&server);
    let replay = ReplayStore::in_redis(client.clone(), "edgemint:");
    let revocations = Revocations::in_redis(client.clone(), "edgemint:", DAY);
    assert_eq!(block_on(client.first_health()), Ok(()));
    // A value of another kind, as another program might leave it there.
    block_on(revocations.revoke(&of("a"), 100)).unwrap();
    let name = keys(&server).into_keys().next().unwrap();
    let () = server.ask(&["SET", &name, "no number"]);
    let refuses = || block_on(revocations.refuses(&session("a", None, Some(1)), now()));
    assert_eq!(refuses(), Err(StoreOutage::Redis(RedisFailure::Garbage)));
    server.kill();
    wait_for("noticing", || client.health().is_err());
    let outage = client.health().unwrap_err();
    assert_eq!(refuses(), Err(StoreOutage::Redis(outage)));
    assert_eq!(block_on(revocations.revoke(&of("a"), 100)), Err(StoreOutage::Redis(outage)));
    let unavailable = Err(ReplayError::Unavailable(ReplayOutage::Redis(outage)));
    assert_eq!(block_on(replay.redeem(&ticket("one"), now() + 65, now())), unavailable);
    server.restart();
    wait_for("the return", || client.health().is_ok());
    assert_eq!(block_on(replay.redeem(&ticket("one"), now() + 65, now())), Ok(()), "it was not used up");
    assert_eq!(block_on(replay.redeem(&ticket("one"), now() + 65, now())), Err(ReplayError::AlreadyUsed));
}

#[test]
fn a_full_redis_that_drops_nothing_says_so() {
    needs!("redis-server");
    let server = RedisServer::with(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    let client = connect(&server);
    assert_eq!(block_on(client.first_health()), Err(RedisFailure::Refused("OOM")));
    let () = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    wait_for("room", || client.health().is_ok());
}

#[test]
fn prefixes_keep_services_apart() {
    needs!("redis-server");
    let server = RedisServer::start();
    let client = connect(&server);
    for prefix in ["one:", "two:"] {
        let store = ReplayStore::in_redis(client.clone(), prefix);
        assert_eq!(block_on(store.redeem(&ticket("one"), now() + 65, now())), Ok(()));
    }
}
