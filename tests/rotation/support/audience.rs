use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use cookie::Cookie;
use futures_util::future::{join, join_all, select};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::header::{COOKIE, HOST, LOCATION, RANGE, SET_COOKIE};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use super::servers::{APP, ISSUER, TICKET_SECRET};

/// What the double serves as `podcasts/1.mp3`.
const EPISODE: &[u8] = b"0123456789";

/// Between two Range requests of one listener.
const PACE: Duration = Duration::from_millis(20);

/// Between the beginnings of two listeners.
const APART: Duration = Duration::from_millis(740);

/// Nobody begins a request with cookies that end sooner: on a busy machine they would end on its way.
const SHORTEST: f64 = 1.0;

/// When a listener asks for the next cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// At `renew_at`, as player.js does.
    Prompt,
    /// Half a second before they could not be used any more, as after a pause.
    Late,
    /// All the time, so that somebody always has the newest.
    Eager,
}

impl Habit {
    const ALL: [Self; 3] = [Self::Prompt, Self::Late, Self::Eager];
}

/// What listeners met.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Ranges that came, by the Key-Pair-Id of the cookies.
    pub played: BTreeMap<String, u64>,
    /// Requests, by the same.
    tried: BTreeMap<String, u64>,
    /// 403s, by their code.
    pub refused: BTreeMap<String, u64>,
    /// Everything else that should not be.
    pub odd: Vec<String>,
    /// The nodes of the edge that answered.
    pub nodes: BTreeSet<String>,
    /// Which instance gave cookies of which key, and how many cookies there were in the set.
    pub minted: BTreeSet<(usize, String, usize)>,
    pub renewals: u64,
}

impl Heard {
    pub fn requests(&self) -> u64 {
        self.tried.values().sum()
    }

    /// Requests with cookies of a key, whatever was answered.
    pub fn tried(&self, key: &str) -> u64 {
        self.tried.get(key).copied().unwrap_or_default()
    }

    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// How many cookies the sets of a key had.
    pub fn cookies_of(&self, key: &str) -> BTreeSet<usize> {
        self.minted
            .iter()
            .filter(|(_, minted_by, _)| minted_by == key)
            .map(|(.., cookies)| *cookies)
            .collect()
    }
}

/// Listeners who ask the edge for range after range with the newest cookies that they have, and meanwhile renew them,
/// each time at another instance. Some renew as late as they can, and some all the time. On a thread of their own until
/// they are ended.
pub struct Audience {
    heard: Arc<Mutex<Heard>>,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Audience {
    pub fn of(listeners: usize, edge: SocketAddr, issuers: Vec<SocketAddr>) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (stop, stopped) = watch::channel(false);
        let shared = heard.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
            let client = client.tls_certs_only([]).timeout(Duration::from_secs(20)).build().unwrap();
            let listeners = (0..listeners).map(|number| {
                let habit = Habit::ALL[number % 3];
                let listener =
                    Listener { number, habit, edge, issuers: &issuers, client: &client, heard: &shared };
                listener.listen(stopped.clone())
            });
            runtime.block_on(join_all(listeners));
        });
        Self { heard, stop, thread }
    }

    /// What they met so far.
    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What they met in all.
    pub fn end(self) -> Heard {
        self.stop.send_replace(true);
        self.thread.join().expect("no listener may panic");
        self.heard.lock().unwrap().clone()
    }
}

struct Listener<'a> {
    number: usize,
    habit: Habit,
    edge: SocketAddr,
    issuers: &'a [SocketAddr],
    client: &'a Client,
    heard: &'a Mutex<Heard>,
}

/// What a browser holds.
#[derive(Default)]
struct Held {
    /// By name. All sets are for one path of one host.
    cookies: RefCell<BTreeMap<String, String>>,
    /// In epoch seconds.
    expires_at: Cell<f64>,
    renew_at: Cell<f64>,
}

