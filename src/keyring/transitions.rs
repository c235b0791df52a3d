//! How a rotation moves a key from state to state. Each takes a document and gives the next, or says why
//! not; none leaves two active keys, or none once there was one. Repeating one that is done changes nothing.

use time::OffsetDateTime;

use super::document::{Document, DocumentError};
use super::entry::{Entry, State};
use super::id::KeyId;
use super::plan::{Remote, Settings};
use super::transition_error::TransitionError;
use crate::cloudfront::KeyPairId;

impl Document {
    /// The key that is to sign next: the newest of those that are before [`State::Active`].
    #[must_use]
    pub fn successor(&self) -> Option<&Entry> {
        self.entries().iter().rfind(|entry| entry.state() < State::Active)
    }

    /// CloudFront has the public key, as `key_pair_id`. A key that was given up meanwhile learns its id only, so
    /// that it can be deleted.
    ///
    /// # Errors
    /// No such key, another Key-Pair-Id in its entry, or one that another key has.
    pub fn with_published(
        self,
        id: &KeyId,
        key_pair_id: &KeyPairId,
        now: OffsetDateTime,
    ) -> Result<Self, DocumentError> {
        let entry = self.entry(id)?;
        let state = match (entry.key_pair_id(), entry.state()) {
            (Some(recorded), _) if recorded == key_pair_id => return Ok(self),
            (Some(recorded), _) => {
                let (id, recorded, given) = (id.clone(), recorded.clone(), key_pair_id.clone());
                return Err(TransitionError::OtherKeyPairId { id, recorded, given }.into());
            }
            (None, State::Generated) => State::Published,
            (None, _) => State::Untrusted,
        };
        self.change(id, |entry| entry.known_as(key_pair_id.clone(), state, now))
    }

    /// The key group names the key.
    ///
    /// # Errors
    /// No such key, one that is not published yet, or one that was given up.
    pub fn with_trusted(self, id: &KeyId, now: OffsetDateTime) -> Result<Self, DocumentError> {
        match self.entry(id)?.state() {
            State::Published => self.change(id, |entry| entry.into_state(State::Trusted, now)),
            State::Trusted | State::Proven | State::Active | State::Retiring => Ok(self),
            state => Err(out_of_order(id, state, State::Trusted)),
        }
    }

    /// The edge was seen to accept a signature by the key.
    ///
    /// # Errors
    /// No such key, or one that is not trusted.
    pub fn with_proven(self, id: &KeyId, now: OffsetDateTime) -> Result<Self, DocumentError> {
        match self.entry(id)?.state() {
            State::Trusted => self.change(id, |entry| entry.into_state(State::Proven, now)),
            State::Proven => Ok(self),
            state => Err(out_of_order(id, state, State::Proven)),
        }
    }

    /// The proven key signs, and the one that did retires.
    ///
    /// # Errors
    /// No such key, or one that is not proven.
    pub fn with_successor_active(
        self,
        id: &KeyId,
        settings: &Settings,
        now: OffsetDateTime,
    ) -> Result<Self, DocumentError> {
        match self.entry(id)?.state() {
            State::Proven => {}
            State::Active => return Ok(self),
            state => return Err(out_of_order(id, state, State::Active)),
        }
        let retired = match self.active().map(|active| active.id().clone()) {
            Some(active) => self.change(&active, |entry| retiring(entry, settings, now))?,
            None => self,
        };
        retired
            .change(id, |entry| entry.into_state(State::Active, now).with_cookie_life(settings.cookie_life()))
    }

    /// Cookies by a key that signs, or did a moment ago, may live as long as the settings say, if that is longer
    /// than is known so far.
    ///
    /// # Errors
    /// No such key, or one that neither signs nor retires.
    pub fn with_cookie_life(self, id: &KeyId, settings: &Settings) -> Result<Self, DocumentError> {
        let longest = settings.cookie_life();
        match self.entry(id)?.state() {
            State::Active => self.change(id, |entry| entry.with_cookie_life(longest)),
            State::Retiring => self.change(id, |entry| {
                let until = settings.cookies_until(entry.state_since(), longest);
                entry.with_cookie_life(longest).with_cookies_until(until)
            }),
            state => Err(out_of_order(id, state, State::Active)),
        }
    }

