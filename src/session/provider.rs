//! The one interface of all session providers.

use std::io;

use thiserror::Error;

use super::header::{HeaderProvider, HeaderSettings};
use super::introspect::{IntrospectProvider, IntrospectSettings};
use super::jose::KeySettingsError;
use super::jwt::{JwtProvider, JwtSettings};
use super::outbound::ClientError;
use super::own::OwnSessions;
use super::redis_session::{RedisSessionSettings, RedisSessions};
use super::{Ambiguous, Failures, Presented, Session};

/// What a provider is made of: its section of the configuration.
#[derive(Clone, Debug)]
pub enum ProviderSettings {
    /// `[header]`.
    Header(HeaderSettings),
    /// `[jwt]`.
    Jwt(JwtSettings),
    /// `[introspect]`.
    Introspect(IntrospectSettings),
    /// `[redis]`.
    Redis(Box<RedisSessionSettings>),
}

impl ProviderSettings {
    /// As [`Provider::name`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Jwt(_) => "jwt",
            Self::Introspect(_) => "introspect",
            Self::Redis(_) => "redis",
        }
    }
}

/// What says who is asking. Exactly one is configured for browsers.
#[derive(Debug)]
pub enum Provider {
    /// A ticket started a session of our own.
    Own(OwnSessions),
    /// A proxy in front of this service names the listener.
    Header(HeaderProvider),
    /// A token of the app or of its identity provider names the listener.
    Jwt(JwtProvider),
    /// The app is asked.
    Introspect(IntrospectProvider),
    /// The app keeps its sessions in Redis.
    Redis(RedisSessions),
}

/// Why a provider names nobody. Nothing of what was presented is in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProviderRefusal {
    /// Nothing was presented that could prove anything.
    #[error("no credential was presented")]
    Missing,
    /// What was presented proves nothing: a stable name in snake case, for logs and metric labels.
    #[error("the credential was refused: {0}")]
    Refused(&'static str),
    /// The provider cannot tell, which is never a yes: what it depends on failed, in the words of the log.
    #[error("the session provider cannot tell: {0}")]
    Unavailable(String),
}

impl From<Ambiguous> for ProviderRefusal {
    fn from(_: Ambiguous) -> Self {
        Self::Refused("ambiguous")
    }
}

/// Why no provider can be made of settings.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// What tokens are verified by.
    #[error(transparent)]
    Keys(#[from] KeySettingsError),
    /// The app cannot be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The system gives no thread.
    #[error("cannot keep a connection to the Redis of the app's sessions: {0}")]
    Redis(io::Error),
}

impl Provider {
    /// The provider that `settings` describe. Call it within the runtime that lives as long as the service:
    /// what a provider does in the background, and every request that it makes itself, runs there.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub fn new(settings: ProviderSettings) -> Result<Self, ProviderError> {
        match settings {
            ProviderSettings::Header(settings) => Ok(Self::Header(HeaderProvider::new(settings))),
            ProviderSettings::Jwt(settings) => Ok(Self::Jwt(JwtProvider::new(settings)?)),
            ProviderSettings::Introspect(settings) => {
                Ok(Self::Introspect(IntrospectProvider::new(settings)?))
            }
            ProviderSettings::Redis(settings) => {
                RedisSessions::new(*settings).map(Self::Redis).map_err(ProviderError::Redis)
            }
        }
    }

    /// As it is called in the configuration, in logs and in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Own(_) => "own",
            Self::Header(_) => "header",
            Self::Jwt(_) => "jwt",
            Self::Introspect(_) => "introspect",
            Self::Redis(_) => "redis",
        }
    }

    /// What it depends on, as metrics call that, and how often that has failed.
    pub fn upstream(&self) -> Option<(&'static str, Failures)> {
        match self {
            Self::Own(_) | Self::Header(_) => None,
            Self::Jwt(jwt) => jwt.failures().map(|failures| ("jwks", failures)),
            Self::Introspect(introspect) => Some(("introspect", introspect.failures())),
            Self::Redis(redis) => Some(("redis", redis.failures())),
        }
    }

    /// The sessions of our own, if it is those: the only ones that are renewed and ended here.
    pub fn own(&self) -> Option<&OwnSessions> {
        match self {
            Self::Own(own) => Some(own),
            _ => None,
        }
    }

    /// Whether what it depends on answers, as far as is known. Asks nobody.
    pub fn is_answering(&self) -> bool {
        match self {
            Self::Jwt(jwt) => jwt.has_keys(),
            // Whether the app answers shows when it is asked, and an instance that nobody asks never saw it recover.
            Self::Own(_) | Self::Header(_) | Self::Introspect(_) => true,
            Self::Redis(redis) => redis.is_answering(),
        }
    }

    /// Who presents this, at the second `now` (epoch).
    ///
    /// # Errors
    /// [`ProviderRefusal`], for the operator only: tell the sender no more than its kind.
    pub async fn identify(&self, presented: &dyn Presented, now: i64) -> Result<Session, ProviderRefusal> {
        match self {
            Self::Own(own) => own.identify(presented, now),
            Self::Header(header) => header.identify(presented),
            // What asks others keeps a lot while it waits, which every request would carry around.
            Self::Jwt(jwt) => Box::pin(jwt.identify(presented, now)).await,
            Self::Introspect(introspect) => Box::pin(introspect.identify(presented, now)).await,
            Self::Redis(redis) => Box::pin(redis.identify(presented, now)).await,
        }
    }
}
