//! The configuration as it is written: names and TOML types only. Every value carries its position,
//! so that what is found wrong with it later has a place. Everything is optional here, because a
//! missing setting is reported together with everything else that is wrong.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_spanned::Spanned;

use super::providers::{RawHeader, RawIntrospect, RawJwks, RawJwt, RawRedis, RawTokenKey};

/// A setting that may be absent.
pub(super) type Field<T> = Option<Spanned<T>>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawConfig {
    pub(super) server: Field<RawServer>,
    pub(super) log: Field<RawLog>,
    pub(super) metrics: Field<RawMetrics>,
    pub(super) traces: Field<RawTraces>,
    pub(super) keyring: Field<RawKeyring>,
    pub(super) mint: Field<RawMint>,
    pub(super) grants: Field<Vec<Spanned<RawGrant>>>,
    pub(super) ticket: Field<RawTicket>,
    pub(super) jwt: Field<RawJwt>,
    pub(super) introspect: Field<RawIntrospect>,
    pub(super) store: Field<RawStore>,
    pub(super) header: Field<RawHeader>,
    pub(super) redis: Field<RawRedis>,
    pub(super) session: Field<RawSession>,
    pub(super) api_keys: Field<Vec<Spanned<RawApiKey>>>,
    pub(super) audit: Field<RawAudit>,
    pub(super) rotation: Field<RawRotation>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawServer {
    pub(super) listen: Field<String>,
    pub(super) public_url: Field<String>,
    pub(super) base_path: Field<String>,
    pub(super) app_origins: Field<Vec<Spanned<String>>>,
    pub(super) default_return: Field<String>,
    pub(super) trusted_proxies: Field<Vec<Spanned<String>>>,
    pub(super) workers: Field<i64>,
    pub(super) max_connections: Field<i64>,
    pub(super) max_body: Field<i64>,
    pub(super) head_timeout: Field<String>,
    pub(super) request_timeout: Field<String>,
    pub(super) keep_alive: Field<String>,
    pub(super) shutdown_timeout: Field<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawLog {
    pub(super) format: Field<String>,
    pub(super) level: Field<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawKeyring {
    pub(super) directory: Field<String>,
    pub(super) store: Field<String>,
    pub(super) poll: Field<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawMetrics {
    pub(super) listen: Field<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawTraces {
    pub(super) endpoint: Field<String>,
    pub(super) ratio: Field<f64>,
    pub(super) timeout: Field<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawMint {
    pub(super) expiry_step: Field<String>,
    pub(super) max_signatures: Field<i64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawGrant {
    pub(super) name: Field<String>,
    pub(super) resource: Field<String>,
    pub(super) ttl: Field<String>,
    pub(super) bind_address: Field<bool>,
    pub(super) ipv6_clients: Field<String>,
    pub(super) require: Field<Vec<Spanned<RawRequirement>>>,
    pub(super) trace: Field<bool>,
    pub(super) cookie: Field<RawCookie>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawCookie {
    pub(super) domain: Field<String>,
    pub(super) path: Field<String>,
    pub(super) same_site: Field<String>,
    pub(super) http_only: Field<bool>,
    pub(super) secure: Field<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawTicket {
    pub(super) issuer: Field<String>,
    pub(super) audience: Field<String>,
    pub(super) max_lifetime: Field<String>,
    pub(super) leeway: Field<String>,
    pub(super) keys: Field<Vec<Spanned<RawTokenKey>>>,
    pub(super) jwks: Field<RawJwks>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawSession {
    pub(super) secrets: Field<Vec<Spanned<RawReference>>>,
    pub(super) max_age: Field<String>,
    pub(super) idle: Field<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawStore {
    pub(super) file: Field<String>,
    pub(super) redis: Field<RawReference>,
    pub(super) ca: Field<RawReference>,
    pub(super) deadline: Field<String>,
    pub(super) prefix: Field<String>,
    pub(super) revocations: Field<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawApiKey {
    pub(super) name: Field<String>,
    pub(super) secret: Field<RawReference>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawRequirement {
    pub(super) claim: Field<String>,
    pub(super) equals: Field<RawValue>,
    pub(super) any_of: Field<Vec<Spanned<RawValue>>>,
    pub(super) contains: Field<RawValue>,
}

/// What a claim is compared with.
pub(super) enum RawValue {
    Text(String),
    Number(i64),
    Flag(bool),
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = RawValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a claim value")
            }

            fn visit_str<E>(self, text: &str) -> Result<RawValue, E> {
                Ok(RawValue::Text(text.to_owned()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<RawValue, E> {
                Ok(RawValue::Number(number))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<RawValue, E> {
                Ok(RawValue::Flag(flag))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawAudit {
    pub(super) subject: Field<String>,
    pub(super) key: Field<RawReference>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct RawRotation {
    pub(super) key_group: Field<String>,
    pub(super) canary: Field<String>,
    pub(super) proofs: Field<i64>,
    pub(super) proof_interval: Field<String>,
    pub(super) proof_deadline: Field<String>,
    pub(super) margin: Field<String>,
    pub(super) distribution: Field<String>,
    pub(super) endpoint_url: Field<String>,
    pub(super) group_limit: Field<i64>,
    pub(super) account_limit: Field<i64>,
}

/// Where a secret or a key is kept; never the thing itself.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a reference")]
pub(super) struct RawReference {
    pub(super) file: Field<String>,
    pub(super) env: Field<String>,
}

impl RawReference {
    /// The names in a reference.
    pub(super) const NAMES: [&str; 2] = ["file", "env"];
}
