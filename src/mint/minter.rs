use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::minted::Minted;
use super::prepared::{Asker, PrepareError, Prepared};
use super::profile::Profile;
use super::shared::SharedSlot;
use super::step::ExpiryStep;
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, SignError, Signer};

/// Browsers and proxies limit the size of all headers together; a set has to leave room for others.
const MAX_SET_BYTES: usize = 2048;

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

/// Why a mint was not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// As many signatures as allowed are being made.
    #[error("as many signatures as allowed are being made")]
    Busy,
    /// The library refused.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Turns prepared mints into cookies with one key. It is never changed: another key is another minter.
pub struct Minter {
    signer: Arc<Signer>,
    profiles: Arc<[Profile]>,
    /// One for each profile; those of bound grants stay empty.
    shared: Vec<SharedSlot>,
    step: ExpiryStep,
    bound: Semaphore,
    healthy: AtomicBool,
}

impl Minter {
    /// Builds a minter and signs every shared grant once, so that nothing is cold. `now` in epoch
    /// seconds; `max_signatures` bounds the signatures that are made at one time for requests.
    /// Takes milliseconds for each grant: call it outside the event loop.
    ///
    /// # Errors
    /// [`MinterError`] naming the grant that cannot be served with this key.
    pub fn new(
        signer: Signer,
        profiles: Arc<[Profile]>,
        step: ExpiryStep,
        max_signatures: usize,
        now: i64,
    ) -> Result<Self, MinterError> {
        let slow = signer.key().algorithm() == KeyAlgorithm::Rsa2048 && signer.hash() == HashAlgorithm::Sha1;
        if let Some(profile) = profiles.iter().find(|profile| slow && !profile.is_shared()) {
            return Err(MinterError::SlowSignature { grant: profile.name().to_owned() });
        }
        let minter = Self {
            signer: Arc::new(signer),
            shared: profiles.iter().map(|_| SharedSlot::default()).collect(),
            profiles,
            step,
            bound: Semaphore::new(max_signatures),
            healthy: AtomicBool::new(true),
        };
        for index in 0..minter.profiles.len() {
            minter.prove(index, now)?;
        }
        Ok(minter)
    }

    /// The grants, in the order of the configuration.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// The key that signs.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Whether the last signature made in the background succeeded.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Checks a grant for an asker. `grant` is an index into [`Minter::profiles`].
    ///
    /// # Errors
    /// [`PrepareError`] if the grant cannot be filled in for this asker.
    ///
    /// # Panics
    /// If there is no such grant: indices come from this minter's own profiles.
    pub fn prepare(&self, grant: usize, asker: &Asker<'_>, now: i64) -> Result<Prepared, PrepareError> {
        Prepared::new(grant, &self.profiles[grant], self.step, asker, now)
    }

    /// Signs, or hands out the signature that everybody shares.
    ///
    /// A bound grant is signed here and now: an ECDSA signature takes less time than handing it to
    /// another thread. A shared one that is not there yet is made once, on the blocking pool,
    /// whoever waits for it.
    ///
    /// # Errors
    /// [`IssueError::Busy`] when too many signatures are being made; [`IssueError::Sign`].
    pub async fn issue(&self, prepared: Prepared) -> Result<Arc<Minted>, IssueError> {
        let Prepared { profile, policy, shared } = prepared;
        if !shared {
            let _permit = self.bound.try_acquire().map_err(|_| IssueError::Busy)?;
            return Ok(Arc::new(Minted::sign(&self.signer, &self.profiles[profile], &policy)?));
        }
        let slot = &self.shared[profile];
        if let Some(minted) = slot.find(policy.expires()) {
            return Ok(minted);
        }
        let (signer, profiles) = (self.signer.clone(), self.profiles.clone());
        let sign = move |policy| Minted::sign(&signer, &profiles[profile], &policy);
        Ok(slot.find_or_sign(policy, sign).await?)
    }

    /// Signs ahead: for each shared grant the present step and the next. Returns after how long it
    /// wants to be called again. Blocks for the time of the signatures.
    pub fn sign_ahead(&self, now: i64) -> Duration {
        let mut wait = self.step.seconds();
        for (index, profile) in self.profiles.iter().enumerate().filter(|(_, profile)| profile.is_shared()) {
            let next = self.step.until_next(now, profile.ttl());
            let done = self.fill(index, now).and_then(|()| self.fill(index, now.saturating_add(next)));
            self.healthy.store(done.is_ok(), Ordering::Relaxed);
            // After a failure soon again: listeners wait for it.
            wait = wait.min(if done.is_ok() { next } else { 1 });
        }
        Duration::from_secs(wait.unsigned_abs())
    }

