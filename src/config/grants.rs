//! `[[grants]]` and `[mint]`: what may be minted, and how signatures are shared.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use serde_spanned::Spanned;

use crate::cloudfront::SameSite;
use crate::mint::{CookieSettings, GrantSettings, Ipv6Clients, Profile, ProfileError, Site, TraceKey};

use super::audit::TraceSecret;
use super::fields::{Reader, duration, number_in, one_of, whole_seconds_in};
use super::raw::{Field, RawCookie, RawGrant, RawMint};
use super::requirements;

/// `[mint]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MintConfig {
    /// Expiries are rounded up to a multiple of it, so that equal grants share one signature; whole
    /// seconds.
    pub expiry_step: Duration,
    /// RSA signatures for single listeners that are queued at one time; what comes on top is told to
    /// come back.
    pub max_signatures: usize,
}

pub(super) fn read_mint(raw: Field<RawMint>, reader: &mut Reader<'_>) -> MintConfig {
    let raw = raw.map(Spanned::into_inner).unwrap_or_default();
    let step = whole_seconds_in(Duration::from_secs(1), Duration::from_secs(3600), "a policy");
    MintConfig {
        expiry_step: reader.optional(raw.expiry_step, step).unwrap_or(Duration::from_secs(60)),
        max_signatures: reader.optional(raw.max_signatures, number_in(1..=4096)).unwrap_or(64),
    }
}

/// The grants that are right by themselves and next to each other. `site` is absent if the settings
/// that it is made of are wrong; then grants can be checked only in part.
pub(super) fn read(
    raw: Field<Vec<Spanned<RawGrant>>>,
    site: Option<Site<'_>>,
    trace_secret: &TraceSecret,
    reader: &mut Reader<'_>,
) -> Vec<Profile> {
    let Some(raw) = raw.filter(|grants| !grants.get_ref().is_empty()) else {
        reader.missing(None, "grants", "nothing could be minted; add a [[grants]] section");
        return Vec::new();
    };
    let mut grants: Vec<(Range<usize>, Profile)> = Vec::new();
    for raw in raw.into_inner() {
        let span = raw.span();
        let Some(profile) = grant(raw, site, trace_secret, reader) else { continue };
        for (earlier_span, earlier) in &grants {
            let earlier_place = reader.place(earlier_span);
            if earlier.name() == profile.name() {
                let message = format!(
                    "a grant named {:?} is at {earlier_place} already; give each its own name",
                    profile.name()
                );
                reader.wrong(&span, message);
            } else if earlier.overlaps(&profile) {
                reader.wrong(&span, overlap(&profile, earlier, &earlier_place.to_string()));
            }
        }
        grants.push((span, profile));
    }
    grants.into_iter().map(|(_, profile)| profile).collect()
}

/// Where the first grant says that it is bound to the listener's address.
pub(super) fn first_bound(raw: Option<&Spanned<Vec<Spanned<RawGrant>>>>) -> Option<Range<usize>> {
    let bound = raw?.get_ref().iter().filter_map(|grant| grant.get_ref().bind_address.as_ref());
    bound.filter(|bound| *bound.get_ref()).map(Spanned::span).next()
}

fn overlap(profile: &Profile, earlier: &Profile, place: &str) -> String {
    format!(
        "the cookies of grants {:?} (Path={}) and {:?} (Path={}, at {place}) would be sent in one request, and which of \
         them the CDN goes by is undocumented; give them folders beside each other, or make them one grant",
        profile.name(),
        profile.cookies().path(),
        earlier.name(),
        earlier.cookies().path(),
    )
}

