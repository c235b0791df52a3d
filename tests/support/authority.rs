//! An authority of a test's own, made by openssl: callers name `openssl` and `redis-server` in `needs!` first.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::redis_server::RedisServer;

/// An authority, and a certificate of it for 127.0.0.1, localhost and listen.example.com.
pub struct Authority(TempDir);

impl Authority {
    pub fn new() -> Self {
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
            "subjectAltName=DNS:localhost,DNS:listen.example.com,IP:127.0.0.1",
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

    /// Of `server.pem`, `server.key` and `ca.pem`.
    pub fn path(&self, name: &str) -> String {
        Path::to_str(&self.0.path().join(name)).unwrap().to_owned()
    }

    pub fn certificate(&self) -> String {
        std::fs::read_to_string(self.path("ca.pem")).unwrap()
    }

    /// A Redis that speaks TLS alone, with the certificate.
    pub fn server(&self) -> RedisServer {
        let [key, certificate, ca] = ["server.key", "server.pem", "ca.pem"].map(|name| self.path(name));
        let files = ["--tls-key-file", &key, "--tls-cert-file", &certificate, "--tls-ca-cert-file", &ca];
        RedisServer::with(&[&files[..], &["--tls-auth-clients", "no"]].concat())
    }
}

const NEW_KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
