use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use futures_util::future::{Either, select};
use notify::RecommendedWatcher;
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};

use super::failure::Failure;
use super::look::{Looked, Looker, Ring};
use super::status::Signing;
use crate::http::recipe::Recipe;
use crate::http::service::{self, Service};
use crate::keyring::Location;

/// A look that takes longer has failed, and is waited for all the same: there are never two at a time.
const DEADLINE: Duration = Duration::from_secs(20);

/// Files are changed one after the other: a look waits until nothing has changed for so long,
const QUIET: Duration = Duration::from_millis(100);

/// but no longer than this.
const UNREST: Duration = Duration::from_secs(1);

/// Has the keyring looked at before its time.
#[derive(Clone, Default)]
pub(in crate::http) struct Nudge(Arc<Nudges>);

#[derive(Default)]
struct Nudges {
    /// By files that have changed.
    changed: Notify,
    /// By somebody who wants to be told what came of it.
    asked: Notify,
}

impl Nudge {
    /// Has it looked at now. What is wrong with it is logged even if it has been before.
    pub(in crate::http) fn look(&self) {
        self.0.asked.notify_one();
    }
}

/// Keeps the service signing with the key that is active in the keyring.
pub(in crate::http) struct Follower {
    service: web::Data<Service>,
    looker: Looker,
    poll: Duration,
    nudge: Nudge,
    /// A look that has not ended yet.
    looking: Option<Looking>,
    /// Watches as long as it is there.
    watcher: Option<RecommendedWatcher>,
    /// What has been logged and still holds.
    said: Said,
}

#[derive(Default)]
struct Said {
    failed: Option<Failure>,
    spare: Option<Failure>,
    unwatched: bool,
    /// Somebody wants to be told what the next look finds, whether it was said before or not.
    is_asked: bool,
}

impl Follower {
    /// `location`: of the keyring; `poll`: how often it is looked at without a reason.
    pub(in crate::http) fn new(
        service: web::Data<Service>,
        recipe: Recipe,
        location: Location,
        poll: Duration,
    ) -> Self {
        Self {
            service,
            looker: Looker::new(location, recipe),
            poll,
            nudge: Nudge::default(),
            looking: None,
            watcher: None,
            said: Said::default(),
        }
    }

    pub(in crate::http) fn nudge(&self) -> Nudge {
        self.nudge.clone()
    }

    /// Looks at once, because nothing was watched when the keyring was first read, and goes on for ever.
    pub(in crate::http) async fn run(mut self) {
        loop {
            let is_late = self.looking.is_some();
            match self.look().await {
                Ok(looked) => {
                    self.take(looked);
                    // It began before whatever has woken us since.
                    if is_late {
                        continue;
                    }
                }
                Err(failure) => self.refuse(failure),
            }
            self.wait().await;
        }
    }

    /// Until there is a reason to look again.
    async fn wait(&mut self) {
        let Nudges { changed, asked } = &*self.nudge.0;
        let settled = async {
            changed.notified().await;
            let unrest = async { while timeout(QUIET, changed.notified()).await.is_ok() {} };
            let _ = timeout(UNREST, unrest).await;
        };
        let due = select(Box::pin(settled), Box::pin(sleep(self.poll)));
        if let Either::Left(_) = select(Box::pin(asked.notified()), due).await {
            self.said.is_asked = true;
        }
    }

    async fn look(&mut self) -> Result<Looked, Failure> {
        let looking = match self.looking.take() {
            Some(looking) => looking,
            None => {
                let nudge = self.nudge.clone();
                let served = self.service.keyring.signing();
                let begun = self.looker.begin(served, Arc::new(move || nudge.0.changed.notify_one()));
                begun.map_err(|error| Failure::no_thread(&error))?
            }
        };
        end_of(looking, DEADLINE).await.map_err(|(failure, looking)| {
            self.looking = looking;
            failure
        })
    }

