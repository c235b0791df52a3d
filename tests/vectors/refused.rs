//! Good vectors, each spoiled in one place: the code of rules §5 and the check that says no.

use edgemint::cloudfront::CheckName::*;
use edgemint::cloudfront::Refusal::*;

use crate::request::{
    BOTOCORE, EC_ID, EXPIRES, OPENSSL, RSA_ID, Request, SDK, STARTS_AFTER, key_file, request,
};

fn cookies() -> Request {
    request(&OPENSSL, "pattern rsa sha1")
}

fn cookies_sha256() -> Request {
    request(&OPENSSL, "pattern ec sha256")
}

fn canned() -> Request {
    request(&OPENSSL, "canned rsa sha1")
}

fn canned_query() -> Request {
    request(&SDK, "cookies canned rsa sha1").url("https://cdn.example.com/podcasts/episode-1.mp3?v=1")
}

fn limited() -> Request {
    request(&OPENSSL, "everything ec sha1")
}

/// Its policy is padded.
fn padded() -> Request {
    request(&OPENSSL, "network ec sha256")
}

fn one_address() -> Request {
    request(&OPENSSL, "address rsa sha256")
}

fn signed_url() -> Request {
    request(&BOTOCORE, "url pattern rsa sha1")
}

fn canned_url() -> Request {
    request(&SDK, "url canned query rsa sha1")
}

fn text(new: &str) -> impl Fn(&str) -> String {
    move |_| new.to_owned()
}

fn replaced(from: &str, to: &str) -> impl Fn(&str) -> String {
    move |old| old.replace(from, to)
}

macro_rules! refused {
    ($($test:ident: $request:expr => $refusal:ident at $($check:ident),+;)*) => {
        $(#[test]
        fn $test() {
            ($request).is_refused($refusal, &[$($check),+]);
        })*
    };
}

