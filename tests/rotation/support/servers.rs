use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::{Place, wait_for};

pub const APP: &str = "https://www.example.com";
pub const ISSUER: &str = "https://listen.example.com";
pub const TICKET_SECRET: &str = "s3cret-of-the-tickets-in-this-test-alone";
const SESSION_SECRET: &str = "s3cret-of-the-sessions-in-this-test-alone";

impl Place {
    /// Lets listeners in: one grant whose cookies live for so many seconds, tickets and sessions.
    pub fn admit_listeners(&mut self, lifetime: u32) {
        for (name, secret) in [("ticket.key", TICKET_SECRET), ("session.key", SESSION_SECRET)] {
            fs::write(self.root().join(name), secret).unwrap();
            fs::set_permissions(self.root().join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        self.grants = format!(
            "[[grants]]\nname = \"podcasts\"\nresource = \"https://cdn.example.com/podcasts/*\"\nttl = \"{lifetime}s\"\n\
             cookie = {{ domain = \"example.com\" }}\n[ticket]\nissuer = \"{APP}\"\naudience = \"{ISSUER}\"\n\
             [[ticket.keys]]\nalgorithm = \"HS256\"\nsecret = {{ file = \"ticket.key\" }}\n[session]\n\
             secrets = [{{ file = \"session.key\" }}]\n"
        );
    }

    /// `edgemint serve` with what the configuration says now.
    pub fn serve(&self) -> Server {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("API_KEY", "0123456789abcdef0123456789abcdef");
        let mut child = command.stdout(Stdio::piped()).stderr(log.reopen().unwrap()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("edgemint listening on http://").map(str::parse);
        let Some(Ok(address)) = address else {
            panic!("first line {line:?}, log {}", fs::read_to_string(log.path()).unwrap());
        };
        Server { address, child, log }
    }
}

/// An instance of the service, until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
    log: tempfile::NamedTempFile,
}

impl Server {
    /// Waits until it signs with this key, going by `/readyz`.
    pub fn follows(&self, key_pair_id: &str) {
        wait_for(&format!("signing with {key_pair_id}"), || {
            let answer = crate::client::get(self.address, "/readyz", &[]);
            let told: Value = serde_json::from_str(answer.text()).unwrap();
            told["keyring"]["key_pair_id"] == key_pair_id
        });
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
