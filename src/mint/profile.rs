//! A grant as it is used: everything about it has been checked, so that minting needs no doubts.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::cloudfront::browser::is_local_host;
use crate::cloudfront::{CookieScope, CookieScopeError, EpochSeconds, Policy, Resource, SameSite};

use super::cookie_domain::{CookieDomainError, cookie_domain};
use super::cookie_path::{covering_path, overlap, path_matches};
use super::requirement::Requirement;
use super::resource_template::{FillError, ResourceTemplate, TemplateError};
use super::trace_tag::TraceKey;

/// The longest lifetime of a grant. Minted cookies cannot be called back, so with the expiry step it
/// bounds how long a leaked set works; a player renews long before.
pub const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

const MAX_NAME: usize = 64;

/// A grant as configured, not yet checked.
#[derive(Debug, Clone)]
pub struct GrantSettings {
    /// What callers ask for it by.
    pub name: String,
    /// A resource pattern, with placeholders.
    pub resource: String,
    /// How long minted cookies last at least: expiries are rounded up to the step, so it is up to one
    /// second less than a step more.
    pub ttl: Duration,
    /// Whether cookies work only from the address that they were minted for.
    pub bind_address: bool,
    /// What to do with IPv6 clients; only if bound to an address.
    pub ipv6_clients: Option<Ipv6Clients>,
    /// What a session's claims have to say for it to get the grant; all of it.
    pub require: Vec<Requirement>,
    /// Makes trace tags, if the cookies are to tell for which session they were minted.
    pub trace: Option<TraceKey>,
    /// The attributes of the cookies.
    pub cookie: CookieSettings,
}

/// Cookie attributes as configured, not yet checked.
#[derive(Debug, Clone)]
pub struct CookieSettings {
    /// `None`: host-only.
    pub domain: Option<String>,
    /// `None`: derived from the resource.
    pub path: Option<String>,
    /// When browsers send them from other sites.
    pub same_site: SameSite,
    /// Hidden from scripts.
    pub http_only: bool,
    /// Only over TLS.
    pub secure: bool,
}

/// What a grant has to fit: where browsers reach edgemint, and how expiries are rounded.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The host of `public_url`, without port, in lower case.
    pub public_host: &'a str,
    /// Whether `public_url` is plain http, which only a development host may be.
    pub is_plain_http: bool,
    /// Expiries are rounded up to a multiple of it.
    pub expiry_step: Duration,
}

/// CloudFront checks IPv4 addresses only (rules §2); this is what a bound grant does for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ipv6Clients {
    /// They get no cookies.
    Refuse,
    /// They get cookies that are not bound.
    Omit,
}

/// Whether a grant's cookies work only from one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressRule {
    /// From anywhere.
    Any,
    /// From the IPv4 address that asked for them.
    Bound(Ipv6Clients),
}

/// A checked grant.
#[derive(Debug, Clone)]
pub struct Profile {
    name: String,
    ttl: Duration,
    resource: ResourceTemplate,
    address: AddressRule,
    require: Vec<Requirement>,
    trace: Option<TraceKey>,
    cookies: CookieScope,
}

/// Why a grant cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A name that could not stand in a URL or a metric.
    #[error("{0:?} cannot name a grant; write 1 to {MAX_NAME} of a-z, 0-9, - and _")]
    Name(String),
    /// See [`TemplateError`].
    #[error(transparent)]
    Resource(#[from] TemplateError),
    /// Rounded up, such a lifetime would be a multiple of what was asked for.
    #[error(
        "a lifetime of {ttl} is shorter than mint.expiry_step ({step}), to which expiries are rounded up; \
         lengthen it or shorten the step",
        ttl = humantime::format_duration(*ttl), step = humantime::format_duration(*step)
    )]
    TtlBelowStep {
        /// The lifetime.
        ttl: Duration,
        /// The expiry step.
        step: Duration,
    },
    /// Cookies cannot be called back.
    #[error(
        "a lifetime of {ttl} is too long, because minted cookies cannot be called back; \
         write at most 24h and let the player renew",
        ttl = humantime::format_duration(*.0)
    )]
    TtlTooLong(Duration),
    /// CloudFront and policies count whole seconds.
    #[error(
        "a lifetime of {ttl} is not in whole seconds, which is what a policy counts; drop the fraction",
        ttl = humantime::format_duration(*.0)
    )]
    TtlFraction(Duration),
    /// Meaningless without an address.
    #[error(
        "it says what happens to IPv6 clients of a grant bound to an address, and this grant is not; add bind_address = true or drop it"
    )]
    Ipv6WithoutBinding,
    /// See [`CookieDomainError`].
    #[error(transparent)]
    Domain(#[from] CookieDomainError),
    /// See [`CookieScopeError`].
    #[error(transparent)]
    Cookie(#[from] CookieScopeError),
    /// The derived path cannot be written into a cookie.
    #[error(
        "its path {0:?} cannot be a cookie's path because of a ; or comma; set cookie.path to a folder above it"
    )]
    UnusablePath(String),
    /// The CDN would not be sent the cookies for some of the resource.
    #[error(
        "{path:?} does not cover the resource, which needs {needed:?} or a folder above it; widen it or leave it out"
    )]
    PathTooNarrow {
        /// The path given.
        path: String,
        /// The narrowest that would do.
        needed: String,
    },
    /// Browsers drop such cookies.
    #[error(
        "browsers drop cookies with SameSite=None that are not Secure; set secure = true or same_site = \"lax\""
    )]
    NoneWithoutSecure,
    /// Cookies would travel in clear text.
    #[error(
        "cookies without Secure travel in clear text; it may be off only while server.public_url is http:// on a development host"
    )]
    InsecureCookie,
}

