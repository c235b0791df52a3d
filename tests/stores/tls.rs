use std::path::Path;
use std::process::Command;

use edgemint::session::redis::{RedisClient, RedisFailure, RedisSettings};
use tempfile::TempDir;

use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{PATIENCE, block_on, ping, probe};

/// An authority, and a certificate of it for 127.0.0.1 and localhost.
struct Authority(TempDir);

impl Authority {
    fn new() -> Self {
        let this = Self(tempfile::tempdir().unwrap());
        let subject = ["-subj", "/CN=authority of this test alone"];
        this.openssl(
            &[
                &["req", "-x509", "-noenc", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2"],
                &NEW_KEY[..],
                &subject,
            ]
            .concat(),
        );
        let names = [
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ];
        let signed = ["-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2"];
        this.openssl(
            &[
                &["req", "-noenc", "-keyout", "server.key", "-out", "server.pem"],
                &NEW_KEY[..],
                &names,
                &signed,
            ]
            .concat(),
        );
        this
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn path(&self, name: &str) -> String {
        Path::to_str(&self.0.path().join(name)).unwrap().to_owned()
    }

    fn certificate(&self) -> String {
        std::fs::read_to_string(self.path("ca.pem")).unwrap()
    }

    fn server(&self) -> RedisServer {
        let [key, certificate, ca] = ["server.key", "server.pem", "ca.pem"].map(|name| self.path(name));
        let files = ["--tls-key-file", &key, "--tls-cert-file", &certificate, "--tls-ca-cert-file", &ca];
        RedisServer::with(&[&files[..], &["--tls-auth-clients", "no"]].concat())
    }
}

const NEW_KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

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
