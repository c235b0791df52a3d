//! Asks Redis for the record that a cookie names.

use std::io;

use super::super::record::RecordFields;
use super::super::redis::{RedisClient, RedisFailure, RedisSettings, Use};
use super::super::{Failures, Presented, ProviderRefusal, Session, SessionId};
use super::{IdForm, KeyTemplate, SessionCookie};

/// How an app keeps its sessions: `[redis]`.
#[derive(Clone, Debug)]
pub struct RedisSessionSettings {
    /// Where the records are.
    pub redis: RedisSettings,
    /// The cookie that holds the id.
    pub cookie: SessionCookie,
    /// In which form the id stands in the key.
    pub id: IdForm,
    /// The key of a record.
    pub key: KeyTemplate,
    /// What a record says, and where.
    pub fields: RecordFields,
}

/// The sessions of an app. Nothing of them is remembered: each request asks anew.
#[derive(Debug)]
pub struct RedisSessions {
    client: RedisClient,
    cookie: SessionCookie,
    id: IdForm,
    key: KeyTemplate,
    fields: RecordFields,
    failures: Failures,
}

impl RedisSessions {
    /// Begins to connect in the background.
    ///
    /// # Errors
    /// If the system gives no thread for the connection.
    pub fn new(settings: RedisSessionSettings) -> io::Result<Self> {
        let RedisSessionSettings { redis, cookie, id, key, fields } = settings;
        let client = RedisClient::open(&redis, "redis", Use::Look)?;
        Ok(Self { client, cookie, id, key, fields, failures: Failures::default() })
    }

    /// Whether Redis answers, as far as is known.
    pub(in super::super) fn is_answering(&self) -> bool {
        self.client.health().is_ok()
    }

    /// Records that Redis was asked for in vain.
    pub(in super::super) fn failures(&self) -> Failures {
        self.failures.clone()
    }

    /// The session whose cookie is presented. It is named after the id in the key, which is what the app's back end
    /// knows it by.
    ///
    /// A record that is none is a refusal, whatever is wrong with it: who could choose the key must not be able to
    /// make an outage of it. Only what keeps Redis from answering is one.
    pub(in super::super) async fn identify(
        &self,
        presented: &dyn Presented,
        now: i64,
    ) -> Result<Session, ProviderRefusal> {
        let id = self.id.of(self.cookie.id(presented)?);
        let record = self.client.value(&self.key.key(&id), RecordFields::MAX_BYTES).await;
        let record = record.map_err(|failure| {
            let refusal = refusal(failure);
            if let ProviderRefusal::Unavailable(_) = refusal {
                self.failures.note();
            }
            refusal
        });
        let record = record?.ok_or(ProviderRefusal::Refused("no_session"))?;
        let session = self.fields.read(&record, now).map_err(ProviderRefusal::Refused)?;
        Ok(Session { id: Some(SessionId::of(&id)), ..session })
    }
}

fn refusal(failure: RedisFailure) -> ProviderRefusal {
    match failure {
        RedisFailure::TooLarge => ProviderRefusal::Refused("record_too_large"),
        RedisFailure::Refused("WRONGTYPE") => ProviderRefusal::Refused("record_of_another_type"),
        failure => ProviderRefusal::Unavailable(failure.to_string()),
    }
}
