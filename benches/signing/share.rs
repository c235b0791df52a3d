use std::time::{Duration, Instant};

use divan::black_box;
use edgemint::cloudfront::{HashAlgorithm, KeyAlgorithm};

use super::fixture::{self, Kind, Mint, OWN_FOLDER};

/// Rounds of each; the machine's mood changes from one to the next and both sides share it.
const ROUNDS: usize = 41;
/// Signatures of a round.
const SIGNATURES: u32 = 500;

/// Prints how much of raw signing speed is left when a whole ECDSA mint is made around each signature.
#[expect(clippy::print_stdout, reason = "a benchmark's result")]
pub fn print() {
    for kind in [HashAlgorithm::Sha1, HashAlgorithm::Sha256].map(|hash| Kind(KeyAlgorithm::EcdsaP256, hash)) {
        let mint = Mint::new(kind, OWN_FOLDER);
        let signer = mint.signer();
        let document = fixture::policy().canonical();
        let (mut raw, mut bound) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            raw.push(time(|| drop(black_box(signer.key().sign(signer.hash(), document.as_bytes())))));
            bound.push(time(|| drop(black_box(mint.once()))));
        }
        let (raw, bound) = (median(raw), median(bound));
        let share = 100.0 * raw.as_secs_f64() / bound.as_secs_f64();
        println!("{kind}: raw {:.0}/s, mint for one listener {:.0}/s, {share:.1} %", rate(raw), rate(bound));
    }
}

fn time(work: impl Fn()) -> Duration {
    let started = Instant::now();
    for _ in 0..SIGNATURES {
        work();
    }
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn rate(round: Duration) -> f64 {
    f64::from(SIGNATURES) / round.as_secs_f64()
}