refused! {
    // Missing parts.
    no_cookies: cookies().without("Policy").without("Signature").without("Key-Pair-Id") => MissingKey at KeyPairId;
    no_key_pair_id: cookies().without("Key-Pair-Id") => MissingKey at KeyPairId;
    no_signature: cookies().without("Signature") => MalformedSignature at SignatureEncoding;
    no_policy: cookies().without("Policy") => MalformedPolicy at PolicyForm;
    no_expires: canned().without("Expires") => MalformedPolicy at PolicyForm;
    no_hash_for_sha256: cookies_sha256().without("Hash-Algorithm") => AccessDenied at Signature;
    no_signature_in_url: signed_url().url_with("Signature=", "Signatur=") => MalformedSignature at SignatureEncoding;
    no_key_pair_id_in_url: signed_url().url_with("Key-Pair-Id=", "Key-Pair=") => MissingKey at KeyPairId;
    no_policy_in_url: signed_url().url_with("Policy=", "policy=") => MalformedPolicy at PolicyForm;

    // Keys.
    unknown_key: cookies().changed("Key-Pair-Id", text("KUNKNOWN")) => UnknownKey at TrustedKey;
    empty_key_pair_id: cookies().changed("Key-Pair-Id", text("")) => MissingKey at KeyPairId;
    empty_key_pair_id_in_url: signed_url().changed("Key-Pair-Id", text("")) => MissingKey at KeyPairId;
    key_pair_id_in_lower_case: cookies().changed("Key-Pair-Id", text("ktestrsa")) => UnknownKey at TrustedKey;
    key_pair_id_with_space: cookies().changed("Key-Pair-Id", text(" KTESTRSA")) => UnknownKey at TrustedKey;
    another_trusted_key: cookies().changed("Key-Pair-Id", text(EC_ID)) => AccessDenied at Signature;
    rsa_key_for_ecdsa: cookies_sha256().changed("Key-Pair-Id", text(RSA_ID)) => AccessDenied at Signature;
    unknown_key_in_url: signed_url().changed("Key-Pair-Id", text("KUNKNOWN")) => UnknownKey at TrustedKey;

    // Hashes.
    sha256_said_of_sha1: cookies().cookie("Hash-Algorithm", "SHA256") => AccessDenied at Signature;
    sha1_said_of_sha256: cookies_sha256().changed("Hash-Algorithm", text("SHA1")) => AccessDenied at Signature;
    hash_in_lower_case: cookies_sha256().changed("Hash-Algorithm", text("sha256")) => AccessDenied at HashAlgorithm;
    hash_with_hyphen: cookies_sha256().changed("Hash-Algorithm", text("SHA-256")) => AccessDenied at HashAlgorithm;
    hash_sha512: cookies_sha256().changed("Hash-Algorithm", text("SHA512")) => AccessDenied at HashAlgorithm;
    hash_empty: cookies().cookie("Hash-Algorithm", "") => AccessDenied at HashAlgorithm;

    // Encodings of the signature and the policy.
    signature_standard_base64: cookies().changed("Signature", replaced("~", "/")) => MalformedSignature at SignatureEncoding;
    signature_base64url: cookies().changed("Signature", replaced("~", "_")) => MalformedSignature at SignatureEncoding;
    signature_standard_padding: cookies().changed("Signature", replaced("__", "==")) => MalformedSignature at SignatureEncoding;
    signature_without_padding: cookies().changed("Signature", replaced("__", "")) => MalformedSignature at SignatureEncoding;
    signature_half_padding: cookies().changed("Signature", replaced("__", "_")) => MalformedSignature at SignatureEncoding;
    signature_more_padding: cookies().changed("Signature", |old| format!("{old}_")) => MalformedSignature at SignatureEncoding;
    signature_percent_encoded: cookies().changed("Signature", replaced("~", "%7E")) => MalformedSignature at SignatureEncoding;
    signature_in_quotes: cookies().changed("Signature", |old| format!("\"{old}\"")) => MalformedSignature at SignatureEncoding;
    signature_with_newline: cookies().changed("Signature", |old| format!("{old}\n")) => MalformedSignature at SignatureEncoding;
    signature_not_ascii: cookies().changed("Signature", |old| format!("é{old}")) => MalformedSignature at SignatureEncoding;
    signature_empty: cookies().changed("Signature", text("")) => AccessDenied at Signature;
    signature_cut_short: cookies().changed("Signature", |old| old[..old.len() - 4].to_owned()) => AccessDenied at Signature;
    signature_longer: cookies().changed("Signature", |old| format!("AAAA{old}")) => AccessDenied at Signature;
    signature_of_another_policy: cookies().changed("Signature", text(&limited().value("Signature"))) => AccessDenied at Signature;
    signature_cut_short_ecdsa: cookies_sha256().changed("Signature", text("MAA_")) => AccessDenied at Signature;
    policy_standard_padding: padded().changed("Policy", replaced("_", "=")) => MalformedPolicy at PolicyForm;
    policy_without_padding: padded().changed("Policy", replaced("_", "")) => MalformedPolicy at PolicyForm;
    policy_with_unused_bits: padded().changed("Policy", replaced("fQ__", "fR__")) => MalformedPolicy at PolicyForm;
    policy_unencoded: cookies().changed("Policy", text("{\"Statement\":[]}")) => MalformedPolicy at PolicyForm;
    policy_empty: cookies().changed("Policy", text("")) => MalformedPolicy at PolicyForm;
    policy_cut_short: cookies().changed("Policy", |old| old[..old.len() - 4].to_owned()) => MalformedPolicy at PolicyForm;
    signature_longer_than_any: cookies().changed("Signature", |old| "AAAA".repeat(300) + old) => MalformedSignature at SignatureEncoding;
    policy_longer_than_any_request: cookies().changed("Policy", |old| "AAAA".repeat(8192) + old) => MalformedPolicy at PolicyForm;
    policy_of_another_signature: cookies().changed("Policy", text(&limited().value("Policy"))) => AccessDenied at Signature;
    policy_twice_encoded_in_url: signed_url().url_with("Policy=e", "Policy=%2565") => MalformedPolicy at PolicyForm;

    // The expiry of a canned policy.
    expires_raised: canned().changed("Expires", text("1800000001")) => AccessDenied at Signature;
    expires_lowered: canned().changed("Expires", text("1799999999")) => AccessDenied at Signature;
    expires_with_zero: canned().changed("Expires", text("01800000000")) => MalformedPolicy at PolicyForm;
    expires_with_plus: canned().changed("Expires", text("+1800000000")) => MalformedPolicy at PolicyForm;
    expires_with_space: canned().changed("Expires", text("1800000000 ")) => MalformedPolicy at PolicyForm;
    expires_in_quotes: canned().changed("Expires", text("\"1800000000\"")) => MalformedPolicy at PolicyForm;
    expires_in_milliseconds: canned().changed("Expires", text("1800000000000")) => MalformedPolicy at PolicyForm;
    expires_negative: canned().changed("Expires", text("-1")) => MalformedPolicy at PolicyForm;
    expires_empty: canned().changed("Expires", text("")) => MalformedPolicy at PolicyForm;
    expires_a_word: canned().changed("Expires", text("never")) => MalformedPolicy at PolicyForm;
    expires_raised_in_url: canned_url().changed("Expires", text("1800000001")) => AccessDenied at Signature;
    canned_for_another_file: canned().url_with("episode-1", "episode-2") => AccessDenied at Signature;
    canned_with_a_query_added: canned_query() => AccessDenied at Signature;
    canned_url_with_another_query: canned_url().url_with("v=1", "v=2") => AccessDenied at Signature;
    canned_url_without_its_query: canned_url().url_with("v=1&lang=en&", "") => AccessDenied at Signature;
    canned_url_with_a_parameter_added: canned_url().url_with("lang=en", "lang=en&x=1") => AccessDenied at Signature;
    canned_over_http: canned().url_with("https:", "http:") => AccessDenied at Signature;

    // Where it is valid.
    other_host: cookies().url_with("cdn.", "cdn2.") => AccessDenied at Resource;
    other_host_behind_the_name: cookies().url_with("example.com", "example.com.evil.test") => AccessDenied at Resource;
    other_host_in_front_of_the_name: cookies().url_with("cdn", "evil-cdn") => AccessDenied at Resource;
    other_port: cookies().url_with("example.com", "example.com:8443") => AccessDenied at Resource;
    other_path: cookies().url_with("podcasts", "videos") => AccessDenied at Resource;
    path_in_upper_case: cookies().url_with("podcasts", "Podcasts") => AccessDenied at Resource;
    path_of_the_folder_itself: cookies().url("https://cdn.example.com/podcasts") => AccessDenied at Resource;
    path_leaving_the_folder: cookies().url_with("episode-1", "../videos/1") => AccessDenied at Resource;
    path_leaving_encoded: cookies().url_with("episode-1", "%2e%2E/videos/1") => AccessDenied at Resource;
    path_leaving_by_an_encoded_slash: cookies().url_with("episode-1", "..%2fvideos%2F1") => AccessDenied at Resource;
    path_leaving_by_an_encoded_backslash: cookies().url_with("episode-1", "..%5Cvideos%5c1") => AccessDenied at Resource;
    other_scheme: cookies().url_with("https:", "http:") => AccessDenied at Resource;
    other_path_in_url: signed_url().url_with("podcasts", "videos") => AccessDenied at Resource;

    // Hosts that would move the border between host, path and query, and are none.
    host_with_the_signed_folder: cookies().host("cdn.example.com/podcasts").url_with("/podcasts/", "/private/") => AccessDenied at RequestTarget;
    host_with_the_signed_folder_by_url: signed_url().host("cdn.example.com/podcasts").url_with("/podcasts/", "/private/") => AccessDenied at RequestTarget;
    host_with_the_signed_file: canned().host("cdn.example.com/podcasts").url("https://x/episode-1.mp3") => AccessDenied at RequestTarget;
    host_with_the_signed_file_by_url: canned_url().host("cdn.example.com/podcasts").url_with("/podcasts/", "/") => AccessDenied at RequestTarget;
    host_with_slash: cookies().host("cdn.example.com/") => AccessDenied at RequestTarget;
    host_with_query: cookies().host("cdn.example.com?") => AccessDenied at RequestTarget;
    host_with_fragment: cookies().host("cdn.example.com#") => AccessDenied at RequestTarget;
    host_with_user: cookies().host("listener@cdn.example.com") => AccessDenied at RequestTarget;
    host_with_scheme: cookies().host("https://cdn.example.com") => AccessDenied at RequestTarget;
    host_with_backslash: cookies().host("cdn.example.com\\") => AccessDenied at RequestTarget;
    host_with_backslash_and_query: cookies().host("cdn.example.com\\?") => AccessDenied at RequestTarget;
    host_with_percent: cookies().host("cdn.example.com%2f") => AccessDenied at RequestTarget;
    host_with_space: cookies().host("cdn.example.com ") => AccessDenied at RequestTarget;
    host_with_star: cookies().host("*") => AccessDenied at RequestTarget;
    host_not_ascii: cookies().host("cdn.example.c\u{43e}m") => AccessDenied at RequestTarget;
    host_empty: cookies().host("") => AccessDenied at RequestTarget;
    host_with_colon: cookies().host("cdn.example.com:") => AccessDenied at Resource;
    host_with_two_colons: cookies().host("https:cdn.example.com:443") => AccessDenied at Resource;

    // When it is valid.
    long_expired: cookies().at(i64::MAX) => AccessDenied at Expiry;
    expired_one_second_ago: cookies().at(EXPIRES + 1) => AccessDenied at Expiry;
    before_its_start: limited().at(STARTS_AFTER - 1) => AccessDenied at Start;
    on_the_second_of_its_start: limited().at(STARTS_AFTER) => AccessDenied at Start;
    before_1970: limited().at(i64::MIN) => AccessDenied at Start;
    on_the_second_of_its_start_by_url: request(&SDK, "url start ec sha256").at(STARTS_AFTER) => AccessDenied at Start;

    // Whence it is valid.
    other_network: limited().from("203.0.114.7") => AccessDenied at Address;
    other_address: one_address().from("203.0.113.8") => AccessDenied at Address;
    ipv6_address: limited().from("2001:db8::1") => AccessDenied at Address;
    mapped_other_address: one_address().from("::ffff:203.0.113.8") => AccessDenied at Address;
    ipv6_with_the_address_inside: one_address().from("64:ff9b::203.0.113.7") => AccessDenied at Address;
    no_address: limited().without_address() => AccessDenied at Address;
    other_network_by_url: request(&BOTOCORE, "url network rsa sha256").from("198.51.100.1") => AccessDenied at Address;

    // Everything that is wrong with a good signature is said at once.
    everything_wrong: limited().url_with("podcasts", "videos").from("::1").at(EXPIRES) => AccessDenied at Resource, Expiry, Address;

    // Two kinds of credentials at once, and two of one kind.
    signature_in_the_url_beside_good_cookies: cookies().url_with(".mp3", ".mp3?Signature=x") => MissingKey at KeyPairId;
    expires_in_the_url_beside_good_cookies: cookies().url_with(".mp3", ".mp3?Expires=1800000000") => MissingKey at KeyPairId;
    policy_in_the_url_beside_good_cookies: cookies().url_with(".mp3", ".mp3?Policy") => MissingKey at KeyPairId;
    hash_in_the_url_beside_good_cookies: cookies().url_with(".mp3", ".mp3?x=1&Hash-Algorithm=SHA1") => MissingKey at KeyPairId;
    key_in_the_url_beside_good_cookies: cookies().url_with(".mp3", ".mp3?Key-Pair-Id=KTESTRSA") => MalformedSignature at SignatureEncoding;
    repeated_policy: cookies().cookie("Policy", "e30_") => AccessDenied at OneValueEach;
    repeated_signature: cookies().cookie("Signature", "AAAA") => AccessDenied at OneValueEach;
    repeated_same_key_pair_id: cookies().cookie("Key-Pair-Id", RSA_ID) => AccessDenied at OneValueEach;
    repeated_expires_in_url: canned_url().url_with("Expires=", "Expires=1&Expires=") => AccessDenied at OneValueEach;
    bad_policy_beside_a_good_expiry: canned().cookie("Policy", "e30_") => MalformedPolicy at PolicyForm;
    cookie_name_in_lower_case: cookies().without("Policy").cookie("policy", &cookies().value("Policy")) => MalformedPolicy at PolicyForm;
}

