use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{Instrument as _, info_span};

use super::minted::Minted;
use super::observer::Observer;
use super::prepared::{Asker, PrepareError, Prepared};
use super::profile::Profile;
use super::shared::SharedSlot;
use super::step::ExpiryStep;
use crate::cloudfront::{EpochSeconds, HashAlgorithm, KeyAlgorithm, Policy, PolicyError, SignError, Signer};

/// Browsers and proxies limit the size of all headers together; a set has to leave room for others.
const MAX_SET_BYTES: usize = 2047;

/// An ECDSA signature in DER is a few bytes longer or shorter each time; in base64 by at most so many.
const SIGNATURE_VARIES: usize = 8;

/// Why a minter cannot be built from a key and the grants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MinterError {
    /// RSA over SHA-1 would be signed while a request waits (RUSTSEC-2023-0071).
    #[error(
        "the grant {grant:?} is signed for each listener, and the active key signs RSA over SHA-1, whose timing must not be seen on a request: use an ECDSA key, or set the key's hash to sha256"
    )]
    SlowSignature {
        /// The grant's name.
        grant: String,
    },
    /// The cookies of a grant would not fit.
    #[error(
        "the cookies of the grant {grant:?} take {bytes} bytes, and at most {MAX_SET_BYTES} are minted: shorten its resource, cookie path or domain"
    )]
    TooLarge {
        /// The grant's name.
        grant: String,
        /// Bytes of all `Set-Cookie` values together.
        bytes: usize,
    },
    /// The key or the clock does not do.
    #[error("the grant {grant:?} cannot be signed with the active key: {reason}")]
    Unsignable {
        /// The grant's name.
        grant: String,
        /// What went wrong.
        reason: String,
    },
}

/// As many listeners as allowed are being signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("as many listeners as allowed are being signed for")]
pub struct Busy;

/// Turns prepared mints into cookies with one key. It is never changed: another key is another minter.
pub struct Minter {
    inner: Arc<Inner>,
    step: ExpiryStep,
    /// Listeners whose signatures wait for, or are made on, the blocking pool.
    queued: Arc<Semaphore>,
    largest_sets: usize,
    healthy: AtomicBool,
}

/// What signing on another thread needs.
struct Inner {
    signer: Signer,
    profiles: Arc<[Profile]>,
    /// One for each profile; those of bound grants stay empty.
    shared: Vec<SharedSlot>,
    observer: Arc<dyn Observer>,
}

impl Minter {
    /// Builds a minter and signs every grant once, so that nothing is cold and nothing fails later
    /// that could fail now. `now` in epoch seconds; `max_signatures` bounds the single listeners
    /// whose signatures are queued at one time, where they are not made on the spot. `observer` is told of
    /// what is signed, from now on.
    /// Takes milliseconds for each grant: call it before serving.
    ///
    /// # Errors
    /// [`MinterError`] naming the grant that cannot be served with this key.
    pub fn new(
        signer: Signer,
        profiles: Arc<[Profile]>,
        step: ExpiryStep,
        max_signatures: usize,
        now: i64,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, MinterError> {
        let slow = is_rsa(&signer) && signer.hash() == HashAlgorithm::Sha1;
        if let Some(profile) = profiles.iter().find(|profile| slow && !profile.is_shared()) {
            return Err(MinterError::SlowSignature { grant: profile.name().to_owned() });
        }
        let shared = profiles.iter().map(|_| SharedSlot::default()).collect();
        let mut minter = Self {
            inner: Arc::new(Inner { signer, profiles, shared, observer }),
            step,
            queued: Arc::new(Semaphore::new(max_signatures)),
            largest_sets: 0,
            healthy: AtomicBool::new(true),
        };
        let sizes = minter.profiles().iter().map(|profile| minter.prove(profile, now));
        minter.largest_sets = sizes.sum::<Result<_, _>>()?;
        minter.sign_ahead(now)?;
        Ok(minter)
    }

    /// The grants, in the order of the configuration.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.inner.profiles
    }

    /// The most bytes that the `Set-Cookie` values of all grants together can take.
    #[must_use]
    pub fn largest_sets(&self) -> usize {
        self.largest_sets
    }

