//! A service with secrets in its configuration, and everything that comes out of it.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::secrets::{IN_ENVIRONMENT, Leak, Place, Secrets};
use crate::support::{Answer, Client, get, wait_for};

/// A directory for one service or one command, and what is secret in it.
pub struct Stage {
    root: TempDir,
    pub secrets: Secrets,
    /// By which back ends call. It comes by the environment.
    pub api_key: String,
}

const GRANTS: &str = r#"
[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "5m"
cookie = { domain = "example.com" }
[[grants]]
name = "downloads"
resource = "https://cdn.example.com/downloads/{sub}/*"
ttl = "5m"
trace = true
cookie = { domain = "example.com" }
[[grants]]
name = "shows"
resource = "https://cdn.example.com/shows/{claim:show}/*"
ttl = "5m"
require = [{ claim = "plan", equals = "gold" }]
cookie = { domain = "example.com" }
"#;

impl Stage {
    pub fn new() -> Self {
        let (root, secrets) = (tempfile::tempdir().unwrap(), Secrets::default());
        let api_key =
            secrets.make_for("an API key", IN_ENVIRONMENT) + &secrets.make_for("its end", IN_ENVIRONMENT);
        Self { root, secrets, api_key }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A file that its owner alone can read.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, contents).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// A file that holds a new secret of more than 32 bytes, which may be nowhere else.
    pub fn secret_file(&self, name: &str) -> String {
        let secret = self.secrets.make_odd(name) + &self.secrets.make(name);
        self.write(name, &secret);
        secret
    }

    /// `keys init`, as far as the key that is made.
    pub fn make_keyring(&self, directory: &str, key_pair_id: &str) {
        let init =
            ["keys", "init", "--dir", directory, "--algorithm", "ecdsa-p256", "--key-pair-id", key_pair_id];
        let made = self.command(&init).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.plant_keys(directory);
    }

    /// Every private key of a keyring.
    pub fn plant_keys(&self, directory: &str) {
        for entry in fs::read_dir(self.path(directory)).unwrap().map(Result::unwrap) {
            if entry.path().extension().is_some_and(|extension| extension == "pem") {
                let pem = fs::read_to_string(entry.path()).unwrap();
                self.secrets.plant_private_key("a signing key", &pem);
            }
        }
    }

    /// The binary, with nothing from our own environment that it would read.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
        let is_read = |name: &str| name.starts_with("EDGEMINT_") || name.starts_with("AWS_");
        for (name, _) in std::env::vars().filter(|(name, _)| is_read(name)) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.root.path()).stdin(Stdio::null());
        command.env("EDGEMINT_API_KEY", &self.api_key).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        command
    }

    /// The configuration of a service that says everything it can, with these sections besides.
    pub fn configure(&self, format: &str, sections: &str) {
        self.secret_file("audit.key");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://listen.example.com\"\nworkers = 1\n\
             app_origins = [\"https://www.example.com\"]\nhead_timeout = \"1s\"\nrequest_timeout = \"1s\"\n\
             [log]\nlevel = \"trace\"\nformat = \"{format}\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
             [keyring]\ndirectory = \"keys\"\npoll = \"1s\"\n\
             [[api_keys]]\nname = \"app\"\nsecret = {{ env = \"EDGEMINT_API_KEY\" }}\n{GRANTS}\n{sections}\n"
        );
        // One may say otherwise.
        let audit =
            if sections.contains("[audit]") { "" } else { "[audit]\nkey = { file = \"audit.key\" }\n" };
        self.write("edgemint.toml", text + audit);
    }

    pub fn start(&self) -> Running<'_> {
        self.start_as(self.command(&["serve", "--config", "edgemint.toml"]))
    }

    pub fn start_as(&self, mut command: Command) -> Running<'_> {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log.reopen().unwrap()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("edgemint listening on http://").map(str::parse);
        let Some(Ok(address)) = address else {
            panic!("first line {line:?}, log {}", fs::read_to_string(log.path()).unwrap());
        };
        Running { stage: self, address, child, stdout, log, came_out: RefCell::default() }
    }

    /// Runs a command to its end. What it says besides its product on standard output may hold no secret.
    pub fn succeeds(&self, what: &str, command: &mut Command) -> String {
        let output = command.output().unwrap();
        self.assert_none(Place::Log, &output.stderr, what);
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same of a command that has to refuse: it may say nothing secret at all.
    pub fn refused(&self, what: &str, command: &mut Command) -> String {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{what}");
        for text in [&output.stderr, &output.stdout] {
            self.assert_none(Place::Log, text, what);
        }
        said
    }

    pub fn assert_none(&self, place: Place, text: &[u8], what: &str) {
        let leaks = self.secrets.leaks(place, text);
        assert!(leaks.is_empty(), "{what}:\n{}", list(&leaks));
    }
}

/// One form of each secret is enough in a place.
pub fn list(leaks: &[Leak]) -> String {
    let mut leaks: Vec<&Leak> = leaks.iter().collect();
    leaks.dedup_by_key(|leak| (&leak.secret, leak.place));
    leaks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// `edgemint serve`, until it is dropped.
pub struct Running<'a> {
    pub stage: &'a Stage,
    pub address: SocketAddr,
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: tempfile::NamedTempFile,
    came_out: RefCell<Vec<(Place, Vec<u8>)>>,
}