    fn take(&mut self, Looked { ring, watcher }: Looked) {
        match watcher {
            Some(Ok(watcher)) => (self.watcher, self.said.unwatched) = (Some(watcher), false),
            Some(Err(error)) if !self.said.unwatched => {
                let poll = humantime::format_duration(self.poll).to_string();
                tracing::warn!(%error, poll, "the keyring cannot be watched, so a change is seen at the next poll");
                self.said.unwatched = true;
            }
            _ => {}
        }
        match ring {
            Ok(ring) => self.accept(ring),
            Err(failure) => self.refuse(failure),
        }
    }

    fn accept(&mut self, Ring { document, signing, minter, spare }: Ring) {
        let status = &self.service.keyring;
        let is_asked = std::mem::take(&mut self.said.is_asked);
        let is_mended = self.said.failed.take().is_some();
        if is_mended {
            tracing::info!("the keyring is in order again");
        }
        match minter {
            Some(minter) => {
                // From here on requests sign with the new key; those under way end with the one that they have.
                self.service.minter.store(Some(Arc::new(minter)));
                log_replaced(status.signing().as_ref(), signing.as_ref());
                status.count_reload();
            }
            None if is_asked && !is_mended => {
                tracing::info!("the keyring is in order, and signing goes on with it")
            }
            None => {}
        }
        if is_asked || spare != self.said.spare {
            match &spare {
                Some(Failure { code, reason }) => {
                    tracing::error!(code, reason, "a key that may sign one day cannot");
                }
                None if self.said.spare.is_some() => {
                    tracing::info!("the keys that may sign one day are in order again");
                }
                None => {}
            }
            self.said.spare.clone_from(&spare);
        }
        status.found(signing, status.retirement_in(&document), spare, service::now());
    }

    /// Signing goes on as before.
    fn refuse(&mut self, failure: Failure) {
        self.service.keyring.failed(&failure);
        if std::mem::take(&mut self.said.is_asked) || self.said.failed.as_ref() != Some(&failure) {
            let Failure { code, reason } = &failure;
            tracing::error!(code, reason, "the keyring was not taken; signing goes on as before");
            self.said.failed = Some(failure);
        }
    }
}

type Looking = oneshot::Receiver<Looked>;

/// What a look has found, or why that is not known, and the look if it has not ended.
async fn end_of(mut looking: Looking, deadline: Duration) -> Result<Looked, (Failure, Option<Looking>)> {
    match timeout(deadline, &mut looking).await {
        Ok(looked) => looked.map_err(|_| (Failure::broke_off(), None)),
        Err(_) => Err((Failure::timed_out(deadline), Some(looking))),
    }
}

fn log_replaced(old: Option<&Signing>, new: Option<&Signing>) {
    let name = |signing: Option<&Signing>| signing.map(|signing| signing.key_pair_id.to_string());
    let algorithm = new.map(|new| new.algorithm.to_string());
    let hash = new.map(|new| new.hash.as_str());
    tracing::info!(
        old_key = name(old),
        new_key = name(new),
        algorithm,
        hash,
        "signing goes on with another key of the keyring"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(ended: Result<Looked, (Failure, Option<Looking>)>) -> (&'static str, Option<Looking>) {
        let Err((failure, looking)) = ended else { panic!("it has not ended") };
        (failure.code, looking)
    }

    #[actix_web::test]
    async fn a_look_that_hangs_is_given_up_for_now_and_taken_when_it_ends() {
        let (found, looking) = oneshot::channel();
        let (failed, looking) = code(end_of(looking, Duration::from_millis(20)).await);
        assert_eq!(failed, "timed_out");
        let (failed, looking) = code(end_of(looking.unwrap(), Duration::from_millis(20)).await);
        assert_eq!(failed, "timed_out");
        let ring = Err(Failure::no_active_key());
        assert!(found.send(Looked { ring, watcher: None }).is_ok());
        let looked = end_of(looking.unwrap(), DEADLINE).await.unwrap_or_else(|_| panic!("it has ended"));
        assert_eq!(looked.ring.err(), Some(Failure::no_active_key()));
    }

    #[actix_web::test]
    async fn a_look_that_breaks_off_is_over() {
        let (found, looking) = oneshot::channel();
        drop(found);
        let (failed, looking) = code(end_of(looking, DEADLINE).await);
        assert_eq!((failed, looking.is_some()), ("broke_off", false));
    }
}
