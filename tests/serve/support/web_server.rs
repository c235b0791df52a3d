use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::authority::Authority;

/// A web server with an authority's certificate, until it is dropped: callers name `openssl` in `needs!` first.
pub struct WebServer {
    child: Child,
    port: String,
}

impl WebServer {
    /// `openssl s_server`, which answers `GET /answer` with these bytes.
    pub fn answering(answer: &str, authority: &Authority) -> Self {
        let file = authority.path("answer");
        std::fs::write(&file, answer).unwrap();
        let mut command = Command::new("openssl");
        command.args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-cert",
            "server.pem",
            "-key",
            "server.key",
            "-HTTP",
        ]);
        command.current_dir(Path::new(&file).parent().unwrap());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("ACCEPT ")).unwrap();
        // Whatever it says later must find a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port: line.rsplit_once(':').unwrap().1.to_owned() }
    }

    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/answer", self.port)
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
