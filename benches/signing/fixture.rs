use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use edgemint::cloudfront::{
    EpochSeconds, HashAlgorithm, KeyAlgorithm, Policy, Resource, SameSite, SignedCookies, Signer, SigningKey,
    TrustedKeys, ViewerRequest,
};
use edgemint::mint::{
    Asker, CookieSettings, ExpiryStep, GrantSettings, Minted, Minter, Prepared, Profile, Site,
};
use edgemint::session::ticket::{Algorithm, TicketKey, TicketSettings, TicketVerifier};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};

/// Epoch seconds; nothing that is measured reads a clock.
pub const NOW: i64 = 1_800_000_001;

/// A resource that differs for every listener.
pub const OWN_FOLDER: &str = "https://cdn.example.com/own/{sub}/*";

/// A key type and a hash.
#[derive(Clone, Copy)]
pub struct Kind(pub KeyAlgorithm, pub HashAlgorithm);

impl Kind {
    pub const ALL: [Self; 4] = [
        Self(KeyAlgorithm::Rsa2048, HashAlgorithm::Sha1),
        Self(KeyAlgorithm::Rsa2048, HashAlgorithm::Sha256),
        Self(KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1),
        Self(KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha256),
    ];
    pub const FOR_ONE_LISTENER: &[Self] = Self::ALL.split_at(1).1;

    pub fn signer(self) -> Signer {
        let key = SigningKey::generate(self.0).unwrap();
        Signer::new("K2JCJMDEHXQW5F".parse().unwrap(), Arc::new(key), self.1)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.as_str(), self.1.as_str())
    }
}

pub fn policy() -> Policy {
    let resource = Resource::parse("https://cdn.example.com/podcasts/*").unwrap();
    Policy::new(resource, EpochSeconds::new(NOW + 900).unwrap())
}

/// A minter of one grant, and a listener who asks for it.
pub struct Mint {
    signer: Signer,
    minter: Minter,
    runtime: Runtime,
    claims: Map<String, Value>,
}

impl Mint {
    pub fn new(kind: Kind, resource: &str) -> Self {
        let settings = GrantSettings {
            name: "podcasts".into(),
            resource: resource.into(),
            ttl: Duration::from_secs(900),
            bind_address: false,
            ipv6_clients: None,
            require: Vec::new(),
            trace: None,
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
        let profiles = vec![Profile::new(settings, site).unwrap()].into();
        let step = ExpiryStep::new(Duration::from_secs(60)).unwrap();
        let signer = kind.signer();
        Self {
            minter: Minter::new(signer.clone(), profiles, step, 1, NOW, Arc::new(())).unwrap(),
            signer,
            runtime: Builder::new_current_thread().build().unwrap(),
            claims: Map::new(),
        }
    }

    pub fn once(&self) -> Arc<Minted> {
        let asker = Asker { subject: "listener-7", session: None, claims: &self.claims, address: None };
        let prepared = self.minter.prepare(0, &asker, NOW).unwrap();
        let reserved = Prepared::reserve(vec![prepared]).unwrap();
        self.runtime.block_on(reserved.issue()).unwrap().remove(0)
    }

    pub fn signer(&self) -> &Signer {
        &self.signer
    }
}

/// A request that the edge lets through.
pub struct Visit {
    pub trusted: TrustedKeys,
    cookies: SignedCookies,
}

impl Visit {
    pub fn new(signer: &Signer) -> Self {
        let trusted = [(signer.id().clone(), signer.key().public_key().clone())].into_iter().collect();
        Self { trusted, cookies: signer.cookies(&policy()).unwrap() }
    }

    pub fn cookies(&self) -> Vec<(&str, &str)> {
        self.cookies.pairs().collect()
    }

    pub fn request<'a>(&self, cookies: &'a [(&'a str, &'a str)]) -> ViewerRequest<'a> {
        ViewerRequest {
            scheme: "https",
            host: "cdn.example.com",
            path_and_query: "/podcasts/episode-7.mp3",
            cookies,
            address: None,
        }
    }
}

/// A ticket as a web app makes it, and who verifies it.
pub fn ticket() -> (TicketVerifier, String) {
    const SECRET: &[u8] = b"an example of a secret: 32 bytes";
    let key = TicketKey::new(None, Algorithm::HS256, SECRET).unwrap();
    let settings = TicketSettings::new("https://app.example.com", "https://id.example.com", vec![key]);
    let claims = json!({
        "iss": "https://app.example.com", "aud": "https://id.example.com", "sub": "listener-7",
        "jti": "b1f0c9a2-5f3e-4a39-9a5c-0d6a8c1d7e11", "iat": NOW, "exp": NOW + 60,
    });
    let ticket = encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET)).unwrap();
    (TicketVerifier::new(settings).unwrap(), ticket)
}
