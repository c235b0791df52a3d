//! The edge's decision: a request, the trusted keys and a time in, allowed or one of five refusals
//! out, with every check that was made, in order.
//!
//! Nothing here calls what signing calls, beyond the alphabet and the key types: a policy is read
//! by a parser of its own and a canned policy is rebuilt by a formatter of its own.

mod credentials;
mod json;
mod pattern;
mod policy;
mod target;
mod trace;

pub use pattern::covers;
pub use policy::SignedPolicy;
#[cfg(feature = "service")]
pub(crate) use target::is_host;
pub use trace::{Check, CheckName, Refusal};

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::{HashAlgorithm, IdKind, KeyPairId, PublicKey, encoding};
use credentials::{Credentials, Proof, Source};
use target::Target;
use trace::Trace;

/// No request that CloudFront takes is longer, headers included; a longer policy is not decoded (inferred).
const MAX_POLICY: usize = 32_768;

/// What the viewer asked for, as it was asked.
#[derive(Debug, Clone, Copy)]
pub struct ViewerRequest<'a> {
    /// `https` or `http`.
    pub scheme: &'a str,
    /// The `Host` that the viewer named, with its port if it gave one.
    pub host: &'a str,
    /// From the first slash on, percent-encoded exactly as requested.
    pub path_and_query: &'a str,
    /// Every cookie of the request in order, other applications' included.
    pub cookies: &'a [(&'a str, &'a str)],
    /// Where the request came from; `None` where nobody knows, which fails every address condition.
    pub address: Option<IpAddr>,
}

/// The public keys of the key groups that a behaviour trusts.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys(BTreeMap<KeyPairId, PublicKey>);

impl FromIterator<(KeyPairId, PublicKey)> for TrustedKeys {
    fn from_iter<I: IntoIterator<Item = (KeyPairId, PublicKey)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl TrustedKeys {
    /// The key that CloudFront knows under this id. The text comes from a request.
    fn find(&self, id: &str) -> Option<&PublicKey> {
        self.0.get(&id.parse().ok()?)
    }
}

/// What the edge decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// `None` means that the request is allowed.
    pub refusal: Option<Refusal>,
    /// The checks in the order in which they were made, up to the one that decided; the conditions
    /// of a policy whose signature holds are all checked, so that one look shows all that is wrong.
    pub trace: Vec<Check>,
    /// When access ends, epoch seconds, as far as the signature vouches for it.
    pub expires: Option<i64>,
}

impl Decision {
    /// Whether the edge serves the request.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.refusal.is_none()
    }
}

/// Decides as CloudFront does (rules §1, §2, §3, §5). `now` is in epoch seconds.
#[must_use]
pub fn decide(request: &ViewerRequest<'_>, trusted: &TrustedKeys, now: i64) -> Decision {
    let mut trace = Trace::default();
    let mut expires = None;
    let refusal = judge(request, trusted, now, &mut trace, &mut expires).err();
    Decision { refusal, trace: trace.into_checks(), expires }
}

fn judge(
    request: &ViewerRequest<'_>,
    trusted: &TrustedKeys,
    now: i64,
    trace: &mut Trace,
    expires: &mut Option<i64>,
) -> Result<(), Refusal> {
    let target = trace.found(
        CheckName::RequestTarget,
        Target::of(request),
        |target| format!("{}://{}", target.scheme, target.host),
        Refusal::AccessDenied,
    )?;
    let credentials = Credentials::of(request);
    trace.note(
        CheckName::Source,
        true,
        match credentials.source {
            Source::Cookies => "signed cookies",
            Source::Url => "signed URL: the cookies are not looked at",
        },
    );
    let repeated = credentials.repeated.join(", ");
    let repeated = match (repeated.is_empty(), credentials.source) {
        (true, _) | (_, Source::Url) => repeated,
        // rules §6
        (false, Source::Cookies) => {
            format!("{repeated} came more than once: two sets of cookies whose Domain and Path overlap")
        }
    };
    trace.check(CheckName::OneValueEach, repeated.is_empty(), || repeated, Refusal::AccessDenied)?;

    let shown_id =
        |id: &&str| id.parse().map_or("not a key-pair id".to_owned(), |id: KeyPairId| id.to_string());
    let id = trace.found(CheckName::KeyPairId, credentials.key_pair_id(), shown_id, Refusal::MissingKey)?;
    let key = trusted.find(id).ok_or_else(|| untrusted(id));
    let key =
        trace.found(CheckName::TrustedKey, key, |key| key.algorithm().to_string(), Refusal::UnknownKey)?;
    let hash = credentials.hash();
    let hash =
        trace.found(CheckName::HashAlgorithm, hash, HashAlgorithm::to_string, Refusal::AccessDenied)?;
    let signature = trace.found(
        CheckName::SignatureEncoding,
        credentials.signature(),
        |signature| format!("{} bytes", signature.len()),
        Refusal::MalformedSignature,
    )?;
    let target = match credentials.source {
        Source::Cookies => target,
        Source::Url => target.without_credentials(),
    };
    let (document, policy) = trace.found(
        CheckName::PolicyForm,
        read_policy(&credentials, &target),
        |(_, policy)| policy.kind().to_owned(),
        Refusal::MalformedPolicy,
    )?;
    let verified = key.verify(hash, &document, &signature);
    let detail = || signature_detail(key, hash, verified);
    trace.check(CheckName::Signature, verified, detail, Refusal::AccessDenied)?;

    *expires = Some(policy.expires);
    conditions(&policy, &target, request.address, now, trace)
}

