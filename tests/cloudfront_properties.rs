//! Whatever is minted verifies, whatever is changed does not, and no text changes a policy's shape.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, LazyLock};

use edgemint::cloudfront::verify::covers;
use edgemint::cloudfront::{
    Decision, EpochSeconds, HashAlgorithm, KeyAlgorithm, KeyPairId, MediaUrl, Policy, Resource,
    SIGNED_URL_PARAMETERS, Signer, SigningKey, SourceIp, TrustedKeys, ViewerRequest, decide, encoding,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

const LAST: i64 = 2_147_483_647;

/// Making RSA keys is slow: once for all tests.
static KEYS: LazyLock<[(KeyPairId, Arc<SigningKey>); 2]> = LazyLock::new(|| {
    [("KRSA", KeyAlgorithm::Rsa2048), ("KEC", KeyAlgorithm::EcdsaP256)]
        .map(|(id, algorithm)| (id.parse().unwrap(), Arc::new(SigningKey::generate(algorithm).unwrap())))
});

static TRUSTED: LazyLock<TrustedKeys> =
    LazyLock::new(|| KEYS.iter().map(|(id, key)| (id.clone(), key.public_key().clone())).collect());

fn signer() -> impl Strategy<Value = Signer> {
    (0..KEYS.len(), select(vec![HashAlgorithm::Sha1, HashAlgorithm::Sha256])).prop_map(|(key, hash)| {
        let (id, key) = KEYS[key].clone();
        Signer::new(id, key, hash)
    })
}

/// A URL as a player asks for it.
fn url() -> impl Strategy<Value = String> {
    "https?://[a-z0-9]{1,8}\\.example\\.com(:[1-9][0-9]{3})?(/[a-z0-9][A-Za-z0-9._~%;,@-]{0,8}){1,4}(\\?[a-w]=[A-Za-z0-9/?]{0,6})?"
}

/// A URL, and a resource that covers it: itself, or its folder.
fn granted() -> impl Strategy<Value = (String, Resource)> {
    (url(), any::<bool>()).prop_map(|(url, folder)| {
        let resource = match folder {
            true => {
                let path = url.split('?').next().unwrap();
                Resource::parse(&format!("{}*", &path[..=path.rfind('/').unwrap()])).unwrap()
            }
            false => MediaUrl::parse(&url).unwrap().to_resource(),
        };
        (url, resource)
    })
}

#[derive(Debug, Clone)]
struct Grant {
    signer: Signer,
    url: String,
    policy: Policy,
    start: Option<i64>,
    end: i64,
    /// The network that is admitted, and one address of it.
    network: Option<(SourceIp, Ipv4Addr)>,
}

fn grant() -> impl Strategy<Value = Grant> {
    let network = (any::<u32>(), 0..=32_u8).prop_map(|(bits, prefix)| {
        let address = Ipv4Addr::from(bits);
        (format!("{address}/{prefix}").parse().unwrap(), address)
    });
    (signer(), granted(), 3..=LAST, option::of(any::<Index>()), option::of(network)).prop_map(
        |(signer, (url, resource), end, start, network)| {
            let mut policy = Policy::new(resource, EpochSeconds::new(end).unwrap());
            let start = start.map(|start| 1 + start.index(usize::try_from(end - 2).unwrap()) as i64);
            if let Some(start) = start {
                policy = policy.starting_after(EpochSeconds::new(start).unwrap()).unwrap();
            }
            if let Some((network, _)) = network {
                policy = policy.from_address(network);
            }
            Grant { signer, url, policy, start, end, network }
        },
    )
}

/// A request that can be changed anywhere.
#[derive(Debug, Clone)]
struct Request {
    scheme: String,
    host: String,
    path_and_query: String,
    cookies: Vec<(String, String)>,
    address: Option<IpAddr>,
    now: i64,
}

impl Request {
    fn to(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (host, path_and_query) = rest.split_at(rest.find('/').unwrap());
        let [scheme, host, path_and_query] = [scheme, host, path_and_query].map(str::to_owned);
        Self { scheme, host, path_and_query, cookies: vec![], address: None, now: 0 }
    }

    fn decide(&self) -> Decision {
        let cookies: Vec<(&str, &str)> =
            self.cookies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = ViewerRequest {
            scheme: &self.scheme,
            host: &self.host,
            path_and_query: &self.path_and_query,
            cookies: &cookies,
            address: self.address,
        };
        decide(&request, &TRUSTED, self.now)
    }
}

impl Grant {
    fn request(&self) -> Request {
        let cookies = self.signer.cookies(&self.policy).unwrap();
        Request {
            cookies: cookies.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            address: self.network.map(|(_, address)| address.into()),
            now: self.end - 1,
            ..Request::to(&self.url)
        }
    }
}

/// Another character in the place of one.
#[derive(Debug, Clone)]
struct Change {
    at: Index,
    to: char,
}

fn change() -> impl Strategy<Value = Change> {
    let likely = select("ABCabc019+/=-_~%?&#*\"'\\ ;.\0\n".chars().collect::<Vec<_>>());
    (any::<Index>(), prop_oneof![3 => likely, 1 => any::<char>()]).prop_map(|(at, to)| Change { at, to })
}

impl Change {
    /// `None` where it would change nothing.
    fn of(&self, text: &str) -> Option<String> {
        let (at, old) = text.char_indices().nth(self.at.index(text.chars().count()))?;
        (old != self.to).then(|| format!("{}{}{}", &text[..at], self.to, &text[at + old.len_utf8()..]))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn what_is_minted_verifies(grant in grant()) {
        let request = grant.request();
        let expected = if grant.signer.hash() == HashAlgorithm::Sha1 { 3 } else { 4 };
        prop_assert_eq!(request.cookies.len(), expected);
        let decision = request.decide();
        prop_assert!(decision.is_allowed(), "{:?}", decision.trace);
        prop_assert_eq!(decision.expires, Some(grant.end));
    }

    #[test]
    fn a_signed_url_verifies(grant in grant(), canned: bool) {
        let url = MediaUrl::parse(&grant.url).unwrap();
        let signed = match canned {
            true => grant.signer.canned_url(&url, grant.policy.expires()),
            false => grant.signer.custom_url(&url, &grant.policy),
        };
        let signed = signed.unwrap();
        let request = Request { cookies: vec![], ..grant.request() };
        let request = Request { path_and_query: Request::to(signed.as_str()).path_and_query, ..request };
        prop_assert!(request.decide().is_allowed(), "{:?}", request.decide().trace);
        let expired = Request { now: grant.end, ..request };
        prop_assert!(!expired.decide().is_allowed());
    }

    #[test]
    fn a_changed_cookie_value_is_refused(grant in grant(), which: Index, change in change()) {
        let mut request = grant.request();
        let which = which.index(request.cookies.len());
        let Some(changed) = change.of(&request.cookies[which].1) else { return Ok(()) };
        request.cookies[which].1 = changed;
        prop_assert!(!request.decide().is_allowed());
    }

    #[test]
    fn a_changed_cookie_name_is_refused(grant in grant(), which: Index, change in change()) {
        let mut request = grant.request();
        let which = which.index(request.cookies.len());
        let Some(changed) = change.of(&request.cookies[which].0) else { return Ok(()) };
        request.cookies[which].0 = changed;
        prop_assert!(!request.decide().is_allowed());
    }

    #[test]
    fn a_shorter_or_longer_cookie_is_refused(grant in grant(), which: Index, cut: Index, more in ".{1,3}") {
        let request = grant.request();
        let which = which.index(request.cookies.len());
        let value = &request.cookies[which].1;
        for changed in [value[..cut.index(value.len())].to_owned(), format!("{value}{more}"), format!("{more}{value}")] {
            let mut request = request.clone();
            request.cookies[which].1 = changed;
            prop_assert!(!request.decide().is_allowed());
        }
    }

    #[test]
    fn a_cookie_left_out_or_repeated_is_refused(grant in grant(), which: Index) {
        let request = grant.request();
        let which = which.index(request.cookies.len());
        let mut without = request.clone();
        let cookie = without.cookies.remove(which);
        prop_assert!(!without.decide().is_allowed());
        let mut twice = request;
        twice.cookies.push(cookie);
        prop_assert!(!twice.decide().is_allowed());
    }

    /// Hosts are compared without case, as DNS does: the one change that is allowed.
    #[test]
    fn a_changed_url_is_refused(grant in grant(), part in 0..3_usize, change in change()) {
        let url = MediaUrl::parse(&grant.url).unwrap();
        let policy = Policy::new(url.to_resource(), grant.policy.expires());
        let mut request = Grant { policy, network: None, ..grant }.request();
        prop_assert!(request.decide().is_allowed());
        let place = [&mut request.scheme, &mut request.host, &mut request.path_and_query];
        let part = &mut *place.into_iter().nth(part).unwrap();
        let Some(changed) = change.of(part) else { return Ok(()) };
        let only_case = changed.eq_ignore_ascii_case(part);
        *part = changed;
        let same_host = only_case && request.host.eq_ignore_ascii_case(&Request::to(url.as_str()).host)
            && request.path_and_query == Request::to(url.as_str()).path_and_query
            && request.scheme == Request::to(url.as_str()).scheme;
        prop_assert_eq!(request.decide().is_allowed(), same_host);
    }

    #[test]
    fn a_changed_folder_is_refused(grant in grant(), change in change()) {
        let folder = &grant.url[..=grant.url.split('?').next().unwrap().rfind('/').unwrap()];
        let policy = Policy::new(Resource::parse(&format!("{folder}*")).unwrap(), grant.policy.expires());
        let mut request = Grant { policy, network: None, ..grant.clone() }.request();
        let path = Request::to(folder).path_and_query;
        let Some(changed) = change.of(&path) else { return Ok(()) };
        request.path_and_query = request.path_and_query.replacen(&path, &changed, 1);
        prop_assert!(!request.decide().is_allowed(), "{}", request.path_and_query);
    }

    #[test]
    fn a_changed_canned_request_is_refused(grant in grant(), part in 0..3_usize, change in change()) {
        let url = MediaUrl::parse(&grant.url).unwrap();
        let cookies = grant.signer.canned_cookies(&url, grant.policy.expires()).unwrap();
        let mut request = grant.request();
        request.cookies = cookies.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        prop_assert!(request.decide().is_allowed());
        let place = [&mut request.scheme, &mut request.host, &mut request.path_and_query];
        let part = &mut *place.into_iter().nth(part).unwrap();
        let Some(changed) = change.of(part) else { return Ok(()) };
        *part = changed;
        prop_assert!(!request.decide().is_allowed());
    }

    #[test]
    fn a_changed_signed_url_is_refused(grant in grant(), canned: bool, change in change()) {
        let url = MediaUrl::parse(&grant.url).unwrap();
        let policy = Policy::new(url.to_resource(), grant.policy.expires());
        let signed = match canned {
            true => grant.signer.canned_url(&url, grant.policy.expires()),
            false => grant.signer.custom_url(&url, &policy),
        };
        let path_and_query = Request::to(signed.unwrap().as_str()).path_and_query;
        let request = Request { path_and_query, now: grant.end - 1, ..Request::to(&grant.url) };
        prop_assert!(request.decide().is_allowed());
        let Some(path_and_query) = change.of(&request.path_and_query) else { return Ok(()) };
        let changed = Request { path_and_query, ..request };
        prop_assert!(!changed.decide().is_allowed(), "{}", changed.path_and_query);
    }

    #[test]
    fn only_the_seconds_between_are_allowed(grant in grant(), any_time: i64) {
        let request = grant.request();
        let start = grant.start.unwrap_or(i64::MIN);
        for now in [any_time, start, start.saturating_add(1), grant.end - 1, grant.end, grant.end + 1, i64::MIN, i64::MAX] {
            let allowed = Request { now, ..request.clone() }.decide().is_allowed();
            let between = grant.start.is_none_or(|start| now > start) && now < grant.end;
            prop_assert_eq!(allowed, between, "at {}", now);
        }
    }

    #[test]
    fn only_addresses_of_the_network_are_allowed(grant in grant(), bit in 0..32_u32, other: u128) {
        let Some((network, address)) = grant.network else { return Ok(()) };
        let request = grant.request();
        let from = |address: Option<IpAddr>| Request { address, ..request.clone() }.decide().is_allowed();
        // One bit of the address flipped: outside if and only if the prefix counts it.
        let prefix: u32 = network.to_string().split_once('/').unwrap().1.parse().unwrap();
        let neighbour = Ipv4Addr::from(u32::from(address) ^ (1 << (31 - bit)));
        prop_assert_eq!(from(Some(neighbour.into())), bit >= prefix);
        prop_assert!(from(Some(address.to_ipv6_mapped().into())));
        prop_assert!(!from(None));
        let ipv6 = Ipv6Addr::from(other | (1 << 127));
        prop_assert!(!from(Some(ipv6.into())));
    }
}

/// Texts that try to break out of a string: quotes, backslashes, control characters and the rest.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec![
            "\"",
            "\\",
            "\\\"",
            "\\u0022",
            "\\?",
            "\\\\",
            "\",\"Condition\":{}",
            "\"}]}",
            "\u{0}",
            "\n",
            "\r\n",
            "\t",
            "\u{7f}",
            "\u{2028}",
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "*",
            "?",
            "#",
            "<",
            ">",
            "%22",
            "é",
            ";",
            "&Policy=x",
        ])
        .prop_map(str::to_owned),
        "[a-z/]{0,4}",
        any::<char>().prop_map(String::from),
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]

    #[test]
    fn no_resource_changes_the_shape_of_a_policy(text in hostile(), place in 0..4, address: u32, end in 2..=LAST) {
        let resource = match place {
            0 => format!("https://cdn.example.com/{text}"),
            1 => format!("https://cdn.example.com/{text}/*"),
            2 => format!("https://{text}/*"),
            _ => text,
        };
        let Ok(parsed) = Resource::parse(&resource) else { return Ok(()) };
        let policy = Policy::new(parsed, EpochSeconds::new(end).unwrap())
            .from_address(Ipv4Addr::from(address).into())
            .starting_after(EpochSeconds::new(1).unwrap())
            .unwrap();
        let canonical = policy.canonical();
        let expected = json!({"Statement": [{"Resource": resource, "Condition": {
            "DateLessThan": {"AWS:EpochTime": end},
            "IpAddress": {"AWS:SourceIp": format!("{}/32", Ipv4Addr::from(address))},
            "DateGreaterThan": {"AWS:EpochTime": 1},
        }}]});
        prop_assert_eq!(serde_json::from_str::<Value>(&canonical).unwrap(), expected);
        // No reader can read it otherwise: nothing but the backslash of `\?` had to be escaped.
        let literal = resource.replace('\\', "\\\\");
        let literal = format!("{{\"Statement\":[{{\"Resource\":\"{literal}\",\"Condition\":");
        prop_assert!(canonical.starts_with(&literal));
        prop_assert!(canonical.bytes().all(|byte| (b'!'..=b'~').contains(&byte)));
    }

    #[test]
    fn no_url_changes_what_a_canned_signature_is_over(text in hostile(), in_host: bool) {
        let url = match in_host {
            true => format!("https://{text}/a"),
            false => format!("https://cdn.example.com/{text}"),
        };
        let Ok(parsed) = MediaUrl::parse(&url) else { return Ok(()) };
        let (id, key) = KEYS[1].clone();
        let signed = Signer::new(id, key, HashAlgorithm::Sha256)
            .canned_url(&parsed, EpochSeconds::new(LAST).unwrap())
            .unwrap();
        let added = signed.as_str().strip_prefix(&url).unwrap();
        let names: Vec<&str> = added[1..].split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
        prop_assert_eq!(names, ["Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm"]);
        let request = Request { now: 1, ..Request::to(signed.as_str()) };
        prop_assert!(request.decide().is_allowed(), "{:?}", request.decide().trace);
    }

    #[test]
    fn a_key_pair_id_holds_nothing_that_ends_a_cookie_or_a_parameter(text in hostile()) {
        if let Ok(id) = text.parse::<KeyPairId>() {
            prop_assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            prop_assert_eq!(id.as_str(), text);
        }
    }

    #[test]
    fn encoding_is_undone_by_decoding(bytes: Vec<u8>) {
        let text = encoding::encode(&bytes);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte)));
        prop_assert_eq!(encoding::decode(&text), Ok(bytes));
    }

    #[test]
    fn bytes_have_one_spelling(text in prop_oneof!["[A-Da-d0-3_~=+/-]{0,12}", ".{0,12}"]) {
        if let Ok(bytes) = encoding::decode(&text) {
            prop_assert_eq!(encoding::encode(&bytes), text);
        }
    }

    #[test]
    fn patterns_match_as_the_plain_definition_says(pattern in "[ab*?/]{0,9}", path in "[ab/]{0,9}") {
        let [resource, url] = [&pattern, &path].map(|path| format!("https://cdn.example.com/{path}"));
        prop_assert_eq!(covers(&resource, &url), matches(pattern.as_bytes(), path.as_bytes()));
    }

    #[test]
    fn no_request_makes_the_decision_panic(request in any_request()) {
        let decision = request.decide();
        // Nobody signed anything here.
        prop_assert!(!decision.is_allowed());
        prop_assert!(decision.trace.iter().any(|check| !check.passed));
    }

    /// The signature is good, so that everything behind it is reached.
    #[test]
    fn no_signed_document_makes_the_decision_panic(document in any_document(), request in any_request()) {
        let (id, key) = KEYS[1].clone();
        let signature = key.sign(HashAlgorithm::Sha1, document.as_bytes()).unwrap();
        let cookies = [
            ("CloudFront-Policy", encoding::encode(document.as_bytes())),
            ("CloudFront-Signature", encoding::encode(&signature)),
            ("CloudFront-Key-Pair-Id", id.to_string()),
        ];
        let cookies = cookies.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let decision = Request { cookies, ..request }.decide();
        prop_assert_eq!(decision.is_allowed(), decision.trace.iter().all(|check| check.passed));
    }
}