    /// The key, which is not active, will not sign: it retires if it ever did, else nobody has to trust it.
    ///
    /// # Errors
    /// No such key, or the active one.
    pub fn with_given_up(self, id: &KeyId, now: OffsetDateTime) -> Result<Self, DocumentError> {
        let entry = self.entry(id)?;
        match entry.state() {
            State::Active => Err(out_of_order(id, State::Active, State::Untrusted)),
            State::Retiring | State::Untrusted | State::Gone => Ok(self),
            _ => {
                let state = entry.cookies_until().map_or(State::Untrusted, |_| State::Retiring);
                self.change(id, |entry| entry.into_state(state, now))
            }
        }
    }

    /// The key, which retired, is out of the key group.
    ///
    /// # Errors
    /// No such key, or one that was not retiring.
    pub fn with_untrusted(self, id: &KeyId, now: OffsetDateTime) -> Result<Self, DocumentError> {
        match self.entry(id)?.state() {
            State::Retiring => self.change(id, |entry| entry.into_state(State::Untrusted, now)),
            State::Untrusted => Ok(self),
            state => Err(out_of_order(id, state, State::Untrusted)),
        }
    }

    /// CloudFront has no public key of it any more.
    ///
    /// # Errors
    /// No such key, or one that is still in use.
    pub fn with_gone(self, id: &KeyId, now: OffsetDateTime) -> Result<Self, DocumentError> {
        match self.entry(id)?.state() {
            State::Retiring | State::Untrusted => self.change(id, |entry| entry.into_state(State::Gone, now)),
            State::Gone => Ok(self),
            state => Err(out_of_order(id, state, State::Gone)),
        }
    }

    /// The way back. Every successor is given up; if there is none, the key that retired last becomes the successor,
    /// to be proven again before it signs, if the key group has had it all the time.
    ///
    /// # Errors
    /// [`TransitionError::NoWayBack`].
    pub fn with_rollback(
        self,
        remote: &Remote,
        settings: &Settings,
        now: OffsetDateTime,
    ) -> Result<Self, DocumentError> {
        let before_active = self.entries().iter().filter(|entry| entry.state() < State::Active);
        let successors: Vec<KeyId> = before_active.map(|entry| entry.id().clone()).collect();
        // The very first key has nothing to go back to.
        if !successors.is_empty() && self.active().is_some() {
            return successors.iter().try_fold(self, |document, id| document.with_given_up(id, now));
        }
        let trusted = |entry: &&Entry| entry.key_pair_id().is_some_and(|id| remote.in_key_group(id));
        let retiring = self.entries().iter().filter(|entry| entry.state() == State::Retiring).filter(trusted);
        let Some(before) = retiring.max_by_key(|entry| entry.state_since()).map(|entry| entry.id().clone())
        else {
            return Err(TransitionError::NoWayBack.into());
        };
        self.change(&before, |entry| {
            let until = settings.cookies_until(entry.state_since(), settings.cookie_life());
            entry.with_cookies_until(until).into_state(State::Trusted, now)
        })
    }

    /// An emergency: nobody is to trust the key, from now on, whatever it signed. If it is the active one, its
    /// successor signs in its place; only for that `remote` is needed.
    ///
    /// # Errors
    /// No such key, or the active one without a proven successor that the key group still names:
    /// [`TransitionError::OnlyKey`].
    pub fn with_revoked(
        self,
        id: &KeyId,
        remote: Option<&Remote>,
        settings: &Settings,
        now: OffsetDateTime,
    ) -> Result<Self, DocumentError> {
        let document = match self.entry(id)?.state() {
            State::Untrusted | State::Gone => return Ok(self),
            State::Active => {
                // Somebody may have taken it out of the key group after it was proven.
                let trusted = |entry: &&Entry| {
                    entry.key_pair_id().is_some_and(|id| remote.is_some_and(|remote| remote.in_key_group(id)))
                };
                let proven =
                    self.entries().iter().filter(|entry| entry.state() == State::Proven).rfind(trusted);
                let Some(proven) = proven.map(|entry| entry.id().clone()) else {
                    return Err(TransitionError::OnlyKey { id: id.clone() }.into());
                };
                self.with_successor_active(&proven, settings, now)?
            }
            _ => self,
        };
        document.change(id, |entry| entry.into_state(State::Untrusted, now))
    }
}

/// The active key's entry once it signs nothing more.
fn retiring(active: Entry, settings: &Settings, now: OffsetDateTime) -> Entry {
    let longest = active.cookie_life().unwrap_or_default().max(settings.cookie_life());
    let retired = active.into_state(State::Retiring, now);
    let until = settings.cookies_until(retired.state_since(), longest);
    retired.with_cookies_until(until)
}

fn out_of_order(id: &KeyId, state: State, wanted: State) -> DocumentError {
    TransitionError::OutOfOrder { id: id.clone(), state, wanted }.into()
}