impl Listener<'_> {
    async fn listen(self, mut stopped: watch::Receiver<bool>) {
        let held = Held::default();
        let listening = async {
            // Each in another phase of the lifetime.
            sleep(APART * u32::try_from(self.number).unwrap()).await;
            if !self.enter(&held).await || !self.renew(&held, self.number).await {
                return;
            }
            join(self.keep_fresh(&held), self.play(&held)).await;
        };
        select(pin!(listening), pin!(stopped.wait_for(|stopped| *stopped))).await;
    }

    fn note(&self, note: impl FnOnce(&mut Heard)) {
        note(&mut self.heard.lock().unwrap());
    }

    fn finds_odd(&self, what: String) {
        self.note(|heard| heard.odd.push(what));
    }

    async fn enter(&self, held: &Held) -> bool {
        let now = jsonwebtoken::get_current_timestamp();
        let claims = json!({
            "iss": APP, "aud": ISSUER, "sub": format!("listener-{}", self.number), "jti": format!("jti-{}", self.number),
            "iat": now, "exp": now + 60,
        });
        let key = EncodingKey::from_secret(TICKET_SECRET.as_bytes());
        let ticket = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        let url = format!("http://{}/enter?ticket={ticket}", self.issuers[0]);
        match self.client.get(url).send().await {
            Ok(answer) if answer.headers().contains_key(LOCATION) => {
                held.take(&answer);
                true
            }
            answer => {
                self.finds_odd(format!(
                    "/enter: {:?}",
                    answer.map(|answer| answer.status()).map_err(reqwest::Error::without_url)
                ));
                false
            }
        }
    }

    async fn renew(&self, held: &Held, instance: usize) -> bool {
        let instance = instance % self.issuers.len();
        let request = self.client.post(format!("http://{}/renew", self.issuers[instance]));
        let request = request.header("Origin", APP).header("Content-Type", "application/json");
        let request =
            request.header("Sec-Fetch-Site", "same-site").header(COOKIE, held.header("__Host-")).body("{}");
        match request.send().await {
            Ok(answer) if answer.status() == StatusCode::OK => {
                held.take(&answer);
                let told: Value = serde_json::from_slice(&answer.bytes().await.unwrap_or_default()).unwrap();
                let grant = &told["grants"][0];
                held.expires_at.set(grant["expires_at"].as_f64().unwrap());
                held.renew_at.set(grant["renew_at"].as_f64().unwrap());
                let (key, count) = (held.key_pair_id(), held.of("CloudFront-").len());
                self.note(|heard| {
                    heard.renewals += 1;
                    heard.minted.insert((instance, key, count));
                });
                true
            }
            answer => {
                self.finds_odd(format!("/renew: {:?}", answer.map(|answer| answer.status())));
                false
            }
        }
    }

    /// Renews in time, at one instance after the other.
    async fn keep_fresh(&self, held: &Held) {
        for instance in self.number + 1.. {
            let due = match self.habit {
                Habit::Prompt => held.renew_at.get(),
                Habit::Late => held.expires_at.get() - SHORTEST - 0.5,
                Habit::Eager => now() + 0.3,
            };
            sleep(Duration::from_secs_f64((due - now()).max(0.05))).await;
            if !self.renew(held, instance).await {
                return;
            }
        }
    }

    async fn play(&self, held: &Held) {
        for number in 0_usize.. {
            if held.expires_at.get() - now() > SHORTEST {
                self.ask(held, number % (EPISODE.len() - 1)).await;
            }
            sleep(PACE).await;
        }
    }

    /// One Range request, for two bytes.
    async fn ask(&self, held: &Held, first: usize) {
        let key = held.key_pair_id();
        let request =
            self.client.get(format!("http://{}/podcasts/1.mp3", self.edge)).header(HOST, "cdn.example.com");
        let request = request.header(RANGE, format!("bytes={first}-{}", first + 1));
        let answer = match request.header(COOKIE, held.header("CloudFront-")).send().await {
            Ok(answer) => answer,
            Err(error) => return self.finds_odd(error.without_url().to_string()),
        };
        let (status, node) = (answer.status(), header(&answer, "x-amz-cf-pop"));
        let body = answer.bytes().await.unwrap_or_default();
        self.note(|heard| {
            heard.nodes.insert(node);
            *heard.tried.entry(key.clone()).or_default() += 1;
            if status == StatusCode::FORBIDDEN {
                *heard.refused.entry(code(&body)).or_default() += 1;
            } else if status == StatusCode::PARTIAL_CONTENT && body == EPISODE[first..first + 2] {
                *heard.played.entry(key).or_default() += 1;
            } else {
                heard.odd.push(format!("{status} and {} bytes", body.len()));
            }
        });
    }
}

impl Held {
    /// What `Set-Cookie` asks for: what has ended is gone (RFC 6265 §5.3).
    fn take(&self, answer: &Response) {
        let mut cookies = self.cookies.borrow_mut();
        for text in answer.headers().get_all(SET_COOKIE) {
            let cookie = Cookie::parse(text.to_str().unwrap()).unwrap();
            let name = cookie.name().to_owned();
            if cookie.max_age().is_some_and(|age| age.is_zero()) {
                cookies.remove(&name);
            } else {
                cookies.insert(name, cookie.value().to_owned());
            }
        }
    }

    /// The cookies whose names begin so.
    fn of(&self, prefix: &str) -> Vec<(String, String)> {
        let cookies = self.cookies.borrow();
        let wanted = cookies.iter().filter(|(name, _)| name.starts_with(prefix));
        wanted.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn header(&self, prefix: &str) -> String {
        let pairs: Vec<String> =
            self.of(prefix).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn key_pair_id(&self) -> String {
        self.cookies.borrow().get("CloudFront-Key-Pair-Id").cloned().unwrap_or_default()
    }
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// The code of the edge's error document.
fn code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    code.map_or_else(|| text.to_string(), |(code, _)| code.to_owned())
}

/// Epoch seconds.
fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}