#[test]
fn details_say_what_was_found() {
    let long = "S\u{e9}H A\n".repeat(20);
    for (request, check, expected) in [
        (cookies(), RequestTarget, "https://cdn.example.com"),
        (cookies().host(""), RequestTarget, "the host is empty"),
        (cookies().host("a/b"), RequestTarget, "the host holds a byte that no host holds"),
        (cookies(), KeyPairId, RSA_ID),
        (cookies().without("Key-Pair-Id"), KeyPairId, "missing"),
        (cookies().changed("Key-Pair-Id", text("")), KeyPairId, "empty"),
        (cookies().changed("Key-Pair-Id", text("K 1\n")), KeyPairId, "not a key-pair id"),
        (cookies().changed("Key-Pair-Id", text("KUNKNOWN")), KeyPairId, "KUNKNOWN"),
        (
            cookies().changed("Key-Pair-Id", text("KUNKNOWN")),
            TrustedKey,
            "this behaviour trusts no key of that id",
        ),
        (
            cookies().changed("Key-Pair-Id", text("2a7b1c9d-5e0f-4a61-9b7e-0c3d5f8a1b24")),
            TrustedKey,
            "this is the id of a key group, and that of a public key is wanted",
        ),
        (
            cookies().cookie("Policy", "e30_"),
            OneValueEach,
            "Policy came more than once: two sets of cookies whose Domain and Path overlap",
        ),
        (cookies(), TrustedKey, "rsa-2048"),
        (cookies(), HashAlgorithm, "SHA1"),
        (cookies_sha256(), HashAlgorithm, "SHA256"),
        (
            cookies().cookie("Hash-Algorithm", "SHA-256"),
            HashAlgorithm,
            "neither SHA1 nor SHA256 but \"SHA-256\"",
        ),
        (
            cookies().cookie("Hash-Algorithm", &long),
            HashAlgorithm,
            "neither SHA1 nor SHA256 but \"SHASHASHASHASHAS\"",
        ),
        (cookies(), SignatureEncoding, "256 bytes"),
        (cookies().changed("Policy", |old| "AAAA".repeat(8192) + old), PolicyForm, "longer than any request"),
        (cookies().without("Signature"), SignatureEncoding, "missing"),
        (cookies().changed("Signature", replaced("~", "/")), SignatureEncoding, "not in the alphabet"),
        (cookies().changed("Signature", |old| old.repeat(9)), SignatureEncoding, "longer than any signature"),
    ] {
        assert_eq!(request.detail(check), expected);
    }
}