impl ProfileError {
    /// The setting to blame, within the grant: `ttl`, `cookie.domain`.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Resource(_) | Self::UnusablePath(_) => "resource",
            Self::TtlBelowStep { .. } | Self::TtlTooLong(_) | Self::TtlFraction(_) => "ttl",
            Self::Ipv6WithoutBinding => "ipv6_clients",
            Self::Domain(_) | Self::Cookie(CookieScopeError::Domain(_)) => "cookie.domain",
            Self::Cookie(CookieScopeError::Path(_)) | Self::PathTooNarrow { .. } => "cookie.path",
            Self::NoneWithoutSecure => "cookie.same_site",
            Self::InsecureCookie => "cookie.secure",
        }
    }
}

impl Profile {
    /// # Errors
    /// Everything about the grant that cannot work.
    pub fn new(settings: GrantSettings, site: Site<'_>) -> Result<Self, Vec<ProfileError>> {
        let mut errors = Vec::new();
        errors.extend(check_name(&settings.name).err());
        errors.extend(check_ttl(settings.ttl, site.expiry_step).err());
        if settings.ipv6_clients.is_some() && !settings.bind_address {
            errors.push(ProfileError::Ipv6WithoutBinding);
        }
        errors.extend(check_attributes(&settings.cookie, site));
        let resource = ResourceTemplate::parse(&settings.resource).map_err(|error| errors.push(error.into()));
        // Domain and Path can be judged only against a resource.
        let scope = resource.and_then(|resource| {
            let domain = cookie_domain(settings.cookie.domain.as_deref(), resource.host(), site.public_host)
                .map_err(|error| errors.push(error.into()));
            let path =
                cookie_path(settings.cookie.path.as_deref(), &resource).map_err(|error| errors.push(error));
            let CookieSettings { same_site, secure, http_only, .. } = settings.cookie;
            let cookies = CookieScope::new(domain?, path?, same_site, secure, http_only)
                .map_err(|error| errors.push(error.into()))?;
            Ok((resource, cookies))
        });
        match scope {
            Ok((resource, cookies)) if errors.is_empty() => Ok(Self {
                name: settings.name,
                ttl: settings.ttl,
                resource,
                address: match settings.bind_address {
                    false => AddressRule::Any,
                    true => AddressRule::Bound(settings.ipv6_clients.unwrap_or(Ipv6Clients::Refuse)),
                },
                require: settings.require,
                trace: settings.trace,
                cookies,
            }),
            _ => Err(errors),
        }
    }

    /// What callers ask for it by: 1 to 64 of `a-z`, `0-9`, `-`, `_`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shortest that cookies last. Expiries are rounded up to the expiry step, so they last up to a
    /// step less one second longer. Whole seconds, at most [`MAX_TTL`].
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// As configured, placeholders unfilled.
    #[must_use]
    pub fn resource(&self) -> &ResourceTemplate {
        &self.resource
    }