/// The bytes that the signature is over, and the policy that they state.
fn read_policy(
    credentials: &Credentials<'_>,
    target: &Target<'_>,
) -> Result<(Vec<u8>, SignedPolicy), &'static str> {
    match credentials.proof() {
        Some(Proof::Custom(text)) if text.len() > MAX_POLICY => Err("longer than any request"),
        Some(Proof::Custom(text)) => {
            let document = encoding::decode(text).map_err(|_| "not in CloudFront's base64 alphabet")?;
            let policy = SignedPolicy::parse(&document)?;
            Ok((document, policy))
        }
        Some(Proof::Canned(text)) => policy::canned(target.url(), text),
        None => Err("neither a policy nor an expiry"),
    }
}

/// An id is not repeated here: the check before shows it, if it has the form of one.
fn untrusted(id: &str) -> String {
    match IdKind::of(id) {
        Some(other @ (IdKind::KeyGroup | IdKind::Distribution)) => {
            format!("this is the id of a {other}, and that of a public key is wanted")
        }
        _ => "this behaviour trusts no key of that id".to_owned(),
    }
}

/// How long ago or hence a second lies, for people: the trace gives the seconds themselves too.
fn distance(seconds: i64) -> String {
    match seconds.unsigned_abs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn signature_detail(key: &PublicKey, hash: HashAlgorithm, verified: bool) -> String {
    let kind = format!("{} over {hash}", key.algorithm());
    match verified {
        true => kind,
        false => format!(
            "{kind} does not hold: made by another private key, over another policy, or over another hash"
        ),
    }
}

/// All four are looked at, whichever fails first.
fn conditions(
    policy: &SignedPolicy,
    target: &Target<'_>,
    address: Option<IpAddr>,
    now: i64,
    trace: &mut Trace,
) -> Result<(), Refusal> {
    let resource = policy.resource.as_deref();
    let holds = [
        trace.note(
            CheckName::Resource,
            policy.matches(target),
            match resource {
                Some(pattern) => format!("signed for {pattern}"),
                None => "no Resource: every file of every distribution that trusts the key".to_owned(),
            },
        ),
        // rules §2: "on or before" DateGreaterThan is refused.
        trace.note(
            CheckName::Start,
            policy.starts_after.is_none_or(|start| now > start),
            match policy.starts_after {
                Some(start) if now <= start => {
                    format!("after {start}, now {now}: begins in {}", distance(start.saturating_sub(now)))
                }
                Some(start) => format!("after {start}, now {now}"),
                None => "none set".to_owned(),
            },
        ),
        // At the exact second: refused [inferred].
        trace.note(CheckName::Expiry, now < policy.expires, {
            let times = format!("before {}, now {now}", policy.expires);
            match now.saturating_sub(policy.expires) {
                late @ 0.. => format!("{times}: ended {} ago", distance(late)),
                _ => times,
            }
        }),
        trace.note(
            CheckName::Address,
            policy.admits(address.and_then(ipv4)),
            match policy.source_ip {
                Some(network) => format!("from {network}"),
                None => "any".to_owned(),
            },
        ),
    ];
    if holds.into_iter().all(|holds| holds) { Ok(()) } else { Err(Refusal::AccessDenied) }
}

/// A dual-stack socket shows IPv4 viewers as `::ffff:a.b.c.d`.
fn ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    match address.to_canonical() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}