/// What `*` and `?` mean, without regard to speed.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', pattern @ ..], _) => {
            matches(pattern, text)
                || matches!(text, [_, rest @ ..] if matches(&[b"*", pattern].concat(), rest))
        }
        ([b'?', pattern @ ..], [_, text @ ..]) => matches(pattern, text),
        ([literal, pattern @ ..], [byte, text @ ..]) => literal == byte && matches(pattern, text),
        _ => false,
    }
}

fn any_request() -> impl Strategy<Value = Request> {
    let name = prop_oneof![
        3 => select(vec!["Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm", "Expires"])
            .prop_map(|name| format!("CloudFront-{name}")),
        1 => ".{0,12}",
    ];
    let value = prop_oneof![
        select(vec!["KEC", "KRSA", "SHA1", "SHA256", "1800000000", "", "AAAA", "_", "~", "%"])
            .prop_map(str::to_owned),
        any_document().prop_map(|document| encoding::encode(document.as_bytes())),
        vec(any::<u8>(), 0..80).prop_map(|bytes| encoding::encode(&bytes)),
        hostile(),
    ];
    let parameter = (select(SIGNED_URL_PARAMETERS.to_vec()), value.clone())
        .prop_map(|(name, value)| format!("{name}={value}"));
    let query = vec(prop_oneof![parameter, hostile()], 0..4).prop_map(|pairs| pairs.join("&"));
    let path_and_query = (hostile(), option::of(query)).prop_map(|(path, query)| match query {
        Some(query) => format!("/{path}?{query}"),
        None => path,
    });
    let scheme = prop_oneof![Just("https".to_owned()), hostile()];
    let host = prop_oneof![Just("cdn.example.com".to_owned()), hostile()];
    (scheme, host, path_and_query, vec((name, value), 0..6), option::of(any::<IpAddr>()), any::<i64>())
        .prop_map(|(scheme, host, path_and_query, cookies, address, now)| Request {
            scheme,
            host,
            path_and_query,
            cookies,
            address,
            now,
        })
}