    /// Names of the claims that it depends on, some perhaps twice.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.require.iter().map(Requirement::top_claim).chain(self.resource.claims())
    }

    /// Whether cookies are bound to the address that asked for them.
    #[must_use]
    pub fn address(&self) -> AddressRule {
        self.address
    }

    /// The attributes of every cookie of this grant.
    #[must_use]
    pub fn cookies(&self) -> &CookieScope {
        &self.cookies
    }

    /// What a session's claims have to say; nothing if everybody may have it.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.require
    }

    /// Whether each set of cookies tells for which session it was minted.
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    /// Whether all listeners who may have it can share one signature: neither placeholders nor an address nor a
    /// trace tag.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !self.resource.has_placeholder() && self.address == AddressRule::Any && !self.is_traced()
    }

    /// Whether some request could be sent the cookies of both grants (rules §6).
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        overlap((&self.cookies, self.resource.host()), (&other.cookies, other.resource.host()))
    }

    /// The first requirement that these claims do not meet.
    pub(super) fn unmet_requirement(&self, claims: &Map<String, Value>) -> Option<&Requirement> {
        self.require.iter().find(|requirement| !requirement.is_met_by(claims))
    }

    pub(super) fn trace_key(&self) -> Option<&TraceKey> {
        self.trace.as_ref()
    }

    /// The resource for one listener: the session's subject and claims put into the placeholders.
    ///
    /// # Errors
    /// [`FillError`] if a claim is missing or a value may not stand in a resource.
    pub(super) fn prepare_resource(
        &self,
        subject: &str,
        claims: &Map<String, Value>,
    ) -> Result<Resource, FillError> {
        self.resource.fill(subject, claims)
    }

    /// The largest policy that any listener can get, for checking that its cookies fit.
    ///
    /// # Errors
    /// [`FillError`] if the filled resource is longer than CloudFront takes, or `expires` long past.
    pub(super) fn largest_policy(&self, expires: EpochSeconds) -> Result<Policy, FillError> {
        let mut policy = Policy::new(self.resource.longest()?, expires);
        if matches!(self.address, AddressRule::Bound(_)) {
            policy = policy.from_address(Ipv4Addr::BROADCAST.into());
        }
        match self.is_traced() {
            true => Ok(policy.starting_after(TraceKey::last_tag())?),
            false => Ok(policy),
        }
    }
}

/// One line for people: what it opens, for how long, with which cookies.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (self.is_shared(), self.address) {
            (true, _) => "one signature for all listeners",
            (false, AddressRule::Any) => "signed per listener",
            (false, AddressRule::Bound(Ipv6Clients::Refuse)) => {
                "bound to the listener's IPv4 address, IPv6 refused"
            }
            (false, AddressRule::Bound(Ipv6Clients::Omit)) => {
                "bound to the listener's IPv4 address, IPv6 unbound"
            }
        };
        let traced = if self.is_traced() { ", with a trace tag" } else { "" };
        let cookies = &self.cookies;
        write!(
            f,
            "{}: {} for {}, {kind}{traced}",
            self.name,
            self.resource,
            humantime::format_duration(self.ttl)
        )?;
        for (index, requirement) in self.require.iter().enumerate() {
            write!(f, "{} {requirement}", if index == 0 { "; only if" } else { " and" })?;
        }
        match cookies.domain() {
            Some(domain) => write!(f, "; cookies with Domain={domain}")?,
            None => write!(f, "; host-only cookies for {}", self.resource.host())?,
        }
        write!(f, ", Path={}, SameSite={}", cookies.path(), cookies.same_site())?;
        f.write_str(if cookies.is_secure() { ", Secure" } else { "" })?;
        f.write_str(if cookies.is_http_only() { ", HttpOnly" } else { "" })
    }
}

fn check_name(name: &str) -> Result<(), ProfileError> {
    match is_plain_name(name) {
        true => Ok(()),
        false => Err(ProfileError::Name(name.to_owned())),
    }
}

/// 1 to 64 of `a-z`, `0-9`, `-` and `_`: what may stand in a URL, a log and a metric as it is.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(allowed)
}

fn check_ttl(ttl: Duration, step: Duration) -> Result<(), ProfileError> {
    if ttl.subsec_nanos() != 0 {
        Err(ProfileError::TtlFraction(ttl))
    } else if ttl < step {
        Err(ProfileError::TtlBelowStep { ttl, step })
    } else if ttl > MAX_TTL {
        Err(ProfileError::TtlTooLong(ttl))
    } else {
        Ok(())
    }
}

fn check_attributes(cookie: &CookieSettings, site: Site<'_>) -> Option<ProfileError> {
    if cookie.secure {
        None
    } else if cookie.same_site == SameSite::None {
        Some(ProfileError::NoneWithoutSecure)
    } else if !(site.is_plain_http && is_local_host(site.public_host)) {
        Some(ProfileError::InsecureCookie)
    } else {
        None
    }
}