    /// Whether the last round of signing ahead succeeded for every grant.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Notes that signing ahead broke off, so that it may not be healthy whatever the last round was.
    pub fn note_broken_off(&self) {
        self.healthy.store(false, Ordering::Relaxed);
    }

    /// Checks a grant for an asker. `grant` is an index into [`Minter::profiles`].
    ///
    /// # Errors
    /// [`PrepareError`] if the grant cannot be filled in for this asker.
    ///
    /// # Panics
    /// If there is no such grant: indices come from this minter's own profiles.
    pub fn prepare(&self, grant: usize, asker: &Asker<'_>, now: i64) -> Result<Prepared<'_>, PrepareError> {
        Prepared::new(self, grant, asker, now)
    }

    /// Signs ahead: for each shared grant the present step and the next. Returns after how long it
    /// wants to be called again. Blocks for the time of the signatures.
    ///
    /// # Errors
    /// The first [`MinterError`]; the other grants are signed all the same.
    pub fn sign_ahead(&self, now: i64) -> Result<Duration, MinterError> {
        let mut wait = self.step.seconds();
        let mut failed = None;
        for (grant, profile) in self.profiles().iter().enumerate().filter(|(_, profile)| profile.is_shared())
        {
            let next = self.step.until_next(now, profile.ttl());
            let done = self.fill(grant, now).and_then(|()| self.fill(grant, now.saturating_add(next)));
            failed = failed.or(done.err());
            wait = wait.min(next);
        }
        self.healthy.store(failed.is_none(), Ordering::Relaxed);
        failed.map_or(Ok(Duration::from_secs(wait.unsigned_abs())), Err)
    }

    /// The first second (epoch) at which the newest signature of a shared grant has expired, and the second until
    /// which whoever asks for one finds it ready. `None` without shared grants.
    #[must_use]
    pub fn signed_ahead(&self) -> Option<(i64, i64)> {
        let newest = |(profile, slot): (&Profile, &SharedSlot)| {
            let expires = slot.latest()?;
            // As long as this is what the lifetime is rounded up to.
            let ttl = i64::try_from(profile.ttl().as_secs()).unwrap_or(i64::MAX);
            Some((expires, expires.saturating_sub(ttl)))
        };
        let all = self.profiles().iter().zip(&self.inner.shared).filter_map(newest);
        all.reduce(|(expires, until), other| (expires.min(other.0), until.min(other.1)))
    }

    pub(super) fn expiry(&self, profile: &Profile, now: i64) -> Result<EpochSeconds, PolicyError> {
        self.step.expiry(now, profile.ttl())
    }

    /// A shared grant is ready-made. One that is not there yet (the clock has leapt) is made once,
    /// on the blocking pool, whoever waits for it: nobody can have RSA over SHA-1 signed at will.
    ///
    /// A bound grant is signed here and now if the key is ECDSA, which takes less time than to
    /// hand it to another thread; RSA takes ten times as long and would hold up every other
    /// request of this worker, so it goes to the blocking pool, with a place in its queue.
    pub(super) async fn issue(
        &self,
        grant: usize,
        policy: Policy,
        place: Option<Arc<OwnedSemaphorePermit>>,
    ) -> Result<Arc<Minted>, SignError> {
        let is_shared = self.profiles()[grant].is_shared();
        if is_shared {
            if let Some(minted) = self.inner.shared[grant].find(policy.expires()) {
                self.inner.observer.found_shared();
                return Ok(minted);
            }
            self.inner.observer.missed_shared();
        }
        let span = info_span!("sign", edgemint.grant = self.profiles()[grant].name());
        if !is_shared && !self.has_to_queue(grant) {
            return Ok(Arc::new(span.in_scope(|| self.inner.sign(grant, &policy))?));
        }
        let inner = self.inner.clone();
        let signed = tokio::task::spawn_blocking(move || {
            // Given back when it is signed, even if whoever asked has gone.
            let _place = place;
            match is_shared {
                true => inner.shared[grant].find_or_sign(policy.expires(), || inner.sign(grant, &policy)),
                false => inner.sign(grant, &policy).map(Arc::new),
            }
        });
        signed.instrument(span).await.map_err(|_| SignError)?
    }

    /// Whether this grant is signed for one listener, on the blocking pool.
    pub(super) fn has_to_queue(&self, grant: usize) -> bool {
        !self.profiles()[grant].is_shared() && is_rsa(&self.inner.signer)
    }

    pub(super) fn place_in_queue(&self) -> Result<OwnedSemaphorePermit, Busy> {
        self.queued.clone().try_acquire_owned().map_err(|_| Busy)
    }

    /// The policy that everybody gets who is entitled to a shared grant.
    fn shared_policy(&self, grant: usize, now: i64) -> Result<Policy, PrepareError> {
        let profile = &self.profiles()[grant];
        let resource = profile.prepare_resource("", &serde_json::Map::new())?;
        Ok(Policy::new(resource, self.expiry(profile, now)?))
    }

    fn fill(&self, grant: usize, now: i64) -> Result<(), MinterError> {
        let unsignable = |reason: String| unsignable(&self.profiles()[grant], reason);
        let policy = self.shared_policy(grant, now).map_err(|error| unsignable(error.to_string()))?;
        let sign = || self.inner.sign(grant, &policy);
        let signed = self.inner.shared[grant].find_or_sign(policy.expires(), sign);
        signed.map(|_| ()).map_err(|error| unsignable(error.to_string()))
    }

    /// Signs the grant once, with the longest values that a listener could fill in; the bytes of it.
    fn prove(&self, profile: &Profile, now: i64) -> Result<usize, MinterError> {
        let failed = |error: &dyn std::error::Error| unsignable(profile, error.to_string());
        let expires = self.expiry(profile, now).map_err(|error| failed(&error))?;
        let policy = profile.largest_policy(expires).map_err(|error| failed(&error))?;
        let minted = Minted::sign(&self.inner.signer, profile, &policy).map_err(|error| failed(&error))?;
        let measured: usize = minted.set_cookie().iter().map(|header| header.len()).sum();
        let bytes = measured + SIGNATURE_VARIES;
        if bytes > MAX_SET_BYTES {
            return Err(MinterError::TooLarge { grant: profile.name().to_owned(), bytes });
        }
        Ok(bytes)
    }
}

impl std::fmt::Debug for Minter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Minter").field("signer", &self.inner.signer).finish_non_exhaustive()
    }
}