/// JSON that is nearly a policy, with any resource pattern, and texts that are no JSON.
fn any_document() -> impl Strategy<Value = String> {
    let resource = prop_oneof![
        hostile().prop_map(Value::from),
        "(https|http|\\*|http\\*)://[a-c.*?]{0,6}/[ab/*?\\\\%.2eE]{0,12}".prop_map(Value::from),
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
    ];
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        (1..=LAST).prop_map(Value::from),
        any::<f64>().prop_map(Value::from)
    ];
    let source = prop_oneof![hostile(), "[0-9]{1,3}(\\.[0-9]{1,3}){3}(/[0-9]{1,2})?"];
    let nearly = (resource, number.clone(), option::of(number), option::of(source)).prop_map(
        |(resource, end, start, source)| {
            let mut condition = json!({"DateLessThan": {"AWS:EpochTime": end}});
            if let Some(start) = start {
                condition["DateGreaterThan"] = json!({"AWS:EpochTime": start});
            }
            if let Some(source) = source {
                condition["IpAddress"] = json!({"AWS:SourceIp": source});
            }
            json!({"Statement": [{"Resource": resource, "Condition": condition}]}).to_string()
        },
    );
    prop_oneof![4 => nearly, 1 => hostile(), 1 => "[\\[{]{0,200}"]
}
