//! A Redis of a test's own, which keeps nothing: callers name `redis-server` in `needs!` first.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub struct RedisServer {
    /// `None` while it is stopped.
    child: Option<Child>,
    port: u16,
    arguments: Vec<String>,
    directory: TempDir,
}

impl RedisServer {
    /// On a free port of 127.0.0.1, without a password.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same with these arguments besides.
    pub fn with(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut this = Self { child: None, port: 0, arguments, directory: tempfile::tempdir().unwrap() };
        // Somebody else may take the port in between.
        for _ in 0..20 {
            this.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if this.try_start() {
                return this;
            }
        }
        panic!("redis-server does not start with {:?}", this.arguments);
    }

    fn try_start(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        let is_tls = self.arguments.iter().any(|argument| argument.starts_with("--tls"));
        let port = self.port.to_string();
        // The first configuration that it is given is none: not the system's.
        command.args([if is_tls { "--tls-port" } else { "--port" }, &port, "--bind", "127.0.0.1"]);
        if is_tls {
            command.args(["--port", "0"]);
        }
        command.args([
            "--save",
            "",
            "--appendonly",
            "no",
            "--unixsocket",
            "redis.sock",
            "--unixsocketperm",
            "700",
        ]);
        command.args(&self.arguments).current_dir(self.directory.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_ready = log.any(|line| line.unwrap().contains("Ready to accept connections"));
        // It must not block on what it has to say.
        std::thread::spawn(move || log.for_each(drop));
        match is_ready {
            true => self.child = Some(child),
            false => drop(child.wait()),
        }
        is_ready
    }

    /// As if its machine were unplugged: nothing is kept.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Again at the same place, empty.
    pub fn restart(&mut self) {
        assert!(self.child.is_none() && self.try_start(), "another took the port");
    }

    /// It keeps its connections and says nothing until it is let go on.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.child.as_ref().expect("it runs")), signal).unwrap();
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn socket(&self) -> std::path::PathBuf {
        self.directory.path().join("redis.sock")
    }

    /// Asks it something over its socket, past everything that is tested.
    pub fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(format!("unix://{}", self.socket().display())).unwrap();
        let mut connection = client.get_connection().unwrap();
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).query(&mut connection).unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
