//! A request that bears a vector's credentials, and the ways to spoil it.

use std::net::IpAddr;
use std::sync::LazyLock;

use edgemint::cloudfront::{CheckName, PublicKey, Refusal, TrustedKeys, ViewerRequest, decide};
use serde_json::{Map, Value};

pub const RSA_ID: &str = "KTESTRSA";
pub const EC_ID: &str = "KTESTEC";
pub const EXPIRES: i64 = 1_800_000_000;
pub const STARTS_AFTER: i64 = 1_700_000_000;

pub type Vectors = LazyLock<Map<String, Value>>;

macro_rules! vectors {
    ($file:literal) => {
        LazyLock::new(|| serde_json::from_str(include_str!($file)).unwrap())
    };
}

pub static OPENSSL: Vectors = vectors!("openssl.json");
pub static SDK: Vectors = vectors!("sdk-javascript.json");
pub static COMMUNITY: Vectors = vectors!("aws-cloudfront-sign.json");
pub static BOTOCORE: Vectors = vectors!("botocore.json");

static TRUSTED: LazyLock<TrustedKeys> = LazyLock::new(|| {
    [
        (RSA_ID.parse().unwrap(), public_key("test-rsa-2048.public.pem")),
        (EC_ID.parse().unwrap(), public_key("test-p256.public.pem")),
    ]
    .into_iter()
    .collect()
});

/// Both ids with a key that is not theirs.
static MISTAKEN: LazyLock<TrustedKeys> = LazyLock::new(|| {
    let other = public_key("test-rsa-2048-other.public.pem");
    [RSA_ID, EC_ID].into_iter().map(|id| (id.parse().unwrap(), other.clone())).collect()
});

pub fn key_file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/vectors/keys/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn public_key(name: &str) -> PublicKey {
    PublicKey::from_pem(&key_file(name)).unwrap()
}

#[derive(Clone)]
pub struct Request {
    url: String,
    /// In place of the URL's own.
    host: Option<String>,
    cookies: Vec<(String, String)>,
    address: Option<IpAddr>,
    now: i64,
    trusted: &'static TrustedKeys,
}

/// The vector as a viewer would ask: one second before it expires, from an address that it admits.
pub fn request(vectors: &Vectors, name: &str) -> Request {
    let vector = vectors.get(name).unwrap_or_else(|| panic!("no vector is called {name}"));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let cookies = vector.get("cookies").and_then(Value::as_object);
    Request {
        url: text(&vector["url"]),
        host: None,
        cookies: cookies.into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect(),
        address: Some("203.0.113.7".parse().unwrap()),
        now: EXPIRES - 1,
        trusted: &TRUSTED,
    }
}

impl Request {
    pub fn at(self, now: i64) -> Self {
        Self { now, ..self }
    }

    pub fn from(self, address: &str) -> Self {
        Self { address: Some(address.parse().unwrap()), ..self }
    }

    pub fn without_address(self) -> Self {
        Self { address: None, ..self }
    }

    pub fn with_mistaken_keys(self) -> Self {
        Self { trusted: &MISTAKEN, ..self }
    }

    pub fn url(self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self }
    }

    /// Asked of this host, whatever stands in it.
    pub fn host(self, host: &str) -> Self {
        Self { host: Some(host.to_owned()), ..self }
    }

    /// With a part of the URL replaced, which has to be there.
    pub fn url_with(self, part: &str, new: &str) -> Self {
        assert!(self.url.contains(part), "{part} is not in the URL");
        Self { url: self.url.replacen(part, new, 1), ..self }
    }

    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.push((format!("CloudFront-{name}"), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        let before = self.cookies.len();
        self.cookies.retain(|(known, _)| *known != format!("CloudFront-{name}"));
        assert!(self.cookies.len() < before, "{name} was not there");
        self
    }

    pub fn value(&self, name: &str) -> String {
        let cookie = self.cookies.iter().find(|(known, _)| *known == format!("CloudFront-{name}"));
        let parameter = self.url.split(['?', '&']).find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        cookie.map(|(_, value)| value.clone()).or(parameter.map(str::to_owned)).expect("the vector has it")
    }

    /// Whether cookie or parameter, its value becomes what `change` makes of it.
    pub fn changed(mut self, name: &str, change: impl Fn(&str) -> String) -> Self {
        let old = self.value(name);
        let new = change(&old);
        assert_ne!(old, new, "nothing was changed");
        match self.cookies.iter_mut().find(|(known, _)| *known == format!("CloudFront-{name}")) {
            Some((_, value)) => *value = new,
            None => self.url = self.url.replace(&format!("{name}={old}"), &format!("{name}={new}")),
        }
        self
    }

    /// Another character of the alphabet where there was one, well inside the value.
    pub fn spoiled(self, name: &str) -> Self {
        self.changed(name, |value| {
            let mut bytes = value.replace("%7E", "~").into_bytes();
            let at = bytes.len() / 2;
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        })
    }

    fn decide(&self) -> edgemint::cloudfront::Decision {
        let (scheme, rest) = self.url.split_once("://").unwrap();
        let slash = rest.find('/').unwrap();
        let cookies: Vec<(&str, &str)> =
            self.cookies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (host, path_and_query) = rest.split_at(slash);
        let host = self.host.as_deref().unwrap_or(host);
        let request =
            ViewerRequest { scheme, host, path_and_query, cookies: &cookies, address: self.address };
        decide(&request, self.trusted, self.now)
    }

    #[track_caller]
    pub fn opens(&self) {
        let decision = self.decide();
        assert_eq!(decision.refusal, None, "{:#?}", decision.trace);
        assert!(decision.trace.iter().all(|check| check.passed), "{:#?}", decision.trace);
    }

    /// What the trace says of a check that was made.
    #[track_caller]
    pub fn detail(&self, name: CheckName) -> String {
        let trace = self.decide().trace;
        trace.into_iter().find(|check| check.name == name).expect("the check was made").detail
    }

    /// Refused with this code, and the only checks that failed are these.
    #[track_caller]
    pub fn is_refused(&self, refusal: Refusal, failing: &[CheckName]) {
        let decision = self.decide();
        let failed: Vec<CheckName> =
            decision.trace.iter().filter(|check| !check.passed).map(|check| check.name).collect();
        assert_eq!(decision.refusal, Some(refusal), "{:#?}", decision.trace);
        assert_eq!(failed, failing, "{:#?}", decision.trace);
        for check in &decision.trace {
            for secret in ["Signature", "Policy"] {
                let shown = self.cookies.iter().any(|(name, value)| {
                    name.ends_with(secret) && value.len() > 8 && check.detail.contains(value.as_str())
                });
                assert!(!shown, "the trace shows the {secret}");
            }
        }
    }
}
