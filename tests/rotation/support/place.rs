use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::Double;
use crate::ran::Ran;

/// How long anything may take on a machine that is busy with other things.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A directory of its own with a configuration and a keyring that are about one double.
pub struct Place {
    root: TempDir,
    /// Settings of `[rotation]`, by name; a test may change them before a command.
    pub rotation: Vec<(&'static str, String)>,
    /// `[[grants]]`.
    pub grants: String,
    /// Lines in front of everything.
    pub head: String,
    /// Further variables of every command's environment.
    pub environment: Vec<(&'static str, String)>,
}

/// Cookies of two seconds, steps of one, and proofs that are quick.
impl Place {
    pub fn new(double: &Double) -> Self {
        let rotation = vec![
            ("key_group", format!("{:?}", double.group)),
            ("canary", format!("\"http://{}/podcasts/canary.txt\"", double.edge)),
            ("endpoint_url", format!("\"http://{}\"", double.control)),
            ("proofs", "4".to_owned()),
            ("proof_interval", "\"100ms\"".to_owned()),
            ("proof_deadline", "\"20s\"".to_owned()),
            ("margin", "\"0s\"".to_owned()),
        ];
        let grants = "[[grants]]\nname = \"podcasts\"\nresource = \"https://cdn.example.com/podcasts/*\"\n\
                      ttl = \"1s\"\ncookie = { domain = \"example.com\" }\n";
        Self {
            root: tempfile::tempdir().unwrap(),
            rotation,
            grants: grants.to_owned(),
            head: String::new(),
            environment: Vec::new(),
        }
    }

    /// With a keyring of one key that the double trusts and that signs, brought there by `keys advance`.
    pub fn with_active_key(double: &Double, init: &[&str]) -> Self {
        let place = Self::new(double);
        place.succeeds(&[&["keys", "init"], init].concat());
        place.advance().finishes();
        place
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn keys(&self) -> PathBuf {
        self.root().join("keys")
    }

    /// Changes a setting of `[rotation]`; the value as TOML.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.rotation.retain(|(known, _)| *known != name);
        self.rotation.push((name, value.into()));
    }

    fn write_configuration(&self) {
        let rotation: String =
            self.rotation.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
        let section = if rotation.is_empty() { "" } else { "[rotation]\n" };
        let text = format!(
            "{}[server]\npublic_url = \"https://listen.example.com\"\napp_origins = [\"https://www.example.com\"]\n\
             [keyring]\npoll = \"1s\"\n\
             [mint]\nexpiry_step = \"1s\"\n{}[[api_keys]]\nname = \"app\"\nsecret = {{ env = \"API_KEY\" }}\n\
             {section}{rotation}",
            self.head, self.grants
        );
        fs::write(self.root().join("edgemint.toml"), text).unwrap();
    }

    /// The binary, with the configuration written down and credentials that the double takes. None of the secrets that
    /// the configuration names is there.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.write_configuration();
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("EDGEMINT_") || name.starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).current_dir(self.root()).stdin(Stdio::null());
        command.env("EDGEMINT_CONFIG", "edgemint.toml");
        // No file of the machine's own counts, and nothing is asked of an instance.
        command.env("HOME", self.root()).env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
        command.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Runs a command as somebody who is not root, to whom everything here belongs: root is held back by no
    /// permission.
    pub fn as_nobody(&self, arguments: &[&str]) -> impl Fn() -> Ran {
        const NOBODY: u32 = 65534;
        let is_root = rustix::process::geteuid().is_root();
        let binary = self.root().join("edgemint");
        // Where the tests are built, nobody else may have a way to.
        fs::copy(env!("CARGO_BIN_EXE_edgemint"), &binary).unwrap();
        let original = self.command(arguments);
        if is_root {
            let inside = fs::read_dir(self.keys()).unwrap().map(|entry| entry.unwrap().path());
            let outside =
                [self.root().to_path_buf(), self.root().join("edgemint.toml"), self.keys(), binary.clone()];
            outside.into_iter().chain(inside).for_each(|path| chown(path, Some(NOBODY), None).unwrap());
        }
        move || {
            let mut command = Command::new(&binary);
            command.args(original.get_args()).current_dir(original.get_current_dir().unwrap());
            for (name, value) in original.get_envs() {
                match value {
                    Some(value) => command.env(name, value),
                    None => command.env_remove(name),
                };
            }
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            Ran::from(command.output().unwrap())
        }
    }

    pub fn succeeds(&self, arguments: &[&str]) -> Ran {
        self.run(arguments).succeeded(arguments)
    }

    pub fn advance(&self) -> Ran {
        self.run(&["keys", "advance"])
    }

    pub fn rotate(&self, more: &[&str]) -> Ran {
        self.run(&[&["keys", "rotate"], more].concat())
    }

    /// A command that goes on in the background.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = self.command(arguments);
        command.stdout(log.reopen().unwrap()).stderr(log.reopen().unwrap());
        Running { child: command.spawn().unwrap(), log }
    }

