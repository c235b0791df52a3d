//! The audit: one line for each grant that is minted, each session that ends, each revocation, and each request to
//! one of these routes that is refused.
//!
//! A route leaves a [`Trail`] in its request; [`super::guard()`] reads it once the answer stands, so that nothing is
//! written twice and nothing that was not answered. In a line is never a cookie, a ticket, a claim or a query, and of
//! the subject what the configuration lets in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServiceResponse;
use actix_web::{HttpMessage as _, HttpRequest, ResponseError as _, web};
use serde::Serialize;

use super::problem::Problem;
use super::request_id::RequestId;
use super::service::Service;
use crate::config::SubjectRule;
use crate::mint::Minted;
use crate::session::{Session, SessionId, Subject};
use crate::telemetry::{LogLevel, write_line};

/// What the lines are told from others by.
const TARGET: &str = "edgemint::audit";

/// The routes whose refusals are in the audit; those of others are in the log alone.
const ROUTES: [&str; 6] = ["/enter", "/renew", "/status", "/leave", "/v1/mint", "/v1/revoke"];

/// What became known of a request while it was answered.
#[derive(Default)]
struct Trail {
    who: Who,
    /// By which route what was done.
    deed: Option<(&'static str, Deed)>,
}

#[derive(Default)]
struct Who {
    provider: Option<&'static str>,
    api_key: Option<String>,
    /// As it may be written.
    subject: Option<String>,
    session: Option<SessionId>,
    listener: Option<IpAddr>,
}

/// What a request did.
pub(super) enum Deed {
    /// Cookies were given.
    Minted(Vec<Arc<Minted>>),
    /// A listener left.
    Left,
    /// A back end shut somebody out.
    Revoked,
}

/// Notes whose session `provider` (as it is called in the configuration) reads from this request. The first counts.
pub(super) fn identified(
    request: &HttpRequest,
    rule: &SubjectRule,
    provider: &'static str,
    session: &Session,
) {
    note(request, |trail| {
        if trail.who.provider.is_none() {
            trail.who.provider = Some(provider);
            trail.who.subject = written(rule, &session.subject);
            trail.who.session.clone_from(&session.id);
        }
    });
}

/// Notes which back end calls.
pub(super) fn called_by(request: &HttpRequest, api_key: &str) {
    note(request, |trail| trail.who.api_key = Some(api_key.to_owned()));
}

/// Notes whom a back end speaks of.
pub(super) fn concerns(
    request: &HttpRequest,
    rule: &SubjectRule,
    subject: Option<&Subject>,
    session: Option<&SessionId>,
    listener: Option<IpAddr>,
) {
    note(request, |trail| {
        trail.who.subject = subject.and_then(|subject| written(rule, subject));
        trail.who.session = session.cloned();
        trail.who.listener = listener;
    });
}

/// Notes what was done by `route`, which answers with success now.
pub(super) fn done(request: &HttpRequest, route: &'static str, deed: Deed) {
    note(request, |trail| trail.deed = Some((route, deed)));
}

fn note(request: &HttpRequest, write: impl FnOnce(&mut Trail)) {
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Trail>() {
        Some(trail) => write(trail),
        None => {
            let mut trail = Trail::default();
            write(&mut trail);
            extensions.insert(trail);
        }
    }
}

fn written(rule: &SubjectRule, subject: &Subject) -> Option<String> {
    match rule {
        SubjectRule::Plain => Some(subject.as_str().to_owned()),
        SubjectRule::Hashed(pseudonyms) => Some(pseudonyms.of(subject)),
        SubjectRule::Nothing => None,
    }
}

/// Everything that a line may hold.
#[derive(Serialize)]
struct Line<'a> {
    request_id: &'a str,
    route: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    /// Where the request came from, as far as proxies are believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<IpAddr>,
    /// Where a back end says that the listener is.
    #[serde(skip_serializing_if = "Option::is_none")]
    listener: Option<IpAddr>,
    #[serde(flatten)]
    what: What<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What<'a> {
    Minted {
        grant: &'a str,
        /// Epoch seconds.
        expires_at: i64,
        /// The Key-Pair-Id.
        key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        trace_tag: Option<i64>,
    },
    Refused {
        status: u16,
        microseconds: u64,
        code: &'a str,
        reason: String,
    },
    /// All is said.
    Done {},
}

/// Writes the lines of a request that has been answered. `false` if there is nothing that belongs into the audit.
pub(super) fn write(id: &RequestId, response: &ServiceResponse, took: Duration) -> bool {
    let request = response.request();
    let trail = request.extensions_mut().remove::<Trail>().unwrap_or_default();
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    if problem.is_none() && trail.deed.is_none() {
        return false;
    }
    let route = match (&problem, &trail.deed) {
        (None, Some((route, _))) => Some(*route),
        // The pattern is looked up by routing the path again.
        _ => {
            let pattern = request.match_pattern().unwrap_or_default();
            ROUTES.into_iter().find(|route| pattern.ends_with(route))
        }
    };
    let Some(route) = route else { return false };
    let client = request.app_data::<web::Data<Service>>().and_then(|service| service.client(request));
    let Trail { who, deed } = trail;
    let line = |what| Line {
        request_id: id.as_str(),
        route,
        provider: who.provider,
        api_key: who.api_key.as_deref(),
        subject: who.subject.as_deref(),
        session: who.session.as_ref().map(SessionId::as_str),
        client,
        listener: who.listener,
        what,
    };
    match (problem, deed) {
        (Some(problem), _) => refused(problem, took, line),
        (None, Some((_, Deed::Minted(minted)))) => {
            for minted in &minted {
                write_line(TARGET, LogLevel::Info, "minted", &line(What::of(minted)));
            }
        }
        (None, Some((_, Deed::Left))) => write_line(TARGET, LogLevel::Info, "left", &line(What::Done {})),
        (None, Some((_, Deed::Revoked))) => {
            write_line(TARGET, LogLevel::Info, "revoked", &line(What::Done {}))
        }
        (None, None) => {}
    }
    true
}

fn refused<'a>(problem: &'a Problem, took: Duration, line: impl FnOnce(What<'a>) -> Line<'a>) {
    let status = problem.status_code();
    let (level, message) = match status.is_server_error() {
        true => (LogLevel::Error, "failed"),
        false => (LogLevel::Info, "refused"),
    };
    let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let what = What::Refused {
        status: status.as_u16(),
        microseconds,
        code: problem.code(),
        reason: problem.to_string(),
    };
    write_line(TARGET, level, message, &line(what));
}

impl<'a> What<'a> {
    fn of(minted: &'a Minted) -> Self {
        Self::Minted {
            grant: minted.name(),
            expires_at: minted.expires_at(),
            key: minted.key_pair_id().as_str(),
            trace_tag: minted.trace_tag().map(|tag| tag.get()),
        }
    }
}
