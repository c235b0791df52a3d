use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use edgemint::cloudfront::{KeyAlgorithm, SigningKey};
use serde_json::Value;
use tempfile::TempDir;

/// The path that the double protects, and a file below it.
const PROTECTED: &str = "/podcasts/*";

/// `edgemint edge` with a control plane, both on free ports, until it is dropped.
pub struct Double {
    pub edge: SocketAddr,
    pub control: SocketAddr,
    /// The key group that the protected path trusts.
    pub group: String,
    pub distribution: String,
    child: Child,
    _root: TempDir,
}

/// A public key that the control plane has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteKey {
    pub id: String,
    pub name: String,
}

impl Double {
    /// Changes arrive at once.
    pub fn start() -> Self {
        Self::with(&[], &["--propagation", "0s", "--nodes", "1"])
    }

    /// The key group begins with a key of somebody else under each of these ids.
    pub fn with_foreign_keys(ids: &[&str]) -> Self {
        Self::with(ids, &["--propagation", "0s", "--nodes", "1"])
    }

    /// `more`: further flags of `edgemint edge`.
    pub fn with(foreign: &[&str], more: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("origin/podcasts")).unwrap();
        fs::create_dir_all(root.path().join("origin/open")).unwrap();
        for name in ["podcasts/canary.txt", "podcasts/1.mp3", "open/canary.txt"] {
            fs::write(root.path().join("origin").join(name), b"0123456789").unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
        command.args(["edge", "--listen", "127.0.0.1:0", "--control-plane", "127.0.0.1:0"]);
        command.args(["--origin", "origin", "--protect", PROTECTED]).args(more).current_dir(root.path());
        for id in foreign {
            let key = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
            fs::write(root.path().join(format!("{id}.pem")), key.public_key().to_pem()).unwrap();
            command.args(["--trust", &format!("{id}={id}.pem")]);
        }
        let log = fs::File::create(root.path().join("log")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = |prefix: &str| {
            let line = lines.next().expect("a line of greeting").unwrap();
            let told = line.strip_prefix(prefix);
            told.unwrap_or_else(|| panic!("{line:?} does not begin with {prefix:?}")).to_owned()
        };
        let edge = told("edge listening on http://").parse().unwrap();
        let control = told("control plane listening on http://").parse().unwrap();
        let (distribution, group) = (told("distribution "), told("key group "));
        Self { edge, control, group, distribution, child, _root: root }
    }

    /// The ids in the key group, in its order.
    pub fn key_group(&self) -> Vec<String> {
        let answer = self.api("GET", &format!("/2020-05-31/key-group/{}", self.group), "");
        all(between(&answer, "<Items>", "</Items>").unwrap_or_default(), "PublicKey")
    }

    /// Every public key of the account.
    pub fn public_keys(&self) -> Vec<RemoteKey> {
        let answer = self.api("GET", "/2020-05-31/public-key", "");
        let (ids, names) = (all(&answer, "Id"), all(&answer, "Name"));
        assert_eq!(ids.len(), names.len(), "{answer}");
        ids.into_iter().zip(names).map(|(id, name)| RemoteKey { id, name }).collect()
    }

    /// Somebody else makes a key group that no path trusts; its id.
    pub fn make_key_group(&self, name: &str, keys: &[&str]) -> String {
        let items: String = keys.iter().map(|key| format!("<PublicKey>{key}</PublicKey>")).collect();
        let body = format!(
            "<KeyGroupConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Name>{name}</Name>\
             <Items>{items}</Items></KeyGroupConfig>"
        );
        let answer = self.api("POST", "/2020-05-31/key-group", &body);
        between(&answer, "<Id>", "</Id>").unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Replaces the faults that are to come; see `edge::control` for their form.
    pub fn faults(&self, faults: &Value) {
        self.api("PUT", "/_edgemint/faults", &faults.to_string());
    }

    /// What was called so far.
    pub fn calls(&self) -> Value {
        serde_json::from_str(&self.api("GET", "/_edgemint/calls", "")).unwrap()
    }

    /// Somebody else uploads a public key; its id.
    pub fn make_public_key(&self, name: &str) -> String {
        let key = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().public_key().to_pem();
        let body = format!(
            "<PublicKeyConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><CallerReference>{name}\
             </CallerReference><Name>{name}</Name><EncodedKey>{key}</EncodedKey></PublicKeyConfig>"
        );
        let answer = self.api("POST", "/2020-05-31/public-key", &body);
        between(&answer, "<Id>", "</Id>").unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Somebody else puts a key into the key group that the path trusts.
    pub fn add_to_key_group(&self, id: &str) {
        let path = format!("/2020-05-31/key-group/{}", self.group);
        let (etag, answer) = self.with_etag(&path);
        let config = between(&answer, "<KeyGroupConfig>", "</KeyGroupConfig>").unwrap();
        let config = config.replace("</Items>", &format!("<PublicKey>{id}</PublicKey></Items>"));
        let body = format!(
            "<KeyGroupConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">{config}</KeyGroupConfig>"
        );
        self.exchange("PUT", &path, &format!("If-Match: {etag}\r\n"), &body);
    }

    /// Somebody else deletes a key group of theirs.
    pub fn delete_key_group(&self, id: &str) {
        let path = format!("/2020-05-31/key-group/{id}");
        let (etag, _) = self.with_etag(&path);
        self.exchange("DELETE", &path, &format!("If-Match: {etag}\r\n"), "");
    }

    fn with_etag(&self, path: &str) -> (String, String) {
        let (head, body) = self.exchange("GET", path, "", "");
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        let etag = headers.find(|(name, _)| name.eq_ignore_ascii_case("etag")).unwrap().1;
        (etag.to_owned(), body)
    }

    /// The body of the answer, which must be a success.
    pub fn api(&self, method: &str, path: &str, body: &str) -> String {
        self.exchange(method, path, "", body).1
    }

    /// Head and body of the answer, which must be a success. `headers`: further ones, each with its end of line.
    fn exchange(&self, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.control).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // Of a signature the double checks the form alone.
        let credential = "AKIAEXAMPLE/20261121/us-east-1/cloudfront/aws4_request";
        let signature = "0".repeat(64);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}Authorization: \
             AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={signature}\r\n\r\n",
            self.control,
            body.len()
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) =
            answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer:?}"));
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        (head.to_owned(), body.to_owned())
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?.1.split_once(to).map(|(inner, _)| inner)
}

/// The text of every element of this name.
fn all(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split_once(&close))
        .map(|(text, _)| text.to_owned())
        .collect()
}
