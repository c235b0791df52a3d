//! What was planted, where it may be seen, and where it was.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::encodings::forms;

/// Where something came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Standard error: the log, and the sentence of a refusal.
    Log,
    /// Standard output.
    Output,
    Metrics,
    /// What the answer to a request says to anybody.
    Answer,
    /// The parts of a success that are made for its listener: cookies, what they open, where the browser goes next.
    OwnAnswer,
    CommandLine,
    Environment,
    /// The names of threads, and all else in `/proc` that other users may read.
    Proc,
    /// Files that the service writes.
    File,
}

/// Where a secret may be: nowhere else.
pub const NOWHERE: &[Place] = &[];
/// Handed to the process by its environment.
pub const IN_ENVIRONMENT: &[Place] = &[Place::Environment];
/// Made for the listener, or said by them.
pub const TO_LISTENER: &[Place] = &[Place::OwnAnswer];

struct Secret {
    name: String,
    may: &'static [Place],
}

/// A piece of a form of a secret.
struct Piece {
    secret: usize,
    form: &'static str,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Known {
    secrets: Vec<Secret>,
    /// By the first bytes.
    pieces: HashMap<[u8; START], Vec<Piece>>,
}

const START: usize = 10;

/// Everything that was planted.
#[derive(Default)]
pub struct Secrets(Mutex<Known>);

/// A secret where it must not be.
pub struct Leak {
    pub secret: String,
    pub form: &'static str,
    pub place: Place,
    /// What stands around it, itself blotted out.
    around: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret, form, place, around } = self;
        write!(f, "{secret} is in {place:?} ({form}): …{around}…")
    }
}

impl Secrets {
    /// A text that nobody has written before, of letters and digits; it may be nowhere.
    pub fn make(&self, name: &str) -> String {
        self.make_for(name, NOWHERE)
    }

    /// The same, which may be in these places.
    pub fn make_for(&self, name: &str, may: &'static [Place]) -> String {
        let text = random();
        self.plant_for(name, &text, may);
        text
    }

    /// The same with what is written in another way in JSON, in a URL, in Debug.
    pub fn make_odd(&self, name: &str) -> String {
        let text = format!("{}\"\\&{}%/", random(), random());
        self.plant(name, &text);
        text
    }

    /// This may be nowhere.
    pub fn plant(&self, name: &str, secret: impl AsRef<[u8]>) {
        self.plant_for(name, secret, NOWHERE);
    }

    /// This may be in these places.
    pub fn plant_for(&self, name: &str, secret: impl AsRef<[u8]>, may: &'static [Place]) {
        let secret = secret.as_ref();
        assert!(secret.len() >= START + 2, "{name} may be found by chance");
        let mut known = self.0.lock().unwrap();
        let number = known.secrets.len();
        known.secrets.push(Secret { name: name.to_owned(), may });
        for form in forms(secret) {
            for bytes in form.pieces {
                let start = bytes[..START].try_into().unwrap();
                known.pieces.entry(start).or_default().push(Piece { secret: number, form: form.name, bytes });
            }
        }
    }

    /// The private half of a key, whose public half is no secret.
    pub fn plant_private_key(&self, name: &str, pem: &str) {
        let der = pem::parse(pem).unwrap().into_contents();
        // RFC 5915: version 1, then the private key of P-256, 32 bytes. The public key follows it.
        let start = [0x02, 0x01, 0x01, 0x04, 0x20];
        match der.windows(5).position(|bytes| bytes == start) {
            Some(at) => self.plant(name, &der[at + 5..at + 37]),
            // RFC 8017, A.1.2: behind the modulus of 2048 bits, the private exponent and the primes.
            None => self.plant(name, &der[400..]),
        }
    }

    /// What stands in an answer's cookies, by their values. The id of a key is no secret.
    pub fn plant_cookies<'a>(&self, name: &str, values: impl Iterator<Item = &'a str>) {
        for value in values.filter(|value| value.len() > 40) {
            self.plant_for(name, value, TO_LISTENER);
        }
    }

    /// Every secret that is in `text`, which came out at `place`, and may not.
    pub fn leaks(&self, place: Place, text: &[u8]) -> Vec<Leak> {
        let known = self.0.lock().unwrap();
        let mut leaks: Vec<Leak> = Vec::new();
        for (at, start) in text.windows(START).enumerate() {
            let Some(pieces) = known.pieces.get(start) else { continue };
            for Piece { secret, form, bytes } in pieces {
                let Secret { name, may } = &known.secrets[*secret];
                let is_known = leaks.iter().any(|leak| leak.secret == *name && leak.form == *form);
                if text[at..].starts_with(bytes) && !may.contains(&place) && !is_known {
                    let around = around(text, at, bytes.len());
                    leaks.push(Leak { secret: name.clone(), form, place, around });
                }
            }
        }
        leaks
    }

    /// The forms of whatever is in `text`.
    pub fn forms_in(&self, text: &[u8]) -> Vec<&'static str> {
        self.leaks(Place::Log, text).into_iter().map(|leak| leak.form).collect()
    }
}

/// What stands before and after a finding, on its line. Long words are blotted out: they may be more of it.
fn around(text: &[u8], at: usize, length: usize) -> String {
    let (before, after) =
        (&text[at.saturating_sub(160)..at], &text[at + length..text.len().min(at + length + 80)]);
    let before = String::from_utf8_lossy(before).rsplit('\n').next().unwrap().to_owned();
    let after = String::from_utf8_lossy(after).split('\n').next().unwrap().to_owned();
    let is_long = |word: &&str| word.len() < 14;
    let blotted = |text: String| {
        text.split_inclusive([' ', '"', ':', '='])
            .map(|word| if is_long(&word) { word } else { "█ " })
            .collect::<String>()
    };
    format!("{}█{}", blotted(before), blotted(after))
}

/// 24 letters and digits, both of them.
pub fn random() -> String {
    let mut bytes = [0; 40];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    let text = URL_SAFE_NO_PAD.encode(bytes);
    let text: String = text.chars().filter(char::is_ascii_alphanumeric).take(22).collect();
    format!("S3{text}")
}