impl Inner {
    fn sign(&self, grant: usize, policy: &Policy) -> Result<Minted, SignError> {
        let started = Instant::now();
        let signed = Minted::sign(&self.signer, &self.profiles[grant], policy);
        self.observer.signed(started.elapsed());
        signed
    }
}

fn is_rsa(signer: &Signer) -> bool {
    signer.key().algorithm() == KeyAlgorithm::Rsa2048
}

fn unsignable(profile: &Profile, reason: String) -> MinterError {
    MinterError::Unsignable { grant: profile.name().to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::task::Poll;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::cloudfront::{SameSite, SigningKey};
    use crate::mint::{
        ClaimValue, Condition, CookieSettings, GrantSettings, Ipv6Clients, Requirement, Reserved, Site,
        TraceKey,
    };

    const NOW: i64 = 1_800_000_001;

    fn profile(name: &str, resource: &str, bind_address: bool) -> Profile {
        profile_for(name, resource, bind_address, 300)
    }

    fn profile_for(name: &str, resource: &str, bind_address: bool, seconds: u64) -> Profile {
        Profile::new(settings(name, resource, bind_address, seconds), SITE).unwrap()
    }

    const SITE: Site<'static> =
        Site { public_host: "id.example.com", is_plain_http: false, expiry_step: Duration::from_secs(60) };

    fn settings(name: &str, resource: &str, bind_address: bool, seconds: u64) -> GrantSettings {
        GrantSettings {
            name: name.into(),
            resource: resource.into(),
            ttl: Duration::from_secs(seconds),
            bind_address,
            ipv6_clients: bind_address.then_some(Ipv6Clients::Refuse),
            require: Vec::new(),
            trace: None,
            cookie: CookieSettings {
                domain: Some("example.com".into()),
                path: None,
                same_site: SameSite::Lax,
                http_only: true,
                secure: true,
            },
        }
    }

    fn minter(
        algorithm: KeyAlgorithm,
        hash: HashAlgorithm,
        profiles: Vec<Profile>,
    ) -> Result<Minter, MinterError> {
        let key = Arc::new(SigningKey::generate(algorithm).unwrap());
        let signer = Signer::new("K1".parse().unwrap(), key, hash);
        let step = ExpiryStep::new(Duration::from_secs(60)).unwrap();
        Minter::new(signer, profiles.into(), step, 2, NOW, Arc::new(()))
    }

    fn asker(claims: &Map<String, Value>, address: Option<IpAddr>) -> Asker<'_> {
        Asker { subject: "u-1", session: None, claims, address }
    }

    fn shared() -> Vec<Profile> {
        vec![profile("a", "https://cdn.example.com/a/*", false)]
    }

    fn reserve<'m>(minter: &'m Minter, grants: &[usize], now: i64) -> Result<Reserved<'m>, Busy> {
        let (claims, address) = (Map::new(), Some("203.0.113.7".parse().unwrap()));
        let prepare = |grant: &usize| minter.prepare(*grant, &asker(&claims, address), now).unwrap();
        Prepared::reserve(grants.iter().map(prepare).collect())
    }

    async fn issue(minter: &Minter, grant: usize, now: i64) -> Result<Arc<Minted>, SignError> {
        Ok(reserve(minter, &[grant], now).unwrap().issue().await?.remove(0))
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn all_listeners_of_a_step_share_one_signature() {
        let minter = minter(KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1, shared()).unwrap();
        runtime().block_on(async {
            let first = issue(&minter, 0, NOW).await.unwrap();
            assert_eq!(first.expires_at(), 1_800_000_360);
            assert!(Arc::ptr_eq(&first, &issue(&minter, 0, 1_800_000_060).await.unwrap()));
            // The clock has leapt, so nobody has signed that step ahead: all that ask get one signature.
            let asking = (0..20).map(|second| issue(&minter, 0, 1_800_600_001 + second));
            let leapt = futures_util::future::join_all(asking).await;
            let leapt: Vec<_> = leapt.into_iter().map(Result::unwrap).collect();
            assert!(leapt.iter().all(|minted| Arc::ptr_eq(minted, &leapt[0])));
            // A clock that steps back finds the signature that it had.
            assert!(Arc::ptr_eq(&first, &issue(&minter, 0, NOW).await.unwrap()));
        });
    }

    #[test]
    fn an_asker_who_leaves_does_not_take_the_signature_along() {
        let minter = minter(KeyAlgorithm::Rsa2048, HashAlgorithm::Sha1, shared()).unwrap();
        let later = NOW + 600_000;
        let runtime = runtime();
        runtime.block_on(async {
            let mut leaving = std::pin::pin!(issue(&minter, 0, later));
            let polled = std::future::poll_fn(|context| Poll::Ready(leaving.as_mut().poll(context))).await;
            assert!(polled.is_pending(), "it is being signed elsewhere");
        });
        // Waits for what runs on the blocking pool.
        drop(runtime);
        let expires = minter.step.expiry(later, Duration::from_secs(300)).unwrap();
        assert!(minter.inner.shared[0].find(expires).is_some());
    }

    #[test]
    fn signing_ahead_leaves_nothing_cold_at_the_next_step() {
        let minter = minter(KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1, shared()).unwrap();
        let later = NOW + 600_000;
        assert_eq!(minter.sign_ahead(later), Ok(Duration::from_secs(60)));
        for now in [later, later + 60] {
            let expires = minter.step.expiry(now, Duration::from_secs(300)).unwrap();
            assert!(minter.inner.shared[0].find(expires).is_some());
        }
        assert!(minter.is_healthy());
    }

    #[test]
    fn one_grant_that_cannot_be_signed_is_enough_to_be_unhealthy() {
        let mut grants = shared();
        grants.insert(0, profile_for("long", "https://cdn.example.com/long/*", false, 86_400));
        let minter = minter(KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1, grants).unwrap();
        // Within a day of the last second that CloudFront reads.
        let late = 2_147_400_000;
        let failed = minter.sign_ahead(late).unwrap_err();
        assert!(matches!(failed, MinterError::Unsignable { grant, .. } if grant == "long"));
        assert!(!minter.is_healthy());
        let expires = minter.step.expiry(late, Duration::from_secs(300)).unwrap();
        assert!(minter.inner.shared[1].find(expires).is_some(), "the other grant is signed all the same");
        assert!(minter.sign_ahead(NOW).is_ok() && minter.is_healthy());
    }

    #[test]
    fn bound_grants_are_signed_for_one_listener() {
        let profiles = vec![
            profile("own", "https://cdn.example.com/own/{sub}/*", false),
            profile("near", "https://cdn.example.com/near/*", true),
        ];
        let minter = minter(KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1, profiles).unwrap();
        runtime().block_on(async {
            let json = |minted: &Minted| serde_json::from_slice::<Value>(minted.json()).unwrap();
            let own = issue(&minter, 0, NOW).await.unwrap();
            assert_eq!(json(&own)["resource"], json!("https://cdn.example.com/own/u-1/*"));
            let [one, other] = [issue(&minter, 1, NOW).await.unwrap(), issue(&minter, 1, NOW).await.unwrap()];
            assert!(!Arc::ptr_eq(&one, &other));
        });
    }

    #[test]
    fn rsa_for_single_listeners_is_queued_and_the_queue_is_bounded() {
        let mut grants = shared();
        for name in ["near", "nearer", "nearest"] {
            grants.push(profile(name, &format!("https://cdn.example.com/{name}/*"), true));
        }
        let minter = minter(KeyAlgorithm::Rsa2048, HashAlgorithm::Sha256, grants).unwrap();
        runtime().block_on(async {
            let others = [1, 2].map(|grant| reserve(&minter, &[grant], NOW).unwrap());
            assert_eq!(reserve(&minter, &[0, 1], NOW).unwrap_err(), Busy, "all or none");
            assert!(reserve(&minter, &[0], NOW).is_ok(), "what is shared does not queue");
            drop(others);
            let all = reserve(&minter, &[0, 1, 2, 3], NOW).unwrap();
            assert_eq!(minter.queued.available_permits(), 1, "one place for a listener");
            let minted = all.issue().await.unwrap();
            let names: Vec<&str> = minted.iter().map(|minted| minted.name()).collect();
            assert_eq!(names, ["a", "near", "nearer", "nearest"]);
            assert_eq!(minter.queued.available_permits(), 2, "the place is given back");
        });
    }

    #[test]
    fn what_has_a_place_is_signed_even_if_whoever_asked_has_gone() {
        let bound = vec![profile("near", "https://cdn.example.com/near/*", true)];
        let minter = minter(KeyAlgorithm::Rsa2048, HashAlgorithm::Sha256, bound).unwrap();
        let runtime = runtime();
        runtime.block_on(async {
            let mut leaving = std::pin::pin!(reserve(&minter, &[0], NOW).unwrap().issue());
            let polled = std::future::poll_fn(|context| Poll::Ready(leaving.as_mut().poll(context))).await;
            assert!(polled.is_pending(), "it is being signed elsewhere");
        });
        drop(runtime);
        assert_eq!(minter.queued.available_permits(), 2);
    }

    #[test]
    fn refuses_askers_that_a_grant_cannot_be_filled_in_for() {
        let profiles = vec![
            profile("own", "https://cdn.example.com/own/{claim:show}/*", false),
            profile("near", "https://cdn.example.com/near/*", true),
        ];
        let minter = minter(KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1, profiles).unwrap();
        for claims in [json!({}), json!({"show": 7}), json!({"show": "a/*"}), json!({"show": ""})] {
            let claims = claims.as_object().unwrap();
            assert!(matches!(minter.prepare(0, &asker(claims, None), NOW), Err(PrepareError::Resource(_))));
        }
        let none = Map::new();
        let near = |address| minter.prepare(1, &asker(&none, address), NOW).map(|_| ()).unwrap_err();
        assert_eq!(near(None), PrepareError::NoAddress);
        assert_eq!(near(Some("2001:db8::1".parse().unwrap())), PrepareError::Ipv6);
        let mapped = Some("::ffff:203.0.113.7".parse().unwrap());
        assert!(minter.prepare(1, &asker(&none, mapped), NOW).is_ok());
    }

    fn changed(change: impl FnOnce(&mut GrantSettings)) -> Profile {
        let mut settings = settings("a", "https://cdn.example.com/a/*", false, 300);
        change(&mut settings);
        Profile::new(settings, SITE).unwrap()
    }

    fn traced() -> Profile {
        changed(|grant| grant.trace = Some(TraceKey::new(b"an example of an audit key, 32 b")))
    }

    #[test]
    fn who_is_entitled_shares_one_signature_and_nobody_else_gets_it() {
        let wanted = ClaimValue::Text("premium".into());
        let premium = Requirement::new("plan", Condition::Equals(wanted)).unwrap();
        let pilot = Requirement::new("pilot", Condition::Equals(ClaimValue::Flag(true))).unwrap();
        let grant = changed(|grant| grant.require = vec![premium, pilot]);
        assert!(grant.is_shared());
        let minter = minter(KeyAlgorithm::Rsa2048, HashAlgorithm::Sha1, vec![grant]).unwrap();
        let prepare = |claims: Value| {
            minter.prepare(0, &asker(claims.as_object().unwrap(), None), NOW).map(|prepared| prepared.policy)
        };
        let policy = prepare(json!({"plan": "premium", "pilot": true, "more": 1})).unwrap();
        assert!(minter.inner.shared[0].find(policy.expires()).is_some(), "signed ahead, with nobody asking");
        for (claims, unmet) in [
            (json!({}), "plan"),
            (json!({"plan": "free", "pilot": true}), "plan"),
            (json!({"plan": "premium"}), "pilot"),
            (json!({"plan": "premium", "pilot": "true"}), "pilot"),
        ] {
            assert_eq!(prepare(claims).unwrap_err(), PrepareError::NotEntitled(unmet.into()));
        }
    }

    #[test]
    fn a_traced_grant_is_signed_for_each_session_and_tells_which() {
        let refused = minter(KeyAlgorithm::Rsa2048, HashAlgorithm::Sha1, vec![traced()]).unwrap_err();
        assert_eq!(refused, MinterError::SlowSignature { grant: "a".into() });
        let minter = minter(KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1, vec![traced()]).unwrap();
        let none = Map::new();
        let tag = |session, subject| {
            let asker = Asker { subject, session, claims: &none, address: None };
            minter.prepare(0, &asker, NOW).map(|prepared| prepared.policy.starts_after().unwrap().get())
        };
        // As in trace_tag.rs, from openssl.
        assert_eq!(tag(Some("zvi85UnNwFDLPaMPVnJCaw"), "u-1"), Ok(292_603_162));
        assert_eq!(tag(Some("zvi85UnNwFDLPaMPVnJCaw"), ""), Ok(292_603_162));
        assert_eq!(tag(None, "zvi85UnNwFDLPaMPVnJCaw"), Ok(701_471_359));
        assert_eq!(tag(None, ""), Err(PrepareError::Nobody));
        let minted = runtime().block_on(issue(&minter, 0, NOW)).unwrap();
        assert_eq!(minted.trace_tag().map(EpochSeconds::get), tag(None, "u-1").ok());
        let largest = minter.profiles()[0].largest_policy(EpochSeconds::new(NOW + 1).unwrap()).unwrap();
        assert!(largest.canonical().contains(r#""DateGreaterThan":{"AWS:EpochTime":1073741824}"#));
    }

    #[test]
    fn nobody_can_have_rsa_over_sha1_signed_for_himself() {
        let bound = vec![profile("near", "https://cdn.example.com/near/*", true)];
        let refused = minter(KeyAlgorithm::Rsa2048, HashAlgorithm::Sha1, bound).unwrap_err();
        assert_eq!(refused, MinterError::SlowSignature { grant: "near".into() });
        assert!(minter(KeyAlgorithm::Rsa2048, HashAlgorithm::Sha1, shared()).is_ok());
    }

    #[test]
    fn refuses_a_grant_whose_cookies_are_too_large() {
        let resource = format!("https://cdn.example.com/{}/*", "a".repeat(900));
        let large = vec![profile("a", &resource, false)];
        let refused = minter(KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1, large);
        assert!(matches!(refused, Err(MinterError::TooLarge { bytes, .. }) if bytes > MAX_SET_BYTES));
    }
}
