use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::TICKET_SECRET;

pub const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// A ticket put together by hand, good until it is changed. Each has a `jti` of its own.
pub struct Ticket {
    pub header: String,
    pub claims: Value,
    pub secret: String,
}

impl Ticket {
    pub fn of(subject: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let jti = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let claims = json!({
            "iss": "https://www.example.com", "aud": "https://listen.example.com", "sub": subject, "jti": jti,
            "iat": now(), "exp": now() + 60, "show": "evening-news",
        });
        Self { header: HS256.to_owned(), claims, secret: TICKET_SECRET.to_owned() }
    }

    pub fn with(mut self, claim: &str, value: impl Into<Value>) -> Self {
        self.claims[claim] = value.into();
        self
    }

    pub fn without(mut self, claim: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(claim).unwrap();
        self
    }

    pub fn headed(mut self, header: &str) -> Self {
        header.clone_into(&mut self.header);
        self
    }

    pub fn by(mut self, secret: &str) -> Self {
        secret.clone_into(&mut self.secret);
        self
    }

    pub fn sign(&self) -> String {
        sign_ticket(&self.secret, &self.header, &self.claims.to_string())
    }
}

pub fn sign_ticket(secret: &str, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes())))
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Epoch seconds.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap()
}
