use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long anything may take on a machine that is busy with other things.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server in the background, until it is stopped or dropped.
pub struct Server {
    pub address: SocketAddr,
    /// What else it said of itself, in the order in which that was asked for.
    pub told: Vec<String>,
    child: Child,
}

impl Server {
    /// Starts `command` and waits for the line of its output that says where it listens: `words`, then
    /// an address, or a name of this machine with a port; then for lines that begin with each of `more`.
    pub fn start<'w>(command: &mut Command, words: &str, more: impl IntoIterator<Item = &'w str>) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log.reopen().unwrap()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        // Reads on after the address, so that the server never waits for a reader.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let deadline = Instant::now() + DEADLINE;
        let mut line_with = |words: &str| loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = lines.recv_timeout(left) else {
                let _ = child.kill();
                let log = std::fs::read_to_string(log.path()).unwrap();
                panic!("{command:?} never printed {words:?}; it wrote: {log}");
            };
            if let Some((_, rest)) = line.split_once(words) {
                break rest.to_owned();
            }
        };
        let port = port(&line_with(words)).expect("an address");
        let told = more.into_iter().map(line_with).collect();
        Self { address: SocketAddr::from(([127, 0, 0, 1], port)), told, child }
    }

    /// Sends SIGTERM, as whoever started it in a terminal would press Ctrl-C, and waits for a good end.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(Instant::now() < deadline, "still there {DEADLINE:?} after SIGTERM"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(status.success(), "{status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn port(address: &str) -> Option<u16> {
    address.split(['/', ' ']).next()?.rsplit_once(':')?.1.parse().ok()
}

/// The binary of this build, in `PATH` before any other, and no setting or proxy of whoever runs the tests.
pub fn clean(program: impl AsRef<OsStr>, folder: &std::path::Path) -> Command {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_edgemint")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(binary).chain(std::env::split_paths(&path))).unwrap();
    let mut command = Command::new(program);
    command.current_dir(folder).env("PATH", path).env("NO_PROXY", "*");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EDGEMINT_") {
            command.env_remove(name);
        }
    }
    command
}
