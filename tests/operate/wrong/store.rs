//! A Redis that is away, that is not the one that was meant, or that cannot keep anything.

use super::chapter::{Mistake, try_all};
use super::deployment::{Deployment, line};
use crate::programs::is_installed;
use crate::redis_server::RedisServer;
use crate::support::{REDIS_PASSWORD, exchange, get};

const AWAY: &str = "Redis is of no use at the moment; it is tried again until it is";

pub const MISTAKES: &[Mistake] = &[
    // Nothing listens at port 1.
    ("redis-unreachable", || log("redis://127.0.0.1:1/0", AWAY)),
    ("redis-of-unknown-name", || log("redis://redis.invalid:6379/0", AWAY)),
    ("redis-password", || {
        let server = redis(&["--requirepass", REDIS_PASSWORD])?;
        log(&format!("redis://:another-s3cret@127.0.0.1:{}/0", server.port()), AWAY)
    }),
    ("redis-database", || {
        let server = redis(&[])?;
        log(&format!("{}/99", server.url()), AWAY)
    }),
    ("redis-without-tls", || {
        let server = redis(&[])?;
        log(&server.url().replace("redis://", "rediss://"), AWAY)
    }),
    ("redis-replica", || {
        let primary = redis(&[])?;
        let replica = redis(&["--replicaof", "127.0.0.1", &primary.port().to_string()])?;
        log(&replica.url(), AWAY)
    }),
    ("redis-full", || {
        let server = redis(&["--maxmemory", "1"])?;
        log(&server.url(), AWAY)
    }),
    ("redis-drops-keys", || {
        let server = redis(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"])?;
        let policy = "this Redis drops keys when its memory is full (maxmemory-policy), and with them which tickets \
                      were used and who was shut out: set maxmemory-policy to noeviction";
        log(&server.url(), policy)
    }),
    ("redis-url-of-another-kind", || {
        let place = Deployment::of("own-host.toml");
        place.write("redis.url", "http://127.0.0.1:6379");
        place.check()
    }),
    ("one-file-for-two-instances", || {
        let place = Deployment::alone().and("[store]\nfile = \"revocations\"\n");
        place.set_mode(".", 0o700);
        let _first = place.serve();
        place.refused(&["serve", "--config", "edgemint.toml", "--listen", "127.0.0.1:0"])
    }),
];

fn redis(arguments: &[&str]) -> Option<RedisServer> {
    is_installed("redis-server").then(|| RedisServer::with(arguments))
}

/// The line of this message in the log of a service with this Redis; if it is of no use, readiness says so.
fn log(url: &str, message: &str) -> Option<String> {
    let place = Deployment::of("own-host.toml");
    place.write("redis.url", url);
    let service = place.serve();
    let line = line(&service, message);
    if message == AWAY {
        assert_eq!(exchange(service.address, get("/readyz")).json()["reason"], "store_unavailable");
    }
    assert!(!service.log().contains("s3cret"), "{}", service.log());
    Some(line)
}

#[test]
fn mistakes_with_redis_are_told_as_the_chapter_shows() {
    try_all(MISTAKES);
}