    /// Every key of the keyring, oldest first.
    pub fn listing(&self) -> Vec<Key> {
        let listing: Value =
            serde_json::from_str(&self.succeeds(&["keys", "list", "--json"]).stdout).unwrap();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let keys = listing["keys"].as_array().unwrap().iter();
        keys.map(|key| Key {
            id: text(&key["id"]).unwrap(),
            state: text(&key["state"]).unwrap(),
            key_pair_id: text(&key["key_pair_id"]),
            kind: format!("{} {}", text(&key["algorithm"]).unwrap(), text(&key["hash"]).unwrap()),
        })
        .collect()
    }

    /// The states of all keys, oldest first.
    pub fn states(&self) -> Vec<String> {
        self.listing().into_iter().map(|key| key.state).collect()
    }

    /// The one key in a state.
    pub fn key_in(&self, state: &str) -> Key {
        let found: Vec<Key> = self.listing().into_iter().filter(|key| key.state == state).collect();
        assert_eq!(found.len(), 1, "keys in {state}: {found:?}");
        found.into_iter().next().unwrap()
    }

    /// Whether the private key of an entry is in the keyring.
    pub fn has_private_key(&self, id: &str) -> bool {
        self.keys().join(format!("{id}.pem")).exists()
    }

    /// (step, phase) of every record of the journal that is about a key.
    pub fn journal_of(&self, id: &str) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.keys().join("journal.jsonl")).unwrap();
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        records
            .filter(|record| record["key"] == id)
            .map(|record| (word(&record["step"]), word(&record["phase"])))
            .collect()
    }
}

/// One key as `keys list` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub id: String,
    pub state: String,
    pub key_pair_id: Option<String>,
    /// Algorithm and hash.
    pub kind: String,
}

impl Ran {
    /// The lines of progress, as a program reads them.
    pub fn events(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// `event step` of every line of progress; `event` where there is no step.
    pub fn story(&self) -> Vec<String> {
        let events = self.events().into_iter();
        let words = events.map(|event| {
            let [name, step] =
                ["event", "step"].map(|member| event[member].as_str().unwrap_or("").to_owned());
            format!("{name} {step}").trim_end().to_owned()
        });
        words.collect()
    }

    /// The steps that were done, in order.
    pub fn done(&self) -> Vec<String> {
        self.steps("done")
    }

    /// The steps that are told of in events of this kind, in order.
    pub fn steps(&self, event: &str) -> Vec<String> {
        let of_kind = |line: &String| Some(line.strip_prefix(event)?.strip_prefix(' ')?.to_owned());
        self.story().iter().filter_map(of_kind).collect()
    }

    /// The last line of progress.
    pub fn last(&self) -> Value {
        self.events().pop().unwrap_or_else(|| panic!("no progress: {self:?}"))
    }

    /// Exit code 0: nothing remains.
    #[track_caller]
    pub fn finishes(&self) -> &Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        assert_eq!(self.last()["event"], "finished", "{}", self.stdout);
        self
    }

    /// Exit code 3: more remains.
    #[track_caller]
    pub fn leaves_more(&self) -> &Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(3), ""), "{}", self.stdout);
        self
    }
}

/// A command in the background, ended when it is dropped.
pub struct Running {
    child: Child,
    log: tempfile::NamedTempFile,
}

impl Running {
    pub fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }

    /// Waits until it has said this.
    pub fn says(&self, text: &str) {
        wait_for(&format!("{text:?} in the output"), || self.log().contains(text));
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// How it ends by itself; standard output and standard error are one.
    pub fn ends(mut self) -> Ran {
        let mut code = None;
        wait_for("the end of the command", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        Ran { code: code.unwrap().code(), stdout: self.log(), stderr: String::new() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again, and gives up at the deadline.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "{what} did not happen in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}
