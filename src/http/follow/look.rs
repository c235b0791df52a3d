//! Looks at the keyring, on a thread of its own: a store that hangs holds up neither requests nor the stop.

use std::io;
use std::sync::Arc;
use std::thread;

use notify::RecommendedWatcher;
use tokio::sync::{mpsc, oneshot};

use super::failure::Failure;
use super::status::Signing;
use super::watch::watch;
use crate::http::recipe::Recipe;
use crate::keyring::{Document, Keyring, KeyringError, Location, State, Store, View};
use crate::mint::Minter;

/// What a look has found.
pub(super) struct Looked {
    pub(super) ring: Result<Ring, Failure>,
    /// Tells of what is changed after the look began, if there is anything to be watched.
    pub(super) watcher: Option<notify::Result<RecommendedWatcher>>,
}

/// A good keyring.
pub(super) struct Ring {
    pub(super) document: Document,
    /// Its active key, if it has one.
    pub(super) signing: Option<Signing>,
    /// What signs with it, if it is another than the one that signs now.
    pub(super) minter: Option<Minter>,
    /// What is wrong with a key that may sign one day, if anything is.
    pub(super) spare: Option<Failure>,
}

/// A look that is wanted.
struct Wanted {
    /// What signs now.
    served: Option<Signing>,
    /// Called for each change from now on.
    changed: Arc<dyn Fn() + Send + Sync>,
    found: oneshot::Sender<Looked>,
}

/// Looks at one keyring, again and again.
pub(super) struct Looker {
    eyes: Eyes,
    thread: Option<mpsc::UnboundedSender<Wanted>>,
}

/// What goes to the thread.
#[derive(Clone)]
struct Eyes {
    location: Location,
    recipe: Recipe,
}

impl Looker {
    pub(super) fn new(location: Location, recipe: Recipe) -> Self {
        Self { eyes: Eyes { location, recipe }, thread: None }
    }

    /// Begins a look. `served`: what signs now. `changed` is called, at any time, once something has changed that
    /// is watched.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn begin(
        &mut self,
        served: Option<Signing>,
        changed: Arc<dyn Fn() + Send + Sync>,
    ) -> io::Result<oneshot::Receiver<Looked>> {
        let (found, finding) = oneshot::channel();
        let wanted = Wanted { served, changed, found };
        let thread = match self.thread.take().filter(|thread| !thread.is_closed()) {
            Some(thread) => thread,
            // The first look, or a panic has ended the thread.
            None => self.eyes.clone().open()?,
        };
        // If it ends just now, whoever waits for the look is told.
        let _ = thread.send(wanted);
        self.thread = Some(thread);
        Ok(finding)
    }
}

impl Eyes {
    /// The thread ends once nobody can want a look any more.
    fn open(self) -> io::Result<mpsc::UnboundedSender<Wanted>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, mut looks) = mpsc::unbounded_channel::<Wanted>();
        thread::Builder::new().name("keyring".to_owned()).spawn(move || {
            runtime.block_on(async {
                let mut store = None;
                while let Some(Wanted { served, changed, found }) = looks.recv().await {
                    // Before it is read, so that no change falls in between.
                    let watcher = self.watch(changed);
                    let ring = self.look(&mut store, served.as_ref()).await;
                    // Nobody waits any more if the service stops.
                    let _ = found.send(Looked { ring, watcher });
                }
            });
        })?;
        Ok(sender)
    }

    /// Only files tell when they change.
    fn watch(&self, changed: Arc<dyn Fn() + Send + Sync>) -> Option<notify::Result<RecommendedWatcher>> {
        match &self.location {
            Location::Directory(path) => Some(watch(path, move || changed())),
            Location::SecretsManager(_) => None,
        }
    }

    /// A ring without an active key is good only as long as no key signs. `store` is kept for the next look, with its
    /// connections and credentials.
    async fn look(&self, store: &mut Option<Store>, served: Option<&Signing>) -> Result<Ring, Failure> {
        let store = match store {
            Some(store) => store,
            None => store.insert(Store::open(self.location.clone()).await?),
        };
        let (keyring, spare) = store.read(keyring_and_spare).await?;
        let signing = Signing::of(&keyring);
        let minter = match (keyring.active(), &signing) {
            (Some(key), Some(signing)) if !served.is_some_and(|served| served.is_same(signing)) => {
                Some(self.recipe.minter(key)?)
            }
            (None, _) if served.is_some() => return Err(Failure::no_active_key()),
            _ => None,
        };
        let document = keyring.document().clone();
        Ok(Ring { document, signing, minter, spare: spare.map(Failure::from) })
    }
}

/// The keyring, and what is wrong with a key that may sign one day.
fn keyring_and_spare(view: &View) -> Result<(Keyring, Option<KeyringError>), KeyringError> {
    let keyring = view.load()?;
    let may_sign = |state| state < State::Untrusted && state != State::Active;
    let mut spares = keyring.document().entries().iter().filter(|entry| may_sign(entry.state()));
    let spare = spares.find_map(|entry| view.signing_key(entry).err());
    Ok((keyring, spare))
}
