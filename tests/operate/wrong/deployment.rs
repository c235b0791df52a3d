//! A folder such as /etc/edgemint, made as `deploy/` says, in which one thing is put wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::compose::Listening;
use crate::programs::left_out;
use crate::proxy::{deploy, replaced};
use crate::support::{Answer, SESSION_SECRET, TICKET_SECRET, exchange, get, wait_for};

/// What CloudFront calls the signing key.
pub const KEY_PAIR_ID: &str = "K2JCJMDEHXQW5F";

/// Every file that the configurations refer to, with a secret that is good for it. Nothing listens at port 1.
const SECRETS: [(&str, &str); 7] = [
    ("ticket.key", TICKET_SECRET),
    ("session.key", SESSION_SECRET),
    ("api.key", crate::support::API_KEY),
    ("redis.url", "redis://:s3cret@127.0.0.1:1/0"),
    ("store.url", "redis://:s3cret@127.0.0.1:1/1"),
    ("app-redis.url", "redis://edgemint:s3cret@127.0.0.1:1/0"),
    ("app-session.key", "s3cret-of-the-app-in-this-test-alone"),
];

pub struct Deployment {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Deployment {
    /// One of the shipped configurations, with its secrets, and a keyring whose only key signs.
    pub fn of(name: &str) -> Self {
        let this = Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() };
        let text = fs::read_to_string(deploy(name)).unwrap();
        for (file, secret) in SECRETS.iter().filter(|(file, _)| text.contains(&format!("{file:?}"))) {
            this.write(file, secret);
        }
        this.write(
            "edgemint.toml",
            &replaced(&text, &[("/var/lib/edgemint/keys", "keys"), ("127.0.0.1:9464", "127.0.0.1:0")]),
        );
        let init =
            ["keys", "init", "--algorithm", "ecdsa-p256", "--dir", "keys", "--key-pair-id", KEY_PAIR_ID];
        let made = this.command(&init).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::write(this.path("public.pem"), made.stdout).unwrap();
        this
    }

    /// On a host of its own, with what it remembers in memory: no Redis is needed.
    pub fn alone() -> Self {
        Self::of("own-host.toml").with(&[("[store]\nredis = { file = \"redis.url\" }\n", "")])
    }

    /// With these texts of the configuration changed.
    pub fn with(self, changes: &[(&str, &str)]) -> Self {
        let text = fs::read_to_string(self.path("edgemint.toml")).unwrap();
        self.write("edgemint.toml", &replaced(&text, changes));
        self
    }

    /// With this at the end of the configuration.
    pub fn and(self, sections: &str) -> Self {
        let text = fs::read_to_string(self.path("edgemint.toml")).unwrap();
        self.write("edgemint.toml", &(text + sections));
        self
    }

    /// With a variable in the environment of every command.
    pub fn told(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file that nobody else can read.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        self.set_mode(name, 0o600);
    }

    pub fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Gives a file to somebody else, which only root can do.
    pub fn give_away(&self, name: &str) -> Option<()> {
        if !rustix::process::geteuid().is_root() {
            left_out("files of another user (not root)");
            return None;
        }
        std::os::unix::fs::chown(self.path(name), Some(1234), Some(1234)).unwrap();
        Some(())
    }

    /// The file of the signing key.
    pub fn key_file(&self) -> String {
        let files = fs::read_dir(self.path("keys")).unwrap().map(|file| file.unwrap().file_name());
        let mut names = files.map(|name| name.into_string().unwrap());
        format!("keys/{}", names.find(|name| name.ends_with(".pem")).unwrap())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_by(&[], arguments)
    }

    /// The binary, started by another program: `faketime -f +1h edgemint …`.
    pub fn command_by(&self, by: &[&str], arguments: &[&str]) -> Command {
        let words = [by, &[env!("CARGO_BIN_EXE_edgemint")], arguments].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env("PATH", path).envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// What a command that is refused says.
    pub fn refused(&self, arguments: &[&str]) -> Option<String> {
        Some(said(&mut self.command(arguments), 2))
    }

    /// What `check` says is wrong.
    pub fn check(&self) -> Option<String> {
        self.refused(&["check", "--config", "edgemint.toml"])
    }

    /// What `check` warns of and `serve` repeats in its log, where the configuration is taken as it is.
    pub fn doubt(&self) -> Option<String> {
        let warned = said(&mut self.command(&["check", "--config", "edgemint.toml"]), 0);
        let log = messages(&self.serve().log());
        for line in warned.lines() {
            let doubt = line.strip_prefix("warning: ").unwrap_or_else(|| panic!("{warned}"));
            let is_repeated = |line: &Value| line["message"] == doubt && line["level"] == "WARN";
            assert!(log.iter().any(is_repeated), "{log:?}");
        }
        Some(warned)
    }

    /// `serve` on a free port.
    pub fn serve(&self) -> Listening {
        let arguments = ["serve", "--config", "edgemint.toml", "--listen", "127.0.0.1:0"];
        Listening::start(&mut self.command(&arguments))
    }
}

/// What a command says on standard error, given the code that it exits with.
pub fn said(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("s3cret") && !said.contains("k3y-"), "{said}");
    // Not what a log says before.
    said.lines().filter(|line| !line.starts_with('{')).collect::<Vec<_>>().join("\n")
}

/// The lines of a log.
pub fn messages(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// The first line of this message, once it is there: the members that tell something, without times and ids.
pub fn line(service: &Listening, message: &str) -> String {
    const TOLD: [&str; 9] =
        ["level", "message", "route", "path", "redis", "status", "code", "decision", "reason"];
    let mut found = None;
    wait_for(&format!("{message:?} in the log"), || {
        let log = service.log();
        // The last line may be half written.
        let whole = &log[..log.rfind('\n').map_or(0, |end| end + 1)];
        found = messages(whole).into_iter().find(|line| line["message"] == message);
        found.is_some()
    });
    let found = found.unwrap();
    let told =
        TOLD.iter().chain(&["failed"]).filter_map(|name| Some(format!("{name:?}:{}", found.get(*name)?)));
    format!("{{{}}}", told.collect::<Vec<_>>().join(","))
}

/// A request for this path, and the answer.
pub fn ask(service: &Listening, path: &str) -> Answer {
    exchange(service.address, get(path))
}
