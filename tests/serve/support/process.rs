use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{API_KEY, Answer, MARKER, Setup, Ticket, exchange, get, post};

/// How long anything may take on a machine that is busy with other things.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// `edgemint serve` on a free port, until it is dropped. Whatever a test does with it, nothing secret may
/// have come out of it in the end.
pub struct Service {
    pub address: SocketAddr,
    pub setup: Setup,
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: tempfile::NamedTempFile,
    /// Besides those of the setup: tickets and cookies.
    secrets: Mutex<Vec<String>>,
}

impl Service {
    pub fn start(setup: Setup) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = setup.serve();
        command.stderr(log.reopen().unwrap());
        Self::spawn(setup, command, log)
    }

    /// With its standard error where `command` says.
    pub fn spawn(setup: Setup, mut command: Command, log: tempfile::NamedTempFile) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("edgemint listening on http://").map(str::parse);
        let Some(Ok(address)) = address else {
            panic!("first line {line:?}, log {}", fs::read_to_string(log.path()).unwrap());
        };
        Self { address, setup, child, stdout, log, secrets: Mutex::default() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }

    /// The log once it holds `text`.
    pub fn log_with(&self, text: &str) -> String {
        let mut log = String::new();
        wait_for(&format!("{text:?} in the log"), || {
            log = self.log();
            log.rfind(text).is_some_and(|place| log[place..].contains('\n'))
        });
        log
    }

    /// The line about the request that was answered so.
    pub fn log_line(&self, answer: &Answer) -> Value {
        let id = answer.header("x-request-id").expect("an answer has a request id");
        let log = self.log_with(id);
        serde_json::from_str(log.lines().find(|line| line.contains(id)).unwrap()).unwrap()
    }

    /// `/enter` with this query, of which nothing may be logged.
    pub fn enter(&self, query: &str) -> Answer {
        self.ask(get(&format!("/enter?{query}")))
    }

    /// `/enter` with this ticket, of which nothing may be logged.
    pub fn redeem(&self, ticket: &str) -> Answer {
        self.keep_secret(ticket);
        self.enter(&format!("ticket={ticket}"))
    }

    /// `/v1/mint` with the API key.
    pub fn mint(&self, body: &Value) -> Answer {
        self.mint_text(&body.to_string())
    }

    pub fn mint_text(&self, body: &str) -> Answer {
        let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
        self.ask(post("/v1/mint", &headers, body))
    }

    /// One request on a connection of its own. The cookies of its answer may not be logged.
    pub fn ask(&self, request: impl AsRef<[u8]>) -> Answer {
        let answer = exchange(self.address, request);
        for cookie in answer.all("set-cookie") {
            let value = cookie.split(';').next().unwrap().split_once('=').unwrap().1;
            // The id of the key is no secret.
            if value != "KTEST" {
                self.keep_secret(value);
            }
        }
        answer
    }

    fn keep_secret(&self, text: &str) {
        // What is shorter might be found by chance.
        if text.len() >= 16 {
            self.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
        }
    }

    /// The whole rule: the answer, its line in the log, and good requests that succeed afterwards.
    pub fn assert_refused(&self, answer: &Answer, status: u16, code: &str, what: &str) {
        answer.assert_refusal(status, code, what);
        let line = self.log_line(answer);
        assert_eq!((&line["code"], &line["status"]), (&json!(code), &json!(status)), "{what}: {line}");
        assert!(!self.log().contains(MARKER), "{what}: a marker is in the log: {}", self.log());
        self.assert_serving();
    }

    /// That good requests succeed, at each door that is open.
    pub fn assert_serving(&self) {
        let minted = self.mint(&json!({"grants": ["podcasts"]}));
        assert_eq!(minted.status, 200, "{}", String::from_utf8_lossy(&minted.body));
    }

    /// That a good ticket is taken.
    pub fn assert_entering(&self) {
        let answer = self.redeem(&Ticket::of("listener-7").sign());
        assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.body));
    }

    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// Connections that it has accepted and not closed.
    pub fn connections(&self) -> usize {
        self.sockets().len()
    }

    /// Bytes that have arrived on them and that it has not read.
    pub fn unread(&self) -> u64 {
        let queues = self.sockets();
        queues.iter().map(|queues| u64::from_str_radix(queues.split_once(':').unwrap().1, 16).unwrap()).sum()
    }

    /// The queues (sent, received) of each of these connections, as the system writes them.
    fn sockets(&self) -> Vec<String> {
        let pid = self.pid();
        let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
        let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        // One may be closed between being listed and being looked at.
        let links: Vec<_> = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok()).collect();
        let is_ours =
            |inode: &str| links.iter().any(|link| link.as_os_str() == &*format!("socket:[{inode}]"));
        let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
        // State 0A: listening.
        rows.filter(|row| row[3] != "0A" && is_ours(row[9])).map(|row| row[4].to_owned()).collect()
    }

    /// Waits until every connection is closed.
    pub fn wait_until_alone(&self) {
        wait_for("the end of all connections", || self.connections() == 0);
    }

    /// Waits until no connections are left but as many as this: those that it keeps itself.
    pub fn wait_until_alone_but(&self, kept: usize) {
        wait_for("the end of all other connections", || self.connections() <= kept);
    }

    /// Memory that it holds now, in bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it ends by itself, within the deadline.
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        wait_for("the end of the process", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Service {
    #[expect(clippy::print_stderr, reason = "a test that fails shows what the service said")]
    fn drop(&mut self) {
        let command_line = fs::read_to_string(format!("/proc/{}/cmdline", self.pid())).unwrap_or_default();
        if !thread::panicking() && self.child.try_wait().unwrap().is_none() {
            // So that its log is whole.
            self.signal(Signal::INT);
            self.wait();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("the end of the log, last line first:\n{}", tail.join("\n"));
            return;
        }
        let (mut stdout, log) = (String::new(), self.log());
        self.stdout.read_to_string(&mut stdout).unwrap();
        assert_eq!(stdout, "", "only the first line is for standard output");
        assert!(!log.contains("panicked"), "{log}");
        let secrets = std::mem::take(&mut *self.secrets.lock().unwrap());
        for secret in secrets.into_iter().chain(self.setup.secrets()) {
            for (place, text) in [("the log", &log), ("the command line", &command_line)] {
                assert!(!text.contains(&secret), "a secret is in {place}");
            }
        }
    }
}

/// Asks again and again, and gives up at the deadline.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "{what} did not happen in time");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a command that must succeed; what it wrote to standard output.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
