use std::time::Duration;

use super::CredentialPlace;
use crate::session::outbound::{Authorities, Endpoint};
use crate::session::redis_session::{Pointer, RecordFields};

/// Whom to ask, and what the answer means: `[introspect]`.
#[derive(Clone, Debug)]
pub struct IntrospectSettings {
    /// What is asked.
    pub url: Endpoint,
    /// How it is asked.
    pub method: IntrospectMethod,
    /// Trusted in place of the system's authorities, if given.
    pub authorities: Option<Authorities>,
    /// What is forwarded.
    pub credential: CredentialPlace,
    /// Where in the answer, one JSON object, everything stands.
    pub answer: RecordFields,
    /// Where the app's own name of the session stands, if it tells.
    pub session: Option<Pointer>,
    /// How long a yes is remembered; none at all if zero.
    pub cache: Duration,
    /// Requests that are under way at one time; what comes on top is told to come back.
    pub max_requests: usize,
}

/// How the app is asked. There is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntrospectMethod {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

impl IntrospectMethod {
    /// The method's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl IntrospectSettings {
    /// How long a yes is remembered unless told otherwise.
    pub const DEFAULT_CACHE: Duration = Duration::from_secs(5);
    /// How long it can be remembered at most: so much longer is somebody let in who has logged out.
    pub const MAX_CACHE: Duration = Duration::from_secs(60);
    /// Requests at one time unless told otherwise.
    pub const DEFAULT_MAX_REQUESTS: usize = 64;
}
