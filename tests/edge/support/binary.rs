use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::openssl::Key;

/// `edgemint edge` on a free port, until it is dropped.
pub struct EdgeProcess {
    pub address: SocketAddr,
    child: Child,
    log: tempfile::NamedTempFile,
}

impl EdgeProcess {
    /// Protects `/podcasts/*` with these keys.
    pub fn protecting(origin: &Path, trusted: &[&Key], more: &[&str]) -> Self {
        let trust: Vec<String> =
            trusted.iter().map(|key| format!("{}={}", key.id, key.public.display())).collect();
        let mut arguments = vec!["--origin", origin.to_str().unwrap(), "--protect", "/podcasts/*"];
        for trust in &trust {
            arguments.extend(["--trust", trust]);
        }
        Self::start(&[&arguments, more].concat())
    }

    pub fn start(arguments: &[&str]) -> Self {
        Self::spawn(arguments).0
    }

    /// The edge and what follows the first line of its output.
    pub fn spawn(arguments: &[&str]) -> (Self, impl Iterator<Item = String> + use<>) {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut child =
            command(arguments).stdout(Stdio::piped()).stderr(log.reopen().unwrap()).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("edge listening on http://").map(str::parse);
        let Some(Ok(address)) = address else {
            panic!("first line {line:?}, log {}", fs::read_to_string(log.path()).unwrap());
        };
        (Self { address, child, log }, output.lines().map(Result::unwrap))
    }

    /// The log once it holds `text`.
    pub fn log_with(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let log = fs::read_to_string(self.log.path()).unwrap();
            if log.contains(text) {
                return log;
            }
            assert!(Instant::now() < deadline, "{text:?} is not in the log:\n{log}");
            std::thread::yield_now();
        }
    }

    /// The most memory that it ever held, in MB.
    #[cfg(target_os = "linux")]
    pub fn peak_megabytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() / 1024
    }

    /// Sends SIGTERM and returns whether it ended well.
    pub fn terminate(mut self) -> bool {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for EdgeProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `edgemint edge` with flags that it refuses.
pub fn edge_output(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
    command.arg("edge");
    if !arguments.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(arguments);
    command
}

/// An origin with a protected episode of 10000 bytes, an open cover, an empty file, and a secret next to it.
pub fn media() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("origin");
    for (name, content) in [
        ("origin/podcasts/1.mp3", &episode()[..]),
        ("origin/open/cover.svg", b"<svg/>"),
        ("origin/open/a b.txt", b"blank"),
        ("origin/open/empty.bin", b""),
        ("origin/open/10k.bin", &episode()),
        ("secret.txt", b"secret"),
    ] {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    fs::create_dir(root.join("open/directory")).unwrap();
    directory
}

/// No two hundred bytes in a row are like two hundred others.
pub fn episode() -> Vec<u8> {
    (0..10_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}
