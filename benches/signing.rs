//! What signing, minting and verifying cost, without HTTP.
//!
//! `cargo bench --bench signing` prints a table, and last the share of raw ECDSA signing speed that a
//! mint for one listener reaches, from runs that alternate.

#![expect(clippy::unwrap_used, reason = "what a benchmark is made of is known to be good")]

#[path = "signing/fixture.rs"]
mod fixture;
#[path = "signing/share.rs"]
mod share;

use divan::{Bencher, black_box};
use edgemint::cloudfront::decide;
use edgemint::session::ticket::TicketVerifier;
use fixture::{Kind, NOW};

fn main() {
    divan::main();
    if std::env::args().any(|argument| argument == "--bench") {
        share::print();
    }
}

/// `SigningKey::sign` over a policy: the library and nothing of ours.
#[divan::bench(args = Kind::ALL)]
fn raw_signature(bencher: Bencher<'_, '_>, kind: Kind) {
    let signer = kind.signer();
    let document = fixture::policy().canonical();
    bencher.bench(|| signer.key().sign(signer.hash(), black_box(document.as_bytes())));
}

/// `Signer::cookies`: policy text, signature, encoding.
#[divan::bench(args = Kind::ALL)]
fn cookies(bencher: Bencher<'_, '_>, kind: Kind) {
    let signer = kind.signer();
    let policy = fixture::policy();
    bencher.bench(|| signer.cookies(black_box(&policy)));
}

/// `Minter::prepare` and `issue` of a grant that all listeners share, once it is signed.
#[divan::bench(args = Kind::ALL)]
fn mint_shared_warm(bencher: Bencher<'_, '_>, kind: Kind) {
    let mint = fixture::Mint::new(kind, "https://cdn.example.com/podcasts/*");
    bencher.bench_local(|| mint.once());
}

/// `Minter::prepare` and `issue` of a grant with `{sub}`: one signature each time. RSA over SHA-1 is
/// never signed while a listener waits.
#[divan::bench(args = Kind::FOR_ONE_LISTENER)]
fn mint_bound(bencher: Bencher<'_, '_>, kind: Kind) {
    let mint = fixture::Mint::new(kind, fixture::OWN_FOLDER);
    bencher.bench_local(|| mint.once());
}

/// `decide`: what the local edge does for each Range request.
#[divan::bench(args = Kind::ALL)]
fn verify_cookies(bencher: Bencher<'_, '_>, kind: Kind) {
    let visit = fixture::Visit::new(&kind.signer());
    let cookies = visit.cookies();
    assert!(decide(&visit.request(&cookies), &visit.trusted, NOW).is_allowed());
    bencher.bench(|| decide(black_box(&visit.request(&cookies)), &visit.trusted, NOW));
}

/// `TicketVerifier::verify` of an HS256 ticket.
#[divan::bench]
fn verify_ticket_hs256(bencher: Bencher<'_, '_>) {
    let (verifier, ticket): (TicketVerifier, String) = fixture::ticket();
    assert!(verifier.verify(&ticket, NOW).is_ok());
    bencher.bench(|| verifier.verify(black_box(&ticket), NOW));
}
