//! `[rotation]`: what `edgemint keys rotate` needs to know.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_spanned::Spanned;
use url::Url;

use crate::keyring::{ACCOUNT_LIMIT, KEY_GROUP_LIMIT, Settings};
use crate::mint::Profile;
use crate::rotation::{CanaryUrl, Place, ProofSettings};

use super::Config;
use super::fields::{Reader, duration_in, number_in};
use super::raw::{Field, RawRotation};

/// `[rotation]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationConfig {
    /// The id of the key group that the distribution's behaviours trust.
    pub key_group: String,
    /// The id of the distribution, to be looked at as well.
    pub distribution: Option<String>,
    /// What takes the place of the AWS endpoint.
    pub endpoint_url: Option<String>,
    /// How a key is proven at the edge.
    pub proof: ProofSettings,
    /// What is added to the time that a retired key stays in the key group.
    pub margin: Duration,
    /// The most public keys in one key group.
    pub group_limit: usize,
    /// The most public keys in the account.
    pub account_limit: usize,
}

impl RotationConfig {
    /// What is rotated in CloudFront.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { key_group: self.key_group.clone(), distribution: self.distribution.clone() }
    }

    /// What the plan goes by, with the rest of the configuration in which this section stands.
    #[must_use]
    pub fn settings(&self, config: &Config) -> Settings {
        let (group_limit, account_limit) = (self.group_limit, self.account_limit);
        Settings { margin: self.margin, group_limit, account_limit, ..without_rotation(config) }
    }

    const DEFAULT_MARGIN: Duration = Duration::from_mins(5);
}

impl Config {
    /// What tells how long a key retires, whether keys are rotated with this configuration or elsewhere.
    #[must_use]
    pub fn retirement(&self) -> Settings {
        self.rotation.as_ref().map_or_else(|| without_rotation(self), |rotation| rotation.settings(self))
    }
}

fn without_rotation(config: &Config) -> Settings {
    Settings {
        longest_lifetime: config.grants.iter().map(Profile::ttl).max().unwrap_or_default(),
        expiry_step: config.mint.expiry_step,
        reload_interval: config.keyring.poll,
        margin: RotationConfig::DEFAULT_MARGIN,
        group_limit: KEY_GROUP_LIMIT,
        account_limit: ACCOUNT_LIMIT,
    }
}

const DAY: Duration = Duration::from_hours(24);

/// `None` without the section, or if a problem was noted.
pub(super) fn read_rotation(raw: Field<RawRotation>, reader: &mut Reader<'_>) -> Option<RotationConfig> {
    let raw = raw?;
    let section = raw.span();
    let RawRotation {
        key_group,
        distribution,
        endpoint_url,
        canary,
        proofs,
        proof_interval,
        proof_deadline,
        margin,
        group_limit,
        account_limit,
    } = raw.into_inner();
    let needed = |setting, remedy| (Some(&section), setting, remedy);
    let remedy =
        "give the id of the key group that your distribution trusts (`aws cloudfront list-key-groups`)";
    let key_group = reader.required(needed("rotation.key_group", remedy), key_group, resource_id);
    let remedy = "name a small file of a protected path, such as \"https://cdn.example.com/podcasts/canary.txt\": a new \
                  key signs only after the edge was seen to accept it";
    let canary =
        reader.required(needed("rotation.canary", remedy), canary, |text: String| CanaryUrl::parse(&text));
    let distribution = reader.optional(distribution, resource_id);
    let endpoint_url = reader.optional(endpoint_url, endpoint);
    let proofs = reader.optional(proofs, number_in(1..=1000)).and_then(|proofs| u32::try_from(proofs).ok());
    let proofs = proofs.unwrap_or(ProofSettings::DEFAULT_PROOFS);
    let interval = duration_in(Duration::from_millis(10), Duration::from_mins(10));
    let interval = reader.optional(proof_interval, interval).unwrap_or(ProofSettings::DEFAULT_INTERVAL);
    let deadline_span = proof_deadline.as_ref().map_or_else(|| section.clone(), Spanned::span);
    let deadline = reader.optional(proof_deadline, duration_in(Duration::from_secs(1), DAY));
    let deadline = deadline.unwrap_or(ProofSettings::DEFAULT_DEADLINE);
    let margin = reader.optional(margin, duration_in(Duration::ZERO, DAY));
    let margin = margin.unwrap_or(RotationConfig::DEFAULT_MARGIN);
    let group_limit = reader.optional(group_limit, number_in(2..=1000)).unwrap_or(KEY_GROUP_LIMIT);
    let account_limit = reader.optional(account_limit, number_in(2..=10_000)).unwrap_or(ACCOUNT_LIMIT);
    let proof = ProofSettings { canary: canary?, proofs: NonZeroU32::new(proofs)?, interval, deadline };
    if proof.least() >= deadline {
        let [least, deadline] = [proof.least(), deadline].map(humantime::format_duration);
        reader.wrong(&deadline_span, format!(
            "{proofs} proofs take {least} at least, and proof_deadline is {deadline}; write a later deadline, fewer proofs \
             or a shorter proof_interval"
        ));
        return None;
    }
    Some(RotationConfig {
        key_group: key_group?,
        distribution,
        endpoint_url,
        proof,
        margin,
        group_limit,
        account_limit,
    })
}

/// The id of something in CloudFront.
fn resource_id(text: String) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
        true => Ok(text),
        false => Err(format!("{text:?} is no id of CloudFront; write the id, not the name or the ARN")),
    }
}

fn endpoint(text: String) -> Result<String, String> {
    let wrong =
        || format!("{text:?} is no endpoint; write a URL without a path, such as \"http://127.0.0.1:8082\"");
    let url = Url::parse(&text).map_err(|_| wrong())?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    match ["http", "https"].contains(&url.scheme()) && url.has_host() && is_bare && is_anonymous {
        true => Ok(text),
        false => Err(wrong()),
    }
}
