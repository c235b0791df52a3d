use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use edgemint::keyring::{Entry, Location, Phase, State, Store, View};
use tempfile::TempDir;

use super::secret::{Secret, SecretsManager};
use super::{Double, Place};

/// What CloudFront calls the key that signs when the curtain rises.
pub const OLD: &str = "KOLD";

/// A key of somebody else in the same key group.
const FOREIGN: &str = "KFOREIGN";

/// A keyring with one active key, from which every stage begins.
pub struct Start {
    root: TempDir,
    /// The key's id in the keyring.
    old: String,
}

impl Start {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut init = std::process::Command::new(env!("CARGO_BIN_EXE_edgemint"));
        init.args(["keys", "init", "--algorithm", "ecdsa-p256", "--key-pair-id", OLD, "--dir", "keys"]);
        let output = init.current_dir(root.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(root.path().join("old.pem"), output.stdout).unwrap();
        let mut files = fs::read_dir(root.path().join("keys")).unwrap().map(|file| file.unwrap().path());
        let pem = files.find(|file| file.extension().is_some_and(|name| name == "pem")).unwrap();
        let old = pem.file_stem().unwrap().to_str().unwrap().to_owned();
        Self { root, old }
    }

    /// A CloudFront, to which changes come at once, and a copy of the keyring: of this stage alone.
    pub fn stage(&self) -> Stage {
        self.stage_with("0s")
    }

    /// The same, with changes that reach the edge after this long.
    pub fn stage_with(&self, propagation: &str) -> Stage {
        let trust = format!("{OLD}={}", self.root.path().join("old.pem").display());
        let more = ["--trust", &trust, "--propagation", propagation, "--nodes", "1"];
        let double = Double::with(&[FOREIGN], &more);
        let mut place = Place::new(&double);
        place.set("proofs", "2");
        place.set("proof_interval", "\"10ms\"");
        fs::create_dir(place.keys()).unwrap();
        for name in ["keyring.json".to_owned(), format!("{}.pem", self.old)] {
            fs::copy(self.root.path().join("keys").join(&name), place.keys().join(&name)).unwrap();
        }
        Stage { double, place, old: self.old.clone(), secret: None }
    }
}

/// Where one rotation is interrupted, and then gone on with.
pub struct Stage {
    pub double: Double,
    pub place: Place,
    /// The id in the keyring of the key that is rotated out.
    pub old: String,
    /// What holds the keyring, if it is no directory.
    secret: Option<Secret>,
}

impl Stage {
    /// The same with the keyring in a secret.
    pub fn in_secret(mut self, secrets: &SecretsManager) -> Self {
        let secret = secrets.take(&self.place.keys());
        self.place.environment = secret.environment();
        self.secret = Some(secret);
        self
    }

    /// What holds at every moment of a rotation: a server would start and sign with a key that the edge trusts; the
    /// keyring can be read; nothing was done in CloudFront that was not written down before; nothing is written down
    /// as done that the keyring does not know.
    pub fn holds(&self, point: &str) {
        let view = self.view();
        let document = view.document().unwrap_or_else(|error| panic!("{point}: {error}"));
        let journal = view.journal().unwrap_or_else(|error| panic!("{point}: {error}"));
        let ring = view.load().unwrap_or_else(|error| panic!("{point}: {error}"));
        let active = ring.active().unwrap_or_else(|| panic!("{point}: nothing signs"));
        let (group, keys) = (self.double.key_group(), self.key_pair_ids());
        for needed in [active.key_pair_id().as_str(), FOREIGN] {
            assert!(group.iter().any(|id| id == needed), "{point}: {needed} is not in {group:?}");
        }
        let made = self.double.public_keys().into_iter().filter(|key| key.name.starts_with("edgemint-"));
        let made: Vec<String> = made.map(|key| key.id).collect();
        assert!(made.len() <= 1, "{point}: {made:?}");
        let is_old = |id: &str| id == self.old;
        for (is_so, step, of_old) in [
            (!made.is_empty(), "publish", false),
            (group.iter().any(|id| made.contains(id)), "trust", false),
            (!group.iter().any(|id| id == OLD), "untrust", true),
            (!keys.contains(OLD), "delete", true),
        ] {
            let is_intended = journal.records().iter().any(|record| {
                record.step == step && record.phase == Phase::Intent && is_old(record.key.as_str()) == of_old
            });
            assert!(!is_so || is_intended, "{point}: `{step}` was done and not written down before");
        }
        for record in journal.records().iter().filter(|record| record.step == "publish") {
            let reference = (record.phase == Phase::Intent).then(|| format!("edgemint-{}", record.key));
            assert_eq!(record.caller_reference, reference, "{point}: one key, one CallerReference");
        }
        for record in journal.records().iter().filter(|record| record.phase == Phase::Done) {
            let known = document.entry(&record.key).unwrap().state();
            assert!(
                known >= after(&record.step),
                "{point}: `{}` is done, and the key is {known}",
                record.step
            );
        }
    }

