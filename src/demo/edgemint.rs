//! edgemint as the demo runs it: a directory with a configuration, a keyring and a ticket secret, read
//! by what `edgemint serve` reads them with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::app::Places;
use super::cloud::Cloud;
use super::library::CANARY;
use crate::cloudfront::{HashAlgorithm, KeyAlgorithm, KeyPairId, PublicKey};
use crate::config::{Config, Problems, Surroundings};
use crate::keyring::{Keyring, KeyringError, Location, Store};

/// The `aud` of the demo's tickets.
pub(super) const AUDIENCE: &str = "edgemint-demo";

const KEYS: &str = "keys";
const SECRET_FILE: &str = "ticket.key";
const SESSION_FILE: &str = "session.key";

/// The id of the first key, which the demo's CloudFront takes as it is.
const FIRST_KEY: &str = "KDEMO";

/// A keyring with a first key that signs.
pub(super) struct Keys {
    pub(super) store: Store,
    pub(super) keyring: Keyring,
    pub(super) key_pair_id: KeyPairId,
    pub(super) public_key: PublicKey,
}

/// What edgemint is started with, and what the web app has to know of it.
pub(super) struct Edgemint {
    pub(super) config: Config,
    pub(super) ticket_secret: Zeroizing<String>,
}

/// Why edgemint could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A file could not be written.
    #[error("cannot write the demo's files: {0}")]
    Files(#[from] io::Error),
    /// No key could be made.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The demo's own configuration is refused, which is a mistake of ours unless the lifetime is out of bounds.
    #[error("{0}")]
    Config(#[from] Problems),
    /// The system gave no random bytes.
    #[error("no random bytes for a secret: the system's random generator failed")]
    Random(#[from] Unspecified),
}

impl Keys {
    /// Makes the keyring in a directory of its own.
    pub(super) async fn make(directory: &Path, now: OffsetDateTime) -> Result<Self, SetUpError> {
        let store = Store::create(Location::Directory(directory.join(KEYS))).await?;
        let key_pair_id = KeyPairId::try_from(FIRST_KEY.to_owned()).expect("letters");
        let (algorithm, hash) = (KeyAlgorithm::EcdsaP256, HashAlgorithm::Sha1);
        store.lock().await?.init(algorithm, hash, Some(key_pair_id.clone()), now).await?;
        let keyring = store.load().await?;
        let public_key = keyring.active().expect("made active above").key().public_key().clone();
        Ok(Self { store, keyring, key_pair_id, public_key })
    }
}

impl Edgemint {
    /// Writes everything into a directory and reads it back. The keyring is there already.
    pub(super) fn set_up(
        directory: &Path,
        listen: SocketAddr,
        places: &Places,
        domain: &str,
        lifetime: Duration,
        cloud: &Cloud,
    ) -> Result<Self, SetUpError> {
        let ticket_secret = random_secret()?;
        write_private(&directory.join(SECRET_FILE), &ticket_secret)?;
        write_private(&directory.join(SESSION_FILE), &random_secret()?)?;
        let file = directory.join("edgemint.toml");
        let text = configuration(listen, places, domain, lifetime, cloud);
        fs::write(&file, &text)?;
        // Nothing of the process's own environment: an EDGEMINT_ variable is meant for another edgemint.
        let config = Config::parse(&file, &text, Surroundings::default())?;
        Ok(Self { config, ticket_secret })
    }
}

/// Signatures are shared for a second only, so that the page's countdown is true to the second. The answers that prove a
/// key take longer than the nodes of the demo's edge differ.
fn configuration(
    listen: SocketAddr,
    places: &Places,
    domain: &str,
    lifetime: Duration,
    cloud: &Cloud,
) -> String {
    let Places { app, edgemint, cdn } = places;
    let Cloud { key_group, endpoint_url, .. } = cloud;
    let seconds = lifetime.as_secs();
    format!(
        r#"[server]
listen = "{listen}"
public_url = "{edgemint}"
app_origins = ["{app}"]
workers = 1
shutdown_timeout = "1s"

[keyring]
directory = "{KEYS}"
poll = "1s"

[rotation]
key_group = "{key_group}"
endpoint_url = "{endpoint_url}"
canary = "{cdn}{CANARY}"
proofs = 8
proof_interval = "250ms"
proof_deadline = "1m"
margin = "1s"

[mint]
expiry_step = "1s"

[[grants]]
name = "podcasts"
resource = "{cdn}/podcasts/*"
ttl = "{seconds}s"
cookie = {{ domain = "{domain}" }}

[ticket]
issuer = "{app}"
audience = "{AUDIENCE}"

[[ticket.keys]]
algorithm = "HS256"
secret = {{ file = "{SECRET_FILE}" }}

[session]
secrets = [{{ file = "{SESSION_FILE}" }}]

[store]
file = "revocations"
"#
    )
}

fn random_secret() -> Result<Zeroizing<String>, Unspecified> {
    let mut bytes = Zeroizing::new([0_u8; 48]);
    rand::fill(bytes.as_mut())?;
    Ok(Zeroizing::new(STANDARD.encode(bytes.as_ref())))
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}