fn grant(
    raw: Spanned<RawGrant>,
    site: Option<Site<'_>>,
    trace_secret: &TraceSecret,
    reader: &mut Reader<'_>,
) -> Option<Profile> {
    let section = raw.span();
    let raw = raw.into_inner();
    let spans = Spans::of(&raw, &section);
    let needed = |setting, remedy| (Some(&section), setting, remedy);
    let name =
        reader.required(needed("grants.name", "callers ask for a grant by name"), raw.name, Ok::<_, String>);
    let resource =
        needed("grants.resource", "say what it opens, such as \"https://cdn.example.com/podcasts/*\"");
    let resource = reader.required(resource, raw.resource, Ok::<_, String>);
    let ttl = needed("grants.ttl", "say how long cookies last, such as \"15m\"");
    let ttl = reader.required(ttl, raw.ttl, |text: String| duration(&text));
    let ipv6 = one_of(&[("refuse", Ipv6Clients::Refuse), ("omit", Ipv6Clients::Omit)]);
    let given = (raw.ipv6_clients.is_some(), raw.ipv6_clients);
    let ipv6_clients = reader.optional(given.1, ipv6);
    let require = requirements::read(raw.require, reader);
    let trace = trace_key(raw.trace, trace_secret, reader);
    let cookie = cookie(raw.cookie.map(Spanned::into_inner).unwrap_or_default(), reader)?;
    if given.0 && ipv6_clients.is_none() {
        return None;
    }
    let settings = GrantSettings {
        name: name?,
        resource: resource?,
        ttl: ttl?,
        bind_address: raw.bind_address.is_some_and(Spanned::into_inner),
        ipv6_clients,
        require: require?,
        trace: trace?,
        cookie,
    };
    let profile = Profile::new(settings, site?)
        .map_err(|errors| errors.iter().for_each(|error| reader.wrong(&spans.blamed_by(error), error)))
        .ok()?;
    if profile.resource().is_one_folder() {
        let message =
            "it opens this one address and no file below it: resources are patterns, so end it with /*";
        reader.doubtful(spans.settings.get("resource").unwrap_or(&section), message);
    }
    Some(profile)
}

/// `Some(None)`: not traced; `None`: it should be and cannot.
fn trace_key(trace: Field<bool>, secret: &TraceSecret, reader: &mut Reader<'_>) -> Option<Option<TraceKey>> {
    match (trace.filter(|trace| *trace.get_ref()), secret) {
        (None, _) => Some(None),
        (Some(_), TraceSecret::Key(key)) => Some(Some(key.clone())),
        (Some(_), TraceSecret::Wrong) => None,
        (Some(trace), TraceSecret::Missing) => {
            let message = "a trace tag is made with a secret, and audit.key is not given; \
                           add [audit] with key = { file = \"PATH\" } (openssl rand -base64 48)";
            reader.wrong(&trace.span(), message);
            None
        }
    }
}

/// `None` if an attribute is wrong: what depends on it is then not judged.
fn cookie(raw: RawCookie, reader: &mut Reader<'_>) -> Option<CookieSettings> {
    let words = [("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)];
    let same_site = match raw.same_site {
        None => SameSite::Lax,
        given => reader.optional(given, one_of(&words))?,
    };
    Some(CookieSettings {
        domain: raw.domain.map(Spanned::into_inner),
        path: raw.path.map(Spanned::into_inner),
        same_site,
        http_only: raw.http_only.is_none_or(Spanned::into_inner),
        secure: raw.secure.is_none_or(Spanned::into_inner),
    })
}

/// Where each setting of a grant stands.
struct Spans {
    section: Range<usize>,
    settings: HashMap<&'static str, Range<usize>>,
}

impl Spans {
    fn of(raw: &RawGrant, section: &Range<usize>) -> Self {
        fn span<T>(field: &Field<T>) -> Option<Range<usize>> {
            field.as_ref().map(Spanned::span)
        }
        let cookie = raw.cookie.as_ref().map(Spanned::get_ref);
        let settings = [
            ("name", span(&raw.name)),
            ("resource", span(&raw.resource)),
            ("ttl", span(&raw.ttl)),
            ("ipv6_clients", span(&raw.ipv6_clients)),
            ("cookie.domain", cookie.and_then(|cookie| span(&cookie.domain))),
            ("cookie.path", cookie.and_then(|cookie| span(&cookie.path))),
            ("cookie.same_site", cookie.and_then(|cookie| span(&cookie.same_site))),
            ("cookie.secure", cookie.and_then(|cookie| span(&cookie.secure))),
        ];
        let settings = settings.into_iter().filter_map(|(name, span)| Some((name, span?))).collect();
        Self { section: section.clone(), settings }
    }

    /// The setting that an error is about, or the grant if that setting was left out.
    fn blamed_by(&self, error: &ProfileError) -> Range<usize> {
        self.settings.get(error.setting()).unwrap_or(&self.section).clone()
    }
}
