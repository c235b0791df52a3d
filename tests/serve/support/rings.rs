use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::{Answer, Service, Setup, get, run, wait_for};

/// A signing key, made by `keys init` in a keyring of its own, from which others are put together.
#[derive(Clone)]
pub struct Key {
    pub id: String,
    pub key_pair_id: String,
    pub pem: String,
    /// As CloudFront would have it.
    pub public: String,
    entry: Value,
}

impl Key {
    pub fn new(algorithm: &str, hash: &str, key_pair_id: &str) -> Self {
        let place =
            Setup::with_key(&["--algorithm", algorithm, "--hash", hash, "--key-pair-id", key_pair_id]);
        Self::of(&place)
    }

    pub fn ecdsa(key_pair_id: &str) -> Self {
        Self::new("ecdsa-p256", "sha1", key_pair_id)
    }

    /// The only key of a setup.
    pub fn of(setup: &Setup) -> Self {
        let document: Value =
            serde_json::from_slice(&fs::read(setup.path("keys/keyring.json")).unwrap()).unwrap();
        let entry = document["keys"][0].clone();
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        Self {
            id: text("id"),
            key_pair_id: text("key_pair_id"),
            pem: fs::read_to_string(setup.path(&setup.key_file())).unwrap(),
            public: run(setup
                .command(&["keys", "public", "--dir", "keys", &text("id")])
                .env_remove("EDGEMINT_KEYRING__DIRECTORY")),
            entry,
        }
    }

    pub fn file(&self) -> String {
        format!("{}.pem", self.id)
    }

    /// Its entry in this state.
    pub fn entry(&self, state: &str) -> Value {
        let mut entry = self.entry.clone();
        entry["state"] = state.into();
        if state == "generated" {
            entry["key_pair_id"] = Value::Null;
        }
        entry
    }

    pub fn trusted(&self) -> (&str, &str) {
        (&self.key_pair_id, &self.public)
    }
}

/// A `keyring.json` with these entries.
pub fn document(entries: &[Value]) -> String {
    json!({"version": 1, "keys": entries}).to_string()
}

/// Puts a file in the place of another at once, as the commands do.
pub fn replace(path: &Path, contents: &str, mode: u32) {
    let temporary = path.with_added_extension("new");
    fs::write(&temporary, contents).unwrap();
    fs::set_permissions(&temporary, fs::Permissions::from_mode(mode)).unwrap();
    fs::rename(&temporary, path).unwrap();
}

/// Writes a keyring of these keys in these states into a directory, the document last.
pub fn write_ring(directory: &Path, keys: &[(&Key, &str)]) {
    for (key, _) in keys {
        replace(&directory.join(key.file()), &key.pem, 0o600);
    }
    let entries: Vec<_> = keys.iter().map(|(key, state)| key.entry(state)).collect();
    replace(&directory.join("keyring.json"), &document(&entries), 0o600);
}

/// The same in a directory that is made for it.
pub fn make_ring(directory: &Path, keys: &[(&Key, &str)]) {
    fs::create_dir_all(directory).unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
    write_ring(directory, keys);
}

impl Service {
    /// What `/readyz` says of the keyring.
    pub fn keyring(&self) -> Value {
        self.ask(get("/readyz")).json()["keyring"].take()
    }

    pub fn wait_until_it_signs_with(&self, key: &Key) {
        wait_for(&format!("signing with {}", key.key_pair_id), || {
            self.keyring()["key_pair_id"] == json!(key.key_pair_id)
        });
    }

    /// Until the last look at the keyring failed with this code.
    pub fn wait_until_it_refuses(&self, code: &str) {
        let mut last = Value::Null;
        wait_for(&format!("refusing a keyring: {code}"), || {
            last = self.keyring();
            last["failed"] == json!(code)
        });
    }

    pub fn wait_until_its_keyring_is_in_order(&self) {
        wait_for("a good keyring", || self.keyring().get("failed").is_none());
    }

    /// Where metrics are asked for.
    pub fn metrics_address(&self) -> std::net::SocketAddr {
        let log = self.log_with("metrics are at");
        let line = log.lines().find(|line| line.contains("metrics are at")).unwrap();
        serde_json::from_str::<Value>(line).unwrap()["address"].as_str().unwrap().parse().unwrap()
    }

    pub fn scrape(&self) -> Answer {
        super::exchange(self.metrics_address(), get("/metrics"))
    }

    /// The value of a series.
    pub fn metric(&self, series: &str) -> f64 {
        let text = String::from_utf8(self.scrape().body).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{series} is not in {text}")).parse().unwrap()
    }
}
