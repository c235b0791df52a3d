use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderValue};
use reqwest::redirect;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::answer::Answer;
use super::error::ProofError;
use super::settings::ProofSettings;
use crate::cloudfront::{EpochSeconds, Policy, Signer};
use crate::rotation::causes::causes_of;

/// How long one question may take, connection and body included.
const QUESTION: Duration = Duration::from_secs(10);

/// How long a probe's cookies are good for: one question, and a clock that is a little behind.
const COOKIES_LAST: i64 = 120;

/// The longest body of a refusal that is read, in bytes.
const MAX_BODY: usize = 4096;

/// Asks the edge for the canary.
#[derive(Debug)]
pub struct Canary {
    client: reqwest::Client,
    settings: ProofSettings,
    /// The wall clock, for the expiry of the probe's cookies.
    now: fn() -> OffsetDateTime,
}

/// No client for the canary can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot make requests over TLS: {0}; install the system's certificates (ca-certificates)")]
pub struct CanaryError(String);

/// What has been seen so far of a proof that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The last answer.
    pub answer: Answer,
    /// Answers in a row that count.
    pub in_a_row: u32,
    /// Answers in a row that are wanted.
    pub wanted: u32,
}

/// Which answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    LetIn,
    Refused,
}

impl Canary {
    /// Nothing is asked yet. `now` is the wall clock.
    ///
    /// # Errors
    /// [`CanaryError`].
    pub fn new(settings: ProofSettings, now: fn() -> OffsetDateTime) -> Result<Self, CanaryError> {
        let mut client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(QUESTION)
            // Each question on a connection of its own, which may lead to another machine of the edge.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("edgemint/", env!("CARGO_PKG_VERSION")));
        if settings.canary.is_plain() {
            // On this machine: no proxy, and no certificate counts.
            client = client.no_proxy().tls_certs_only([]);
        }
        if let Some(name) = settings.canary.local_name() {
            // The port is that of the URL.
            let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
            client = client.resolve_to_addrs(&name, &loopback.map(|address| (address, 0).into()));
        }
        let client = client.build().map_err(|error| CanaryError(reason(error)))?;
        Ok(Self { client, settings, now })
    }

    /// How proofs are made.
    #[must_use]
    pub fn settings(&self) -> &ProofSettings {
        &self.settings
    }

    /// Waits until the edge lets this key in, time after time. `tell` hears of every answer.
    ///
    /// # Errors
    /// [`ProofError`]: at the deadline, or at once if the canary can prove nothing.
    pub async fn prove_accepted(
        &self,
        signer: &Signer,
        tell: &mut dyn FnMut(Seen),
    ) -> Result<(), ProofError> {
        self.prove(signer, Wanted::LetIn, tell).await
    }

    /// Waits until the edge refuses this key, time after time.
    ///
    /// # Errors
    /// [`ProofError`], as [`prove_accepted`](Self::prove_accepted).
    pub async fn prove_refused(&self, signer: &Signer, tell: &mut dyn FnMut(Seen)) -> Result<(), ProofError> {
        self.prove(signer, Wanted::Refused, tell).await
    }

    async fn prove(
        &self,
        signer: &Signer,
        wanted: Wanted,
        tell: &mut dyn FnMut(Seen),
    ) -> Result<(), ProofError> {
        let end = Instant::now() + self.settings.deadline;
        self.control(end, tell).await?;
        let (proofs, mut in_a_row) = (self.settings.proofs.get(), 0);
        loop {
            let answer = self.ask(Some(self.cookies(signer)?)).await;
            if let Answer::Redirect(status) = answer {
                return Err(ProofError::Redirect { url: self.url(), status });
            }
            in_a_row = if wanted.is(&answer) { in_a_row + 1 } else { 0 };
            tell(Seen { answer: answer.clone(), in_a_row, wanted: proofs });
            if in_a_row >= proofs {
                return Ok(());
            }
            let next = Instant::now() + self.settings.interval;
            if next > end {
                return Err(wanted.missed(&self.settings, answer));
            }
            tokio::time::sleep_until(next).await;
        }
    }

    /// Without cookies the edge must refuse. Asked again while there is no answer to go by.
    async fn control(&self, end: Instant, tell: &mut dyn FnMut(Seen)) -> Result<(), ProofError> {
        loop {
            let answer = self.ask(None).await;
            match answer {
                Answer::Refused(_) => return Ok(()),
                Answer::Redirect(status) => return Err(ProofError::Redirect { url: self.url(), status }),
                Answer::LetIn(_) | Answer::RefusedByOrigin => {
                    return Err(ProofError::Unprotected { url: self.url(), answer });
                }
                Answer::Odd(_) | Answer::None(_) => {}
            }
            let wanted = self.settings.proofs.get();
            tell(Seen { answer: answer.clone(), in_a_row: 0, wanted });
            let next = Instant::now() + self.settings.interval;
            if next > end {
                return Err(Wanted::LetIn.missed(&self.settings, answer));
            }
            tokio::time::sleep_until(next).await;
        }
    }

    fn url(&self) -> String {
        self.settings.canary.as_str().to_owned()
    }

    /// Cookies for the canary alone and for a moment. Secret, so no log of the client shows them.
    fn cookies(&self, signer: &Signer) -> Result<HeaderValue, ProofError> {
        let expires = EpochSeconds::new((self.now)().unix_timestamp().saturating_add(COOKIES_LAST))
            .map_err(|_| ProofError::Clock)?;
        let policy = Policy::new(self.settings.canary.resource(), expires);
        let pairs: Vec<String> =
            signer.cookies(&policy)?.pairs().map(|(name, value)| format!("{name}={value}")).collect();
        let mut header =
            HeaderValue::from_str(&pairs.join("; ")).expect("cookies are made of characters of a header");
        header.set_sensitive(true);
        Ok(header)
    }

    async fn ask(&self, cookies: Option<HeaderValue>) -> Answer {
        let mut request = self.client.get(self.settings.canary.as_str());
        if let Some(cookies) = cookies {
            request = request.header(COOKIE, cookies);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Answer::None(reason(error)),
        };
        let (status, mut body) = (response.status(), Vec::new());
        // Only a refusal is read: of all else the status says enough.
        while status == reqwest::StatusCode::FORBIDDEN && body.len() < MAX_BODY {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(MAX_BODY - body.len())]),
                Ok(None) => break,
                Err(error) => return Answer::None(reason(error)),
            }
        }
        Answer::of(status, &body)
    }
}

impl Wanted {
    fn is(self, answer: &Answer) -> bool {
        match (self, answer) {
            // The bucket answers only what the edge let through.
            (Self::LetIn, Answer::LetIn(_) | Answer::RefusedByOrigin) => true,
            // With this code the edge still knows the key, and finds something else wrong (rules §5).
            (Self::Refused, Answer::Refused(code)) => code.as_deref() != Some("AccessDenied"),
            _ => false,
        }
    }

    fn missed(self, settings: &ProofSettings, last: Answer) -> ProofError {
        let (proofs, deadline) = (settings.proofs.get(), settings.deadline);
        match self {
            Self::LetIn => ProofError::NotAccepted { proofs, deadline, last },
            Self::Refused => ProofError::NotRefused { proofs, deadline, last },
        }
    }
}

/// An error and everything behind it, without the URL that everybody knows.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("nothing within {} s", QUESTION.as_secs());
    }
    causes_of(&error.without_url())
}
