//! nginx and Caddy with the files of `deploy/`, in which nothing is replaced but addresses and paths.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::authority::Authority;
use crate::support::{Answer, wait_for};

/// The host of its own that edgemint has.
const LISTEN: &str = "https://listen.example.com";

/// A proxy on 127.0.0.1, until it is dropped. Callers name the program, `openssl`
/// and `curl` in `needs!` first.
pub struct Proxy {
    child: Child,
    /// Without the port.
    origin: &'static str,
    port: u16,
    authority: Authority,
    folder: TempDir,
}

impl Proxy {
    pub fn nginx(instances: [SocketAddr; 2]) -> Self {
        let text = fs::read_to_string(deploy("nginx/edgemint.conf")).unwrap();
        Self::start(LISTEN, |folder, authority, port| {
            let [first, second] = instances.map(|instance| format!("server {instance} max_fails=0;"));
            let (certificate, key) = (authority.path("server.pem"), authority.path("server.key"));
            let path = folder.to_str().unwrap();
            let site = replaced(
                &text,
                &[
                    ("server 127.0.0.1:8080 max_fails=0;", &first),
                    ("server 127.0.0.1:8081 max_fails=0;", &second),
                    ("listen 443 ssl;", &format!("listen 127.0.0.1:{port} ssl;")),
                    ("listen [::]:443 ssl;", ""),
                    ("/etc/ssl/listen.example.com.pem", &certificate),
                    ("/etc/ssl/private/listen.example.com.key", &key),
                    ("/var/log/nginx/", &format!("{path}/")),
                ],
            );
            nginx_with(&site, folder)
        })
    }

    /// nginx as compose.yaml has it, with the passwords of this folder.
    pub fn nginx_of_compose(instances: [SocketAddr; 2], passwords: &Path) -> Self {
        let text = fs::read_to_string(deploy("compose/nginx.conf")).unwrap();
        Self::start("http://app.edgemint.localhost", |folder, _, port| {
            let [first, second] = instances.map(|instance| format!("server {instance};"));
            let path = folder.to_str().unwrap();
            let site = replaced(
                &text,
                &[
                    ("server edgemint-1:8080;", &first),
                    ("server edgemint-2:8080;", &second),
                    ("listen 8080;", &format!("listen 127.0.0.1:{port};")),
                    ("/dev/stdout", &format!("{path}/access.log")),
                    ("/usr/share/nginx/html", deploy("compose/site").to_str().unwrap()),
                    ("/etc/nginx/passwords", passwords.to_str().unwrap()),
                ],
            );
            nginx_with(&site, folder)
        })
    }

    pub fn caddy(instances: [SocketAddr; 2]) -> Self {
        let text = fs::read_to_string(deploy("caddy/Caddyfile")).unwrap();
        Self::start(LISTEN, |folder, authority, port| {
            let upstreams = format!("reverse_proxy {} {} {{", instances[0], instances[1]);
            let (certificate, key) = (authority.path("server.pem"), authority.path("server.key"));
            let site = format!("listen.example.com:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate} {key}\n");
            let path = folder.to_str().unwrap();
            let site = replaced(
                &text,
                &[
                    ("reverse_proxy 127.0.0.1:8080 127.0.0.1:8081 {", &upstreams),
                    ("listen.example.com {\n", &site),
                    ("/var/log/caddy/", &format!("{path}/")),
                    ("\tauto_https disable_redirects\n", "\tauto_https disable_redirects\n\tadmin off\n"),
                ],
            );
            fs::write(folder.join("Caddyfile"), site).unwrap();
            let mut command = Command::new("caddy");
            command.args(["run", "--adapter", "caddyfile", "--config", &format!("{path}/Caddyfile")]);
            command.env("HOME", path).env("XDG_DATA_HOME", path).env("XDG_CONFIG_HOME", path);
            command
        })
    }

    /// On a free port, of which somebody else may be quicker to take hold.
    fn start(origin: &'static str, command: impl Fn(&Path, &Authority, u16) -> Command) -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
        for _ in 0..20 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let said = fs::File::create(folder.path().join("stderr.log")).unwrap();
            let mut command = command(folder.path(), &authority, port);
            let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).spawn().unwrap();
            let mut has_ended = false;
            wait_for("the start of the proxy", || {
                has_ended = child.try_wait().unwrap().is_some();
                has_ended || TcpStream::connect(("127.0.0.1", port)).is_ok()
            });
            // It is the proxy that was reached only if that still runs.
            if !has_ended && child.try_wait().unwrap().is_none() {
                return Self { child, origin, port, authority, folder };
            }
        }
        panic!("the proxy does not start: {}", logs(folder.path()));
    }

    /// What the proxy answers to a browser at 127.0.0.2, which sends these header lines.
    pub fn get(&self, target: &str, headers: &[&str]) -> Answer {
        self.curl(target, headers, &[])
    }

    pub fn post(&self, target: &str, headers: &[&str]) -> Answer {
        self.curl(target, headers, &["--data-raw", "{}"])
    }

    fn curl(&self, target: &str, headers: &[&str], more: &[&str]) -> Answer {
        let mut curl = Command::new("curl");
        curl.args(["--disable", "--silent", "--show-error", "--http1.1", "--include", "--max-time", "20"]);
        curl.args(["--noproxy", "*", "--interface", "127.0.0.2", "--cacert", &self.authority.path("ca.pem")]);
        curl.args(["--connect-to", &format!("::127.0.0.1:{}", self.port)]).args(more);
        for header in headers {
            curl.args(["--header", header]);
        }
        let output = curl.arg(format!("{}:{}{target}", self.origin, self.port)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}: {}", logs(self.folder.path()));
        parsed(&output.stdout)
    }

    /// Everything that the proxy wrote down.
    pub fn logs(&self) -> String {
        logs(self.folder.path())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// nginx in the foreground, with this inside its `http { }` and everything that it writes in `folder`.
fn nginx_with(site: &str, folder: &Path) -> Command {
    let path = folder.to_str().unwrap();
    fs::write(folder.join("site"), site).unwrap();
    let main = format!(
        "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log {path}/main.error.log;\nevents {{ }}\nhttp {{\n\
         client_body_temp_path {path}/body;\nproxy_temp_path {path}/proxy;\nfastcgi_temp_path {path}/f;\n\
         scgi_temp_path {path}/s;\nuwsgi_temp_path {path}/u;\ninclude {path}/site;\n}}\n"
    );
    fs::write(folder.join("main"), main).unwrap();
    let mut command = Command::new("nginx");
    command.args(["-p", path, "-e", &format!("{path}/main.error.log"), "-c", &format!("{path}/main")]);
    command
}

/// A file of `deploy/`.
pub fn deploy(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

/// Each of these has to be there.
pub fn replaced(text: &str, replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not there any more");
        text.replace(from, to)
    })
}

fn logs(folder: &Path) -> String {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let logs = files.filter(|file| file.extension().is_some_and(|extension| extension == "log"));
    logs.map(|log| fs::read_to_string(log).unwrap()).collect()
}

fn parsed(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim_start().to_owned())
    };
    Answer { status, headers: lines.map(header).collect(), body: bytes[end + 4..].to_vec() }
}