    /// Goes on as an operator does, and comes to the one end that there is.
    pub fn ends(&self, point: &str) {
        if self.view().document().unwrap().entries().len() == 1 {
            // No rotation has begun: nothing was touched, and there is nothing to go on with.
            assert_eq!(self.key_pair_ids(), ids(&[OLD, FOREIGN]), "{point}");
            assert_eq!(self.double.key_group().len(), 2, "{point}");
            self.finishes(point, &["keys", "advance"]);
            assert_eq!(self.place.states(), ["active"], "{point}");
            self.finishes(point, &["keys", "rotate", "--wait"]);
        } else {
            self.finishes(point, &["keys", "advance", "--wait"]);
        }
        self.has_ended(point);
    }

    /// The old key is gone, one new key signs, and there never was another.
    pub fn has_ended(&self, point: &str) {
        self.holds(point);
        // The view, not `keys list`: a process for each look is much of a sweep's time.
        let document = self.view().document().unwrap();
        let states: Vec<State> = document.entries().iter().map(Entry::state).collect();
        assert_eq!(states, [State::Gone, State::Active], "{point}");
        let new = document.active().unwrap();
        let key_pair_id = new.key_pair_id().unwrap().to_string();
        assert_eq!(self.double.key_group(), [FOREIGN.to_owned(), key_pair_id.clone()], "{point}");
        assert_eq!(self.key_pair_ids(), ids(&[FOREIGN, &key_pair_id]), "{point}");
        let calls = self.double.calls()["calls"].clone();
        for call in calls.as_array().unwrap().iter().filter(|call| call["call"] == "DeletePublicKey") {
            assert_eq!(call["id"], OLD, "{point}: another key was made and deleted");
        }
        self.leaves_no_secret_unexplained(point, new.id().as_str());
    }

    /// What a crash left behind in the keyring: `keys list` names it, and it is at most the file that was being written
    /// and the key that was stored for the document that did not come to be.
    fn leaves_no_secret_unexplained(&self, point: &str, new: &str) {
        let mut expected =
            ["journal.jsonl", "keyring.json", &format!("{new}.pem")].map(str::to_owned).to_vec();
        if self.secret.is_none() {
            expected.push(".lock".to_owned());
        }
        let names = fs::read_dir(self.place.keys()).unwrap().map(|file| file.unwrap().file_name());
        let names: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
        let left: Vec<&String> = names.iter().filter(|name| !expected.contains(name)).collect();
        let keys = left.iter().filter(|name| name.ends_with(".pem")).count();
        assert!(keys <= 1 && left.len() - keys <= 1, "{point}: {names:?}");
        assert!(left.is_empty() || self.secret.is_none(), "{point}: a secret changes as a whole: {names:?}");
        assert!(expected.iter().all(|name| names.contains(name)), "{point}: {names:?}");
        let listing = self.place.succeeds(&["keys", "list", "--json"]).stdout;
        let listing: serde_json::Value = serde_json::from_str(&listing).unwrap();
        assert_eq!(listing["orphans"], serde_json::json!(left), "{point}");
    }

    fn finishes(&self, point: &str, arguments: &[&str]) {
        let ran = self.place.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{point}: {arguments:?}: {}", ran.stdout);
    }

    /// Of every public key in CloudFront.
    pub fn key_pair_ids(&self) -> BTreeSet<String> {
        self.double.public_keys().into_iter().map(|key| key.id).collect()
    }

    fn view(&self) -> View {
        let keys: PathBuf = self.place.keys();
        if let Some(secret) = &self.secret {
            secret.copy_to(&keys);
        }
        let read = async { Store::open(Location::Directory(keys)).await.unwrap().view().await.unwrap() };
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(read)
    }
}

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// The least that a key is once a step is done.
fn after(step: &str) -> State {
    match step {
        "publish" | "adopt" => State::Published,
        "trust" => State::Trusted,
        "prove" => State::Proven,
        "activate" | "note-cookie-life" => State::Active,
        "untrust" => State::Untrusted,
        "delete" | "forget" => State::Gone,
        other => panic!("`{other}` is no step of such a rotation"),
    }
}
