use edgemint::session::redis::{RedisClient, RedisFailure, RedisSettings};

use crate::authority::Authority;
use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{PATIENCE, block_on, ping, probe};

fn ask(url: &str, ca: Option<&str>) -> Result<String, RedisFailure> {
    let settings = RedisSettings::new(url, ca, PATIENCE).unwrap();
    block_on(ping(&RedisClient::open(&settings, "test", probe()).unwrap()))
}

#[test]
fn a_server_is_believed_with_its_own_authority_only() {
    needs!("redis-server", "openssl");
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = authority.server();
    let (ca, wrong_ca) = (authority.certificate(), stranger.certificate());
    let url = |host: &str| format!("rediss://{host}:{}", server.port());
    for host in ["127.0.0.1", "localhost"] {
        assert_eq!(ask(&url(host), Some(&ca)).as_deref(), Ok("PONG"), "{host}");
    }
    assert_eq!(ask(&url("localhost"), Some(&format!("{wrong_ca}{ca}"))).as_deref(), Ok("PONG"), "several");
    assert_eq!(ask(&url("localhost"), Some(&wrong_ca)), Err(RedisFailure::Tls), "another authority");
    assert_eq!(ask(&url("localhost"), None), Err(RedisFailure::Tls), "the system's authorities");
    assert_eq!(ask(&url("127.0.0.2"), Some(&ca)).map_err(|_| ()), Err(()), "another name");
    // Neither does a connection without TLS work, nor one with TLS to a server that has none.
    assert_eq!(ask(&server.url(), None), Err(RedisFailure::Lost));
    // It takes a handshake for the beginning of a command, and waits for the rest.
    let plain = RedisServer::start();
    assert_eq!(ask(&format!("rediss://localhost:{}", plain.port()), Some(&ca)), Err(RedisFailure::Late));
}
