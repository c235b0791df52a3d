use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::proxy::{Fault, Proxy};
use crate::python::python_program;
use crate::support::Ran;

/// moto's server and boto3, which end with this process: their standard input is a pipe of ours.
struct Python {
    moto: String,
    _server: Child,
    boto: Mutex<(Child, BufReader<ChildStdout>)>,
}

/// Those of all tests; each has a secret of its own there. Nothing where Python's packages are not installed, which
/// is then said.
fn python() -> Option<&'static Python> {
    static PYTHON: OnceLock<Python> = OnceLock::new();
    let python = python_program("cloud", "python")?;
    Some(PYTHON.get_or_init(|| {
        let started = |script: &str, url: &str| {
            let mut command = program(&python, url, Path::new("/"));
            command.arg(cloud(script)).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.stderr(Stdio::null()).spawn().unwrap();
            let answers = BufReader::new(child.stdout.take().unwrap());
            (child, answers)
        };
        let (server, mut answers) = started("serve_moto.py", "");
        let mut url = String::new();
        answers.read_line(&mut url).unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "moto says {url:?}");
        let moto = url.trim().to_owned();
        let boto = Mutex::new(started("call_boto.py", &moto));
        Python { moto, _server: server, boto }
    }))
}

fn cloud(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cloud").join(script)
}

/// A secret that is not there yet, and a machine from which to reach it.
pub struct Aws {
    python: &'static Python,
    proxy: Proxy,
    home: TempDir,
    pub secret: String,
    /// The store, as `--store` takes it.
    pub store: String,
}

/// A program with the credentials and the region, and nothing else of our own environment.
fn program(program: impl AsRef<OsStr>, url: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(home).env("HOME", home);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret-access-key"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url),
    ] {
        command.env(name, value);
    }
    command
}

impl Aws {
    /// Nothing where Python's packages are not installed, which is then said.
    pub fn new() -> Option<Self> {
        static SECRETS: AtomicU32 = AtomicU32::new(0);
        let python = python()?;
        let secret = format!("podcasts/keys-{}", SECRETS.fetch_add(1, Ordering::Relaxed));
        let store = format!("secretsmanager:{secret}");
        let proxy = Proxy::start(python.moto.strip_prefix("http://").unwrap());
        Some(Self { python, proxy, home: tempfile::tempdir().unwrap(), secret, store })
    }

    /// With a keyring of one P-256 key, and that key's id.
    pub fn with_key(arguments: &[&str]) -> Option<(Self, String)> {
        let aws = Self::new()?;
        aws.succeeds(&[&["keys", "init", "--algorithm", "ecdsa-p256"], arguments].concat());
        let id = aws.ids().remove(0);
        Some((aws, id))
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// What is to befall each call of this action from now on.
    pub fn on(&self, action: &str, fault: Fault) {
        self.proxy.on(action, fault);
    }

    /// Everything is in order again.
    pub fn without_faults(&self) {
        self.proxy.clear();
    }

    /// How often an action was called.
    pub fn calls(&self, action: &str) -> usize {
        self.proxy.calls(action)
    }

    /// A program on a machine that reaches the proxy.
    pub fn program(&self, name: impl AsRef<OsStr>) -> Command {
        program(name, &format!("http://{}", self.proxy.address()), self.home())
    }

    /// edgemint, with this store if it is a command on keys.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_edgemint"));
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        if arguments.first() == Some(&"keys") {
            command.args(["--store", &self.store]);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    pub fn succeeds(&self, arguments: &[&str]) -> Ran {
        self.run(arguments).succeeded(arguments)
    }

    pub fn refused(&self, arguments: &[&str], words: &[&str]) {
        self.run(arguments).is_refusal(words);
    }

    pub fn listing(&self) -> Value {
        serde_json::from_str(&self.succeeds(&["keys", "list", "--json"]).stdout).unwrap()
    }

    pub fn ids(&self) -> Vec<String> {
        self.succeeds(&["keys", "list", "--json"]).ids()
    }

    /// What boto3 answers, past the proxy.
    pub fn boto(&self, method: &str, arguments: &Value) -> Value {
        let mut boto = self.python.boto.lock().unwrap();
        let (child, answers) = &mut *boto;
        let call = json!(["secretsmanager", method, arguments]);
        writeln!(child.stdin.as_mut().unwrap(), "{call}").unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        drop(boto);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer.get("error"), None, "{method}");
        answer
    }

    /// The value of the current version, as boto3 reads it, and the id of the version. The label is named because
    /// moto, unlike AWS, gives the last version that was put without it.
    pub fn current(&self) -> (String, String) {
        let answer =
            self.boto("get_secret_value", &json!({ "SecretId": self.secret, "VersionStage": "AWSCURRENT" }));
        let text = |member: &str| answer[member].as_str().unwrap().to_owned();
        (text("SecretString"), text("VersionId"))
    }

    /// The current files, as boto3 reads them.
    pub fn files(&self) -> serde_json::Map<String, Value> {
        serde_json::from_str(&self.current().0).unwrap()
    }

    /// Puts a value there with boto3.
    pub fn put(&self, value: &str) {
        self.boto("put_secret_value", &json!({ "SecretId": self.secret, "SecretString": value }));
    }

    /// Makes the secret with boto3.
    pub fn create(&self, value: &str) {
        self.boto("create_secret", &json!({ "Name": self.secret, "SecretString": value }));
    }

    /// Changes the files with boto3.
    pub fn edit(&self, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
        let mut files = self.files();
        change(&mut files);
        self.put(&Value::Object(files).to_string());
    }
}

/// What became of a command. It never printed a line of a private key, as it stands in a file or in JSON, nor the
/// secret access key.
pub fn ran(command: &mut Command) -> Ran {
    told(command.spawn().unwrap())
}

/// The same of one that is running.
pub fn told(child: Child) -> Ran {
    let ran = Ran::from(child.wait_with_output().unwrap());
    for stream in [&ran.stdout, &ran.stderr] {
        assert!(!stream.contains("PRIVATE KEY-----\\n"), "a private key was printed");
        assert!(!stream.contains("the-secret-access-key"), "a credential was printed");
    }
    ran
}
