//! Keyrings beside what CloudFront shows of them, made step by step.

use std::time::Duration;

use time::OffsetDateTime;

use super::keys::{key_id, public_key};
use crate::cloudfront::{HashAlgorithm, KeyPairId};
use crate::keyring::document::Document;
use crate::keyring::plan::{
    ACCOUNT_LIMIT, Action, KEY_GROUP_LIMIT, Remote, RemoteKey, Settings, Step, plan, record,
};

/// 2027-01-15T08:00:00Z.
const MORNING: i64 = 1_800_000_000;

pub(super) fn settings() -> Settings {
    Settings {
        longest_lifetime: Duration::from_secs(3600),
        expiry_step: Duration::from_secs(60),
        reload_interval: Duration::from_secs(30),
        margin: Duration::from_secs(300),
        group_limit: KEY_GROUP_LIMIT,
        account_limit: ACCOUNT_LIMIT,
    }
}

const NAMES: [&str; 3] = ["A", "B", "C"];

fn id(text: &str) -> KeyPairId {
    text.parse().unwrap()
}

/// A keyring, CloudFront and a clock.
#[derive(Clone)]
pub(super) struct Scene {
    pub document: Document,
    pub remote: Remote,
    pub now: OffsetDateTime,
    pub settings: Settings,
}

impl Scene {
    pub fn empty() -> Self {
        let remote = Remote { public_keys: Vec::new(), key_group: Some(Vec::new()) };
        Self {
            document: Document::default(),
            remote,
            now: OffsetDateTime::from_unix_timestamp(MORNING).unwrap(),
            settings: settings(),
        }
    }

    /// A signs, as KA.
    pub fn settled() -> Self {
        let mut scene = Self::empty().imported(0, "KA");
        scene.document = scene.document.with_cookie_life(&key_id(0), &settings()).unwrap();
        scene
    }

    /// A signs, and B is made.
    pub fn rotating() -> Self {
        Self::settled().generated(1)
    }

    pub fn generated(mut self, number: usize) -> Self {
        let (public, hash) = (public_key(number), HashAlgorithm::Sha1);
        self.document = self.document.with_generated(&public, hash, self.now).unwrap();
        self
    }

    pub fn imported(mut self, number: usize, key_pair_id: &str) -> Self {
        let (public, hash) = (public_key(number), HashAlgorithm::Sha1);
        self.document = self.document.with_imported(&public, hash, id(key_pair_id), self.now).unwrap();
        self.uploaded(Some(number), key_pair_id).member(key_pair_id)
    }

    pub fn uploaded(mut self, number: Option<usize>, key_pair_id: &str) -> Self {
        let key_pair_id = id(key_pair_id);
        let name = key_pair_id.to_string();
        self.remote.public_keys.push(RemoteKey { key_pair_id, name, key: number.map(key_id) });
        self
    }

    pub fn deleted(mut self, key_pair_id: &str) -> Self {
        self.remote.public_keys.retain(|key| key.key_pair_id != id(key_pair_id));
        self
    }

    pub fn member(mut self, key_pair_id: &str) -> Self {
        self.remote.key_group.as_mut().unwrap().push(id(key_pair_id));
        self
    }

    pub fn not_member(mut self, key_pair_id: &str) -> Self {
        self.remote.key_group.as_mut().unwrap().retain(|member| *member != id(key_pair_id));
        self
    }

    /// So many keys of somebody else, of which so many are in the key group.
    pub fn foreign(self, keys: usize, members: usize) -> Self {
        let name = |number: usize| format!("KF{number}");
        let uploaded = (0..keys).fold(self, |scene, number| scene.uploaded(None, &name(number)));
        (0..members).fold(uploaded, |scene, number| scene.member(&name(number)))
    }

    pub fn later(mut self, seconds: i64) -> Self {
        self.now += time::Duration::seconds(seconds);
        self
    }

    /// So many steps of the plan are done, and CloudFront shows it.
    pub fn done(mut self, steps: usize) -> Self {
        for _ in 0..steps {
            let mut action = self.plan().remove(0).action;
            if let Action::Publish { id: key } = &action {
                let number = (0..NAMES.len()).find(|number| key_id(*number) == *key).unwrap();
                let key_pair_id = id(&format!("K{}", NAMES[number]));
                self = self.uploaded(Some(number), key_pair_id.as_str());
                action = Action::Adopt { id: key.clone(), key_pair_id };
            }
            let entry = action.key().map(|key| self.document.entry(key).unwrap());
            let key_pair_id = entry.and_then(|entry| entry.key_pair_id()).map(ToString::to_string);
            match (&action, key_pair_id) {
                (Action::Trust { .. }, Some(name)) => self = self.member(&name),
                (Action::Untrust { .. }, Some(name)) => self = self.not_member(&name),
                (Action::Delete { .. }, Some(name)) => self = self.deleted(&name),
                (Action::Wait { until }, _) => self.now = *until,
                _ => {}
            }
            self.document = record(self.document, &action, &self.settings, self.now).unwrap();
        }
        self
    }

    fn plan(&self) -> Vec<Step> {
        plan(&self.document, &self.remote, self.now, &self.settings)
    }

    /// The plan as people read it, a step a line.
    pub fn text(&self) -> String {
        let steps: Vec<String> =
            self.plan().iter().map(|step| format!("{} ({})", step.action, step.reason)).collect();
        named(&steps.join("\n"))
    }

    pub fn rolled_back(mut self) -> Self {
        self.document = self.document.with_rollback(&self.remote, &self.settings, self.now).unwrap();
        self
    }

    pub fn revoked(mut self, number: usize) -> Self {
        self.document = self.document.with_revoked(&key_id(number), &self.settings, self.now).unwrap();
        self
    }
}

/// The text with the names of the keys in place of their ids.
pub(super) fn named(text: &str) -> String {
    let names = NAMES.into_iter().enumerate();
    names.fold(text.to_owned(), |text, (number, name)| text.replace(key_id(number).as_str(), name))
}