/// Signed here: no other implementation signs such a path, and no browser asks for one.
#[test]
fn a_canned_policy_covers_no_path_that_climbs() {
    use edgemint::cloudfront::{HashAlgorithm, SigningKey, encoding};

    let key = SigningKey::from_pem(&key_file("test-p256.pkcs8.pem")).unwrap();
    for (path, opens) in [
        ("/podcasts/../private/a", false),
        ("/podcasts/%2E%2e/private/a", false),
        ("/podcasts/..%2Fprivate/a", false),
        ("/podcasts/%2e%5cprivate/a", false),
        ("/podcasts/...", true),
        ("/podcasts/a..b%2fc", true),
    ] {
        let url = format!("https://cdn.example.com{path}");
        let document = format!(
            r#"{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{EXPIRES}}}}}}}]}}"#
        );
        let signature = encoding::encode(&key.sign(HashAlgorithm::Sha1, document.as_bytes()).unwrap());
        let request =
            canned().changed("Key-Pair-Id", text(EC_ID)).changed("Signature", text(&signature)).url(&url);
        if opens { request.opens() } else { request.is_refused(AccessDenied, &[Resource]) }
    }
}

#[test]
fn the_ends_of_a_period_are_outside_it() {
    limited().at(STARTS_AFTER + 1).opens();
    limited().at(EXPIRES - 1).opens();
}

#[test]
fn a_dual_stack_socket_shows_an_ipv4_address() {
    one_address().from("::ffff:203.0.113.7").opens();
    limited().from("203.0.113.0").opens();
    limited().from("203.0.113.255").opens();
}

#[test]
fn good_url_parameters_count_beside_bad_cookies() {
    signed_url().cookie("Policy", "nonsense").cookie("Key-Pair-Id", "KUNKNOWN").opens();
}

#[test]
fn codes_and_messages_are_those_of_the_rulebook() {
    let of = |refusal: edgemint::cloudfront::Refusal| (refusal.code(), refusal.message());
    assert_eq!(of(MissingKey), ("MissingKey", "Missing Key-Pair-Id query parameter or cookie value"));
    assert_eq!(of(UnknownKey), ("InvalidKey", "Unknown Key"));
    assert_eq!(of(MalformedSignature), ("MalformedSignature", "Could not unencode Signature"));
    assert_eq!(of(MalformedPolicy), ("MalformedPolicy", "Malformed Policy"));
    assert_eq!(of(AccessDenied), ("AccessDenied", "Access denied"));
}
