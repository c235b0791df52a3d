use std::fs;
use std::process::{Child, Command, Stdio};

use redis::{Commands as _, Connection};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::wait_for;

/// A Redis of one test alone, on a socket in a folder that goes with it.
pub struct Redis {
    folder: TempDir,
    arguments: Vec<&'static str>,
    child: Child,
}

impl Redis {
    /// An empty one, started with these arguments besides.
    pub fn start(arguments: &[&'static str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = launch(&folder, arguments);
        let this = Self { folder, arguments: arguments.to_vec(), child };
        this.wait_until_up();
        this
    }

    /// As `[redis]` has it.
    pub fn url(&self) -> String {
        format!("unix://{}", self.folder.path().join("socket").display())
    }

    /// A connection that is ready.
    pub fn connect(&self) -> Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// Sets a string.
    pub fn set(&self, key: &str, value: impl AsRef<[u8]>) {
        self.connect().set(key, value.as_ref()).unwrap()
    }

    /// Deletes a key.
    pub fn delete(&self, key: &str) {
        self.connect().del(key).unwrap()
    }

    /// It takes connections and answers nothing more.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// It is gone, with all that it held.
    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn restart(&mut self) {
        self.child = launch(&self.folder, &self.arguments);
        self.wait_until_up();
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// One that asks for a password answers too.
    fn wait_until_up(&self) {
        let socket = self.folder.path().join("socket");
        wait_for("a Redis that takes connections", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(folder: &TempDir, arguments: &[&str]) -> Child {
    // What the one before may have left: this one makes its own.
    let _ = fs::remove_file(folder.path().join("socket"));
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--unixsocket", "socket", "--save", "", "--appendonly", "no"]);
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().unwrap()
}