fn cookie_path(given: Option<&str>, resource: &ResourceTemplate) -> Result<String, ProfileError> {
    let (literal, is_single_file) = resource.literal_path();
    let needed = covering_path(literal, is_single_file);
    let Some(given) = given else {
        return match CookieScope::check_path(needed) {
            Ok(()) => Ok(needed.to_owned()),
            Err(_) => Err(ProfileError::UnusablePath(needed.to_owned())),
        };
    };
    CookieScope::check_path(given)?;
    if !path_matches(needed, given) {
        return Err(ProfileError::PathTooNarrow { path: given.to_owned(), needed: needed.to_owned() });
    }
    Ok(given.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: Site<'static> = Site {
        public_host: "listen.example.com",
        is_plain_http: false,
        expiry_step: Duration::from_secs(60),
    };

    fn settings(resource: &str) -> GrantSettings {
        GrantSettings {
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
        }
    }

    fn profile(resource: &str) -> Profile {
        Profile::new(settings(resource), SITE).unwrap()
    }

    fn refused(change: impl FnOnce(&mut GrantSettings)) -> Vec<ProfileError> {
        let mut settings = settings("https://cdn.example.com/podcasts/*");
        change(&mut settings);
        Profile::new(settings, SITE).map(|profile| profile.to_string()).unwrap_err()
    }

    #[test]
    fn derives_the_cookies_from_the_resource() {
        for (resource, path, shared) in [
            ("https://cdn.example.com/podcasts/*", "/podcasts/", true),
            ("https://cdn.example.com/podcasts/{sub}/*", "/podcasts/", false),
            ("https://cdn.example.com/podcasts/1.mp3", "/podcasts/1.mp3", true),
            ("https://cdn.example.com/*", "/", true),
        ] {
            let profile = profile(resource);
            assert_eq!((profile.cookies().path(), profile.is_shared()), (path, shared), "{resource}");
        }
        let mut bound = settings("https://cdn.example.com/podcasts/*");
        bound.bind_address = true;
        let bound = Profile::new(bound, SITE).unwrap();
        assert!(!bound.is_shared());
        assert_eq!(bound.address(), AddressRule::Bound(Ipv6Clients::Refuse));
    }

    #[test]
    fn refuses_what_cannot_work() {
        let seconds = Duration::from_secs;
        let ttl = |ttl| refused(|grant| grant.ttl = ttl);
        assert_eq!(ttl(seconds(59)), [ProfileError::TtlBelowStep { ttl: seconds(59), step: seconds(60) }]);
        assert_eq!(ttl(seconds(86_401)), [ProfileError::TtlTooLong(seconds(86_401))]);
        assert_eq!(
            ttl(Duration::from_millis(60_500)),
            [ProfileError::TtlFraction(Duration::from_millis(60_500))]
        );
        for name in ["", "Podcasts", "a b", "a/b", "ä", &"x".repeat(65)] {
            assert_eq!(refused(|grant| grant.name = name.into()), [ProfileError::Name(name.into())]);
        }
        assert_eq!(
            refused(|grant| grant.ipv6_clients = Some(Ipv6Clients::Omit)),
            [ProfileError::Ipv6WithoutBinding]
        );
        assert_eq!(refused(|grant| grant.cookie.secure = false), [ProfileError::InsecureCookie]);
        let both = |grant: &mut GrantSettings| {
            (grant.cookie.secure, grant.cookie.same_site) = (false, SameSite::None);
        };
        assert_eq!(refused(both), [ProfileError::NoneWithoutSecure]);
        for path in ["podcasts/", "", "/podcasts/*", "/a;b", "/a b", "/\u{e9}", "https://cdn.example.com/"] {
            assert_eq!(
                refused(|grant| grant.cookie.path = Some(path.into())),
                [ProfileError::Cookie(CookieScopeError::Path(path.into()))]
            );
        }
        for path in ["/podcasts/new", "/pod", "/podcasts/new/", "/Podcasts/"] {
            let too_narrow = ProfileError::PathTooNarrow { path: path.into(), needed: "/podcasts/".into() };
            assert_eq!(refused(|grant| grant.cookie.path = Some(path.into())), [too_narrow]);
        }
        let semicolon = refused(|grant| grant.resource = "https://cdn.example.com/a;b/*".into());
        assert_eq!(semicolon, [ProfileError::UnusablePath("/a;b/".into())]);
    }

    #[test]
    fn names_everything_that_is_wrong_at_once() {
        let errors = refused(|grant| {
            grant.name = "A".into();
            grant.ttl = Duration::from_secs(1);
            grant.cookie.domain = Some("com".into());
            grant.cookie.path = Some("/x".into());
        });
        let settings: Vec<_> = errors.iter().map(ProfileError::setting).collect();
        assert_eq!(settings, ["name", "ttl", "cookie.domain", "cookie.path"]);
    }

    #[test]
    fn tells_grants_that_would_be_confused() {
        let podcasts = profile("https://cdn.example.com/podcasts/*");
        assert!(podcasts.overlaps(&profile("https://cdn.example.com/*")));
        assert!(podcasts.overlaps(&profile("https://cdn.example.com/podcasts/premium/*")));
        assert!(podcasts.overlaps(&profile("https://other.example.com/podcasts/*")), "one Domain, one Path");
        assert!(!podcasts.overlaps(&profile("https://cdn.example.com/videos/*")));
        assert!(!podcasts.overlaps(&profile("https://cdn.example.com/podcasts-old/*")));
    }
}
