//! Fetches a set of keys, and keeps it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use reqwest::{Method, StatusCode};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::super::keys::KeySet;
use super::set;
use super::settings::JwksSettings;
use crate::session::Failures;
use crate::session::outbound::{Client, ClientError, Outage, send};

/// Without any keys nobody gets in, so it is tried again this soon, and then less and less often.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// A fetch ends before that; who waits for one waits no longer.
const PATIENCE: Duration = Duration::from_millis(2500);

/// A set of keys that one task fetches, for as long as this lives. Requests read what it fetched last; the one that
/// meets an unknown key wakes the task and waits, as does every other such request, for the same fetch.
#[derive(Debug)]
pub(in crate::session) struct Jwks {
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    settings: JwksSettings,
    client: Client,
    fetched: ArcSwapOption<Fetched>,
    /// Why the last fetch found nothing, if it did not.
    outage: ArcSwapOption<Outage>,
    /// A token named a key that is not there.
    asked: Notify,
    fetches: watch::Sender<Fetches>,
    failures: Failures,
}

/// What the last good fetch found.
#[derive(Debug)]
struct Fetched {
    /// Absent if it was a set without a key that can be used.
    keys: Option<Arc<KeySet>>,
    at: Instant,
}

/// Fetches that have ended, well or not.
#[derive(Clone, Copy, Debug, Default)]
struct Fetches {
    number: u64,
    last: Option<Instant>,
}

impl Jwks {
    /// Begins to fetch, on the runtime within which this is called.
    pub(in super::super) fn start(settings: JwksSettings) -> Result<Self, ClientError> {
        let client = Client::new(settings.url.clone(), settings.authorities.clone())?;
        let shared = Arc::new(Shared {
            settings,
            client,
            fetched: ArcSwapOption::empty(),
            outage: ArcSwapOption::empty(),
            asked: Notify::new(),
            fetches: watch::Sender::new(Fetches::default()),
            failures: Failures::default(),
        });
        let task = tokio::spawn(keep_fetching(shared.clone())).abort_handle();
        Ok(Self { shared, task })
    }

    /// The keys, if there are any that are not too old.
    pub(in super::super) fn at_hand(&self) -> Option<Arc<KeySet>> {
        let fetched = self.shared.fetched.load();
        let fetched = fetched.as_ref()?;
        let is_fresh = fetched.at.elapsed() <= self.shared.settings.max_stale;
        fetched.keys.clone().filter(|_| is_fresh)
    }

    /// Why there are none at hand.
    pub(in super::super) fn why_none(&self) -> String {
        match (&*self.shared.outage.load(), &*self.shared.fetched.load()) {
            (Some(outage), _) => outage.to_string(),
            (None, Some(_)) => "the key set has no key that can be used".to_owned(),
            (None, None) => "they have not been fetched yet".to_owned(),
        }
    }

    /// How many fetches have ended.
    pub(in super::super) fn fetches(&self) -> u64 {
        self.shared.fetches.borrow().number
    }

    /// Fetches that failed.
    pub(in super::super) fn failures(&self) -> Failures {
        self.shared.failures.clone()
    }

    /// Whether another fetch has ended than there were `before`. Waits for one if there may be one.
    pub(in super::super) async fn fetched_after(&self, before: u64) -> bool {
        let mut fetches = self.shared.fetches.subscribe();
        if fetches.borrow().number != before {
            return true;
        }
        if !self.shared.may_fetch() {
            return false;
        }
        self.shared.asked.notify_one();
        matches!(timeout(PATIENCE, fetches.wait_for(|fetches| fetches.number != before)).await, Ok(Ok(_)))
    }
}

impl Drop for Jwks {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Whether the last fetch ended so long ago that a token may cause another.
    fn may_fetch(&self) -> bool {
        self.fetches.borrow().last.is_none_or(|last| last.elapsed() >= self.settings.interval)
    }

    async fn fetch(&self) -> Result<set::Read, Outage> {
        let answer = send(self.client.request(Method::GET)).await?;
        match answer.status {
            StatusCode::OK => set::read(&answer.body).map_err(Outage::Malformed),
            other => Err(Outage::status(other)),
        }
    }

    fn note_end(&self) {
        self.fetches.send_modify(|fetches| {
            *fetches = Fetches { number: fetches.number + 1, last: Some(Instant::now()) };
        });
    }

    /// Returns at `due`, or as soon as a token asks for it and may.
    async fn wait_until(&self, due: Instant) {
        while timeout_at(due, self.asked.notified()).await.is_ok() {
            if self.may_fetch() {
                return;
            }
        }
    }
}

async fn keep_fetching(shared: Arc<Shared>) {
    let JwksSettings { refresh, interval, max_stale, .. } = shared.settings;
    let mut told = Told::default();
    let mut retry = FIRST_RETRY.min(interval);
    loop {
        let pause = match shared.fetch().await {
            Ok(set::Read { keys, skipped }) => {
                told.of_set(&shared.settings, keys.is_some(), skipped);
                let keys = keys.map(Arc::new);
                shared.fetched.store(Some(Arc::new(Fetched { keys, at: Instant::now() })));
                shared.outage.store(None);
                retry = FIRST_RETRY.min(interval);
                refresh
            }
            Err(outage) => {
                shared.failures.note();
                let at = shared.fetched.load().as_ref().map(|fetched| fetched.at);
                let is_usable = at.is_some_and(|at| at.elapsed() <= max_stale);
                told.of_outage(&shared.settings, &outage, is_usable);
                shared.outage.store(Some(Arc::new(outage)));
                let pause = retry;
                retry = (retry * 2).min(interval);
                if is_usable { interval.min(refresh) } else { pause }
            }
        };
        shared.note_end();
        shared.wait_until(Instant::now() + pause).await;
    }
}

/// What the log was told last: it is told again only if that has changed.
#[derive(Default)]
struct Told {
    /// `None`: that it can be fetched. Else whether there were keys nevertheless.
    outage: Option<bool>,
    skipped: Vec<(Option<String>, &'static str)>,
    is_empty: bool,
}

impl Told {
    fn of_set(
        &mut self,
        settings: &JwksSettings,
        has_keys: bool,
        skipped: Vec<(Option<String>, &'static str)>,
    ) {
        let url = settings.url.place();
        if self.outage.take().is_some() {
            tracing::info!(url, "the key set can be fetched again");
        }
        if self.skipped != skipped {
            for (key_id, reason) in &skipped {
                tracing::warn!(url, key_id, reason, "a key of the key set is left out");
            }
            self.skipped = skipped;
        }
        if !has_keys && !self.is_empty {
            tracing::error!(url, "the key set has no key that can be used: nobody gets in");
        }
        self.is_empty = !has_keys;
    }

    fn of_outage(&mut self, settings: &JwksSettings, outage: &Outage, is_usable: bool) {
        if self.outage.replace(is_usable) == Some(is_usable) {
            return;
        }
        let url = settings.url.place();
        match is_usable {
            true => {
                tracing::warn!(url, reason = %outage, "the key set cannot be fetched; the last one is used")
            }
            false => tracing::error!(url, reason = %outage, "the key set cannot be fetched: nobody gets in"),
        }
    }
}