impl Running<'_> {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }

    pub fn wait_for_log(&self, text: &str) {
        wait_for(&format!("{text:?} in the log"), || self.log().contains(text));
    }

    fn note(&self, place: Place, bytes: impl AsRef<[u8]>) {
        self.came_out.borrow_mut().push((place, bytes.as_ref().to_vec()));
    }

    /// One request on a connection of its own. The cookies of its answer are secrets from now on. Of a success, the
    /// cookies, the body and where it leads are the listener's own.
    pub fn ask(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut client = Client::connect(self.address);
        let _ = client.send(request);
        self.keep(client.answer())
    }

    /// The same of bytes that may be no request, and may get no answer.
    pub fn try_ask(&self, bytes: impl AsRef<[u8]>) -> Option<Answer> {
        let mut client = Client::connect(self.address);
        let _ = client.send(bytes);
        // What is cut off here is refused, and not waited for.
        let _ = client.stream().shutdown(std::net::Shutdown::Write);
        client.try_answer().ok().flatten().map(|answer| self.keep(answer))
    }

    fn keep(&self, answer: Answer) -> Answer {
        let values = answer.all("set-cookie").filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        self.stage.secrets.plant_cookies("a cookie that was set", values.map(|(_, value)| value));
        let is_own = |name: &str| answer.status < 400 && ["set-cookie", "location"].contains(&name);
        for (name, value) in &answer.headers {
            let place = if is_own(name) { Place::OwnAnswer } else { Place::Answer };
            self.note(place, format!("{name}: {value}"));
        }
        let place = if answer.status < 400 { Place::OwnAnswer } else { Place::Answer };
        self.note(place, &answer.body);
        answer
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it ends by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        wait_for("the end of the process", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// What anybody can see of the process from outside, as long as it runs.
    pub fn look_from_outside(&self) {
        let metrics = self.metrics_address();
        let answer = crate::support::exchange(metrics, get("/metrics"));
        assert_eq!(answer.status, 200);
        assert!(answer.body.len() > 500, "there are metrics");
        self.note(Place::Metrics, &answer.body);
        for path in ["/healthz", "/readyz", "/openapi.json", "/player.js"] {
            self.ask(get(path));
        }
        let proc = PathBuf::from(format!("/proc/{}", self.pid()));
        self.note(Place::CommandLine, fs::read(proc.join("cmdline")).unwrap());
        for thread in fs::read_dir(proc.join("task")).unwrap().map(Result::unwrap) {
            self.note(Place::Proc, fs::read(thread.path().join("comm")).unwrap_or_default());
        }
        self.note(Place::Proc, fs::read(proc.join("status")).unwrap());
        self.assert_closed(&proc);
    }

    /// No other process reads its memory, and none is left behind on the disk.
    fn assert_closed(&self, proc: &Path) {
        let limits = fs::read_to_string(proc.join("limits")).unwrap();
        let core: Vec<_> =
            limits.lines().find(|line| line.starts_with("Max core")).unwrap().split_whitespace().collect();
        assert_eq!(core, ["Max", "core", "file", "size", "0", "0", "bytes"]);
        // proc(5): what belongs to a process that is not dumpable belongs to root, and ptrace checks guard it.
        use std::os::unix::fs::MetadataExt as _;
        assert_eq!(fs::metadata(proc.join("environ")).unwrap().uid(), 0, "it is not dumpable");
        match rustix::process::geteuid().is_root() {
            true => self.note(Place::Environment, fs::read(proc.join("environ")).unwrap()),
            false => drop(fs::read(proc.join("environ")).unwrap_err()),
        }
        let children =
            fs::read_to_string(proc.join(format!("task/{}/children", self.pid()))).unwrap_or_default();
        assert_eq!(children, "", "no child has its environment");
    }

    pub fn metrics_address(&self) -> SocketAddr {
        let mark = "metrics are at http://";
        self.wait_for_log(mark);
        let log = self.log();
        let at = log.find(mark).unwrap() + mark.len();
        log[at..].split('/').next().unwrap().parse().unwrap()
    }

    /// Files that the service wrote.
    pub fn note_file(&self, name: &str) {
        let contents = fs::read(self.stage.path(name)).unwrap();
        assert!(!contents.is_empty(), "{name} was written");
        self.note(Place::File, contents);
    }

    /// Ends it as an operator does. Every secret that is in anything that came out.
    pub fn end(mut self) -> Vec<Leak> {
        self.look_from_outside();
        self.signal(Signal::TERM);
        assert!(self.wait().success());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "only the first line is for standard output");
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
        self.leaks()
    }

    pub fn leaks(&self) -> Vec<Leak> {
        self.note(Place::Log, self.log());
        let came_out = self.came_out.borrow();
        let found = came_out.iter().map(|(place, text)| self.stage.secrets.leaks(*place, text));
        found.flatten().collect()
    }

    /// The same, of which there may be none.
    pub fn ends_clean(self) {
        let leaks = self.end();
        assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), list(&leaks));
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
