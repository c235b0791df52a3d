use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::json::Json;
use super::pattern;
use super::target::Target;

/// The last second that CloudFront reads (rules §2).
const LAST_SECOND: i64 = 2_147_483_647;

/// A policy as the edge reads it. That it was signed is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPolicy {
    /// `None` grants everything that trusts the key (rules §2): the edge takes it, signing never writes it.
    pub(super) resource: Option<String>,
    /// `DateLessThan`, epoch seconds.
    pub(super) expires: i64,
    /// `DateGreaterThan`, epoch seconds.
    pub(super) starts_after: Option<i64>,
    /// `IpAddress`.
    pub(super) source_ip: Option<Ipv4Net>,
    canned: bool,
}

impl SignedPolicy {
    /// Reads a custom policy: one statement, known members only, each once (rules §2). White space
    /// is read over: what counts is that the signature is over the very bytes.
    ///
    /// # Errors
    /// What is wrong with it, for the trace.
    pub fn parse(document: &[u8]) -> Result<Self, &'static str> {
        let json =
            serde_json::from_slice(document).map_err(|_| "not JSON, or members are repeated or too many")?;
        let [Some(Json::Array(statements))] = members(json, ["Statement"])? else {
            return Err("no list of statements");
        };
        let Ok([statement]) = <[Json; 1]>::try_from(statements) else {
            return Err("not exactly one statement");
        };
        let [resource, condition] = members(statement, ["Resource", "Condition"])?;
        let resource = match resource {
            None => None,
            Some(Json::Text(pattern)) => Some(pattern),
            Some(_) => return Err("the resource is not one text"),
        };
        let condition = condition.ok_or("no condition")?;
        let [expires, start, address] = members(condition, ["DateLessThan", "DateGreaterThan", "IpAddress"])?;
        Ok(Self {
            resource,
            expires: epoch(expires.ok_or("no DateLessThan")?)?,
            starts_after: start.map(epoch).transpose()?,
            source_ip: address.map(network).transpose()?,
            canned: false,
        })
    }

    /// What it grants; `None` is everything that trusts the key.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// When access ends, epoch seconds.
    #[must_use]
    pub fn expires(&self) -> i64 {
        self.expires
    }

    /// After which second access begins (epoch), if that is said.
    #[must_use]
    pub fn starts_after(&self) -> Option<i64> {
        self.starts_after
    }

    pub(super) fn kind(&self) -> &'static str {
        if self.canned { "canned policy" } else { "custom policy" }
    }

    /// Whether the resource covers what was asked for. A canned policy was rebuilt from it, so there
    /// only a wildcard (rules §2) and a path that climbs are left to refuse.
    pub(super) fn matches(&self, target: &Target<'_>) -> bool {
        !pattern::has_dot_segment(target.path)
            && match &self.resource {
                None => true,
                Some(resource) if self.canned => !resource.contains('*'),
                Some(resource) => pattern::matches(resource, target),
            }
    }

    pub(super) fn admits(&self, address: Option<Ipv4Addr>) -> bool {
        match (self.source_ip, address) {
            (None, _) => true,
            (Some(network), Some(address)) => network.contains(&address),
            (Some(_), None) => false,
        }
    }
}

/// Rebuilds what a canned signature is over, from the URL and the expiry (rules §2), to the byte.
pub(super) fn canned(url: String, expires: &str) -> Result<(Vec<u8>, SignedPolicy), &'static str> {
    // `007` and `+7` are numbers to a lenient reader, and other bytes than those that were signed.
    let plain = expires.bytes().all(|byte| byte.is_ascii_digit()) && !expires.starts_with('0');
    let seconds = expires.parse().ok().filter(|seconds| plain && (1..=LAST_SECOND).contains(seconds));
    let expires = seconds.ok_or("the expiry is not a number of seconds")?;
    let resource = serde_json::Value::from(url.as_str());
    let document = format!(
        r#"{{"Statement":[{{"Resource":{resource},"Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}"#
    );
    let policy =
        SignedPolicy { resource: Some(url), expires, starts_after: None, source_ip: None, canned: true };
    Ok((document.into_bytes(), policy))
}

/// The members of an object under the given names; any other name is refused (inferred).
fn members<const N: usize>(json: Json, names: [&str; N]) -> Result<[Option<Json>; N], &'static str> {
    let Json::Object(found) = json else { return Err("not an object where one belongs") };
    let mut values = [const { None }; N];
    for (name, value) in found {
        let place = names.iter().position(|known| *known == name).ok_or("an unknown member")?;
        values[place] = Some(value);
    }
    Ok(values)
}

fn epoch(json: Json) -> Result<i64, &'static str> {
    match members(json, ["AWS:EpochTime"])? {
        [Some(Json::Integer(seconds))] if (1..=LAST_SECOND).contains(&seconds) => Ok(seconds),
        _ => Err("a time is not an unquoted number of seconds"),
    }
}

fn network(json: Json) -> Result<Ipv4Net, &'static str> {
    let [Some(Json::Text(text))] = members(json, ["AWS:SourceIp"])? else {
        return Err("no source address");
    };
    let parsed = text.parse().ok().or_else(|| text.parse().ok().map(|address: Ipv4Addr| address.into()));
    parsed.ok_or("the source address is not an IPv4 address or network")
}