    fn fill(&self, index: usize, now: i64) -> Result<(), MinterError> {
        let profile = &self.profiles[index];
        let unsignable =
            |reason: String| MinterError::Unsignable { grant: profile.name().to_owned(), reason };
        let nobody = Asker { subject: "", claims: &serde_json::Map::new(), address: None };
        let prepared = self.prepare(index, &nobody, now).map_err(|error| unsignable(error.to_string()))?;
        let slot = &self.shared[index];
        if slot.find(prepared.policy.expires()).is_none() {
            let minted = Minted::sign(&self.signer, profile, &prepared.policy);
            slot.keep(Arc::new(minted.map_err(|error| unsignable(error.to_string()))?));
        }
        Ok(())
    }

    /// Signs the grant once, with the longest values that a listener could fill in.
    fn prove(&self, index: usize, now: i64) -> Result<(), MinterError> {
        let profile = &self.profiles[index];
        let grant = || profile.name().to_owned();
        let unsignable = |reason: String| MinterError::Unsignable { grant: grant(), reason };
        let expires = self.step.expiry(now, profile.ttl()).map_err(|error| unsignable(error.to_string()))?;
        let policy = profile.largest_policy(expires).map_err(|error| unsignable(error.to_string()))?;
        let minted =
            Minted::sign(&self.signer, profile, &policy).map_err(|error| unsignable(error.to_string()))?;
        let bytes = minted.set_cookie().iter().map(|header| header.len()).sum();
        if bytes > MAX_SET_BYTES {
            return Err(MinterError::TooLarge { grant: grant(), bytes });
        }
        if profile.is_shared() {
            self.shared[index].keep(Arc::new(minted));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::cloudfront::{SameSite, SigningKey};
    use crate::mint::{CookieSettings, GrantSettings, Ipv6Clients, Site};

    const NOW: i64 = 1_800_000_001;

    fn profile(name: &str, resource: &str, bind_address: bool) -> Profile {
        let settings = GrantSettings {
            name: name.into(),
            resource: resource.into(),
            ttl: Duration::from_secs(300),
            bind_address,
            ipv6_clients: bind_address.then_some(Ipv6Clients::Refuse),
            cookie: CookieSettings {
                domain: Some("example.com".into()),
                path: None,
                same_site: SameSite::Lax,
                http_only: true,
                secure: true,
            },
        };
        let site = Site {
            public_host: "id.example.com",
            is_plain_http: false,
            expiry_step: Duration::from_secs(60),
        };
        Profile::new(settings, site).unwrap()
    }

    fn minter(
        algorithm: KeyAlgorithm,
        profiles: Vec<Profile>,
        permits: usize,
    ) -> Result<Minter, MinterError> {
        let key = Arc::new(SigningKey::generate(algorithm).unwrap());
        let signer = Signer::new("K1".parse().unwrap(), key, HashAlgorithm::Sha1);
        let step = ExpiryStep::new(Duration::from_secs(60)).unwrap();
        Minter::new(signer, profiles.into(), step, permits, NOW)
    }

    fn asker(claims: &Map<String, Value>, address: Option<IpAddr>) -> Asker<'_> {
        Asker { subject: "u-1", claims, address }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn all_listeners_of_a_step_share_one_signature() {
        let minter =
            minter(KeyAlgorithm::EcdsaP256, vec![profile("a", "https://cdn.example.com/a/*", false)], 1)
                .unwrap();
        let none = Map::new();
        runtime().block_on(async {
            let issue =
                async |now| minter.issue(minter.prepare(0, &asker(&none, None), now).unwrap()).await.unwrap();
            let first = issue(NOW).await;
            assert_eq!(first.expires_at(), 1_800_000_360);
            assert!(Arc::ptr_eq(&first, &issue(1_800_000_060).await));
            // Nobody has signed the next step ahead: two that ask at once get one signature.
            let (one, other) = futures_util::future::join(issue(1_800_000_061), issue(1_800_000_099)).await;
            assert!(Arc::ptr_eq(&one, &other) && !Arc::ptr_eq(&one, &first));
            // A clock that steps back finds the signature that it had.
            assert!(Arc::ptr_eq(&first, &issue(NOW).await));
        });
    }

    #[test]
    fn signing_ahead_leaves_nothing_cold_at_the_next_step() {
        let minter =
            minter(KeyAlgorithm::EcdsaP256, vec![profile("a", "https://cdn.example.com/a/*", false)], 1)
                .unwrap();
        assert_eq!(minter.sign_ahead(NOW), Duration::from_secs(60));
        for now in [NOW, 1_800_000_061] {
            let expires = minter.step.expiry(now, Duration::from_secs(300)).unwrap();
            assert!(minter.shared[0].find(expires).is_some());
        }
        assert!(minter.is_healthy());
        assert_eq!(minter.sign_ahead(2_147_483_600), Duration::from_secs(1));
        assert!(!minter.is_healthy(), "there is no expiry beyond what CloudFront reads");
    }

    #[test]
    fn bound_grants_are_signed_for_one_listener_and_only_within_the_bound() {
        let profiles = vec![
            profile("own", "https://cdn.example.com/own/{sub}/*", false),
            profile("near", "https://cdn.example.com/near/*", true),
        ];
        let none = Map::new();
        let address = Some("203.0.113.7".parse().unwrap());
        let roomy = minter(KeyAlgorithm::EcdsaP256, profiles.clone(), 1).unwrap();
        runtime().block_on(async {
            let issue = async |grant| {
                let prepared = roomy.prepare(grant, &asker(&none, address), NOW).unwrap();
                roomy.issue(prepared).await.unwrap()
            };
            let json = |minted: &Minted| serde_json::from_slice::<Value>(minted.json()).unwrap();
            assert_eq!(json(&*issue(0).await)["resource"], json!("https://cdn.example.com/own/u-1/*"));
            assert!(!Arc::ptr_eq(&issue(1).await, &issue(1).await));
        });
        let full = minter(KeyAlgorithm::EcdsaP256, profiles, 0).unwrap();
        let prepared = full.prepare(0, &asker(&none, None), NOW).unwrap();
        assert_eq!(runtime().block_on(full.issue(prepared)).unwrap_err(), IssueError::Busy);
    }

    #[test]
    fn refuses_askers_that_a_grant_cannot_be_filled_in_for() {
        let profiles = vec![
            profile("own", "https://cdn.example.com/own/{claim:show}/*", false),
            profile("near", "https://cdn.example.com/near/*", true),
        ];
        let minter = minter(KeyAlgorithm::EcdsaP256, profiles, 1).unwrap();
        for claims in [json!({}), json!({"show": 7}), json!({"show": "a/*"}), json!({"show": ""})] {
            let claims = claims.as_object().unwrap();
            assert!(matches!(minter.prepare(0, &asker(claims, None), NOW), Err(PrepareError::Resource(_))));
        }
        let none = Map::new();
        let near = |address| minter.prepare(1, &asker(&none, address), NOW).map(|_| ());
        assert_eq!(near(None), Err(PrepareError::NoAddress));
        assert_eq!(near(Some("2001:db8::1".parse().unwrap())), Err(PrepareError::Ipv6));
        assert_eq!(near(Some("::ffff:203.0.113.7".parse().unwrap())), Ok(()));
    }

    #[test]
    fn no_request_ever_waits_for_rsa_over_sha1() {
        let bound = vec![profile("near", "https://cdn.example.com/near/*", true)];
        let refused = minter(KeyAlgorithm::Rsa2048, bound, 1).map(|_| ()).unwrap_err();
        assert_eq!(refused, MinterError::SlowSignature { grant: "near".into() });
        let shared = vec![profile("a", "https://cdn.example.com/a/*", false)];
        assert!(minter(KeyAlgorithm::Rsa2048, shared, 1).is_ok());
    }

    #[test]
    fn refuses_a_grant_whose_cookies_are_too_large() {
        let resource = format!("https://cdn.example.com/{}/*", "a".repeat(900));
        let refused = minter(KeyAlgorithm::EcdsaP256, vec![profile("a", &resource, false)], 1).map(|_| ());
        assert!(matches!(refused, Err(MinterError::TooLarge { bytes, .. }) if bytes > MAX_SET_BYTES));
    }
}
