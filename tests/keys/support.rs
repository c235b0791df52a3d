use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use edgemint::keyring::{Keyring, KeyringError, Location, Store, View};
use tempfile::TempDir;

pub use crate::ran::Ran;

pub const NOBODY: u32 = 65534;

/// A directory of its own with room for a keyring in `keys/`.
pub struct Place {
    root: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    /// A place with a keyring of one P-256 key, and that key's id.
    pub fn with_key(arguments: &[&str]) -> (Self, String) {
        let place = Self::new();
        place.succeeds(&[&["keys", "init", "--algorithm", "ecdsa-p256"], arguments].concat());
        let id = place.ids().remove(0);
        (place, id)
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn keys(&self) -> PathBuf {
        self.root().join("keys")
    }

    pub fn document(&self) -> PathBuf {
        self.keys().join("keyring.json")
    }

    pub fn pem(&self, id: &str) -> PathBuf {
        self.keys().join(format!("{id}.pem"))
    }

    pub fn store(&self) -> Store {
        now(Store::open(Location::Directory(self.keys()))).unwrap()
    }

    /// The keyring as the library sees it.
    pub fn view(&self) -> View {
        now(self.store().view()).unwrap()
    }

    /// The keyring as a server would read it.
    pub fn load(&self) -> Result<Keyring, KeyringError> {
        now(self.store().load())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
        command.args(arguments).current_dir(self.root()).env_remove("EDGEMINT_KEYRING__DIRECTORY");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    pub fn succeeds(&self, arguments: &[&str]) -> Ran {
        self.run(arguments).succeeded(arguments)
    }

    /// Runs what must be refused: exit code 2, nothing on standard output, one sentence with each of
    /// `words` on standard error.
    pub fn refused(&self, arguments: &[&str], words: &[&str]) {
        self.run(arguments).is_refusal(words);
    }

    pub fn listing(&self) -> serde_json::Value {
        serde_json::from_str(&self.succeeds(&["keys", "list", "--json"]).stdout).unwrap()
    }

    pub fn ids(&self) -> Vec<String> {
        self.succeeds(&["keys", "list", "--json"]).ids()
    }

    /// Changes keyring.json as an editor would, keeping its mode.
    pub fn edit(&self, change: impl Fn(&str) -> String) {
        let old = fs::read_to_string(self.document()).unwrap();
        let new = change(&old);
        assert_ne!(old, new, "the edit must change something");
        fs::write(self.document(), new).unwrap();
    }

    /// Runs commands as somebody who is not root and to whom the keyring of one key belongs: root is held
    /// back by no permission.
    pub fn commands_of_nobody(&self, id: &str) -> impl Fn(&[&str]) -> Ran {
        let binary = self.root().join("edgemint");
        if is_root() {
            // Where the tests are built, nobody else may have a way to.
            fs::copy(env!("CARGO_BIN_EXE_edgemint"), &binary).unwrap();
            set_mode(&binary, 0o755);
            let lock = self.keys().join(".lock");
            for path in [self.root().to_path_buf(), self.keys(), self.document(), self.pem(id), lock] {
                chown(path, Some(NOBODY), None).unwrap();
            }
        } else {
            symlink(env!("CARGO_BIN_EXE_edgemint"), &binary).unwrap();
        }
        let root = self.root().to_path_buf();
        move |arguments| {
            let mut command = Command::new(&binary);
            command.args(arguments).current_dir(&root).env_remove("EDGEMINT_KEYRING__DIRECTORY");
            if is_root() {
                command.uid(NOBODY).gid(NOBODY);
            }
            Ran::from(command.output().unwrap())
        }
    }

    /// A private file beside the keyring.
    pub fn private_file(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.root().join(name);
        fs::write(&path, contents).unwrap();
        set_mode(&path, 0o600);
        path
    }

    /// A key that openssl made.
    pub fn openssl_key(&self, name: &str, arguments: &[&str]) -> PathBuf {
        self.private_file(name, &openssl(&[&["genpkey"], arguments].concat(), b""))
    }
}

impl Ran {
    /// Exit code 2, nothing on standard output, and one sentence with each of these words on standard error.
    #[track_caller]
    pub fn is_refusal(&self, words: &[&str]) {
        assert_eq!(self.stdout, "");
        self.is_refused(words);
    }

    /// The ids of the keys that `keys list --json` has.
    pub fn ids(&self) -> Vec<String> {
        let listing: serde_json::Value = serde_json::from_str(&self.stdout).unwrap();
        let keys = listing["keys"].as_array().unwrap();
        keys.iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What a future comes to.
pub fn now<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What openssl writes to standard output. The test that calls this begins with `needs!("openssl")`.
pub fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {}: {}", arguments[0], String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Whether this is root, who can give files away and is not held back by permission bits.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
