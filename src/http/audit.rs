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

use super::problem::Problem;
use super::service::Service;
use super::traced::Traced;
use crate::config::SubjectRule;
use crate::mint::Minted;
use crate::session::{Session, SessionId, Subject};
use crate::telemetry::{Fields, LogLevel, write_line};

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

/// Calls `count` with the name of each grant that was minted for a request.
pub(super) fn each_minted(request: &HttpRequest, count: impl Fn(&str)) {
    let extensions = request.extensions();
    if let Some((_, Deed::Minted(minted))) = extensions.get::<Trail>().and_then(|trail| trail.deed.as_ref()) {
        minted.iter().for_each(|minted| count(minted.name()));
    }
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

/// Writes the lines of a request that has been answered. `false` if there is nothing that belongs into the audit.
pub(super) fn write(
    traced: &Traced,
    response: &ServiceResponse,
    problem: Option<&Problem>,
    took: Duration,
) -> bool {
    let request = response.request();
    let trail = request.extensions_mut().remove::<Trail>().unwrap_or_default();
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
    let about = |fields: &mut Fields<'_>| {
        traced.add_to(fields);
        fields.add_text("route", route);
        let session = who.session.as_ref().map(SessionId::as_str);
        for (name, text) in [
            ("provider", who.provider),
            ("api_key", who.api_key.as_deref()),
            ("subject", who.subject.as_deref()),
            ("session", session),
        ] {
            if let Some(text) = text {
                fields.add_text(name, text);
            }
        }
        // `client`: where the request came from, as far as proxies are believed. `listener`: where a back end says that
        // the listener is.
        for (name, address) in [("client", client), ("listener", who.listener)] {
            if let Some(address) = address {
                fields.add(name, &address);
            }
        }
    };
    match (problem, deed) {
        (Some(problem), _) => refused(problem, took, about),
        (None, Some((_, Deed::Minted(minted)))) => {
            for minted in &minted {
                write_line(TARGET, LogLevel::Info, "minted", |fields| {
                    about(fields);
                    fields.add_text("grant", minted.name());
                    fields.add("expires_at", &minted.expires_at());
                    fields.add_text("key", minted.key_pair_id().as_str());
                    if let Some(tag) = minted.trace_tag() {
                        fields.add("trace_tag", &tag.get());
                    }
                });
            }
        }
        (None, Some((_, Deed::Left))) => write_line(TARGET, LogLevel::Info, "left", about),
        (None, Some((_, Deed::Revoked))) => write_line(TARGET, LogLevel::Info, "revoked", about),
        (None, None) => {}
    }
    true
}

fn refused(problem: &Problem, took: Duration, about: impl FnOnce(&mut Fields<'_>)) {
    let status = problem.status_code();
    let (level, message) = match status.is_server_error() {
        true => (LogLevel::Error, "failed"),
        false => (LogLevel::Info, "refused"),
    };
    write_line(TARGET, level, message, |fields| {
        about(fields);
        fields.add("status", &status.as_u16());
        fields.add("microseconds", &u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        fields.add_text("code", problem.code());
        fields.add_text("reason", &problem.to_string());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What anybody may ask for, and nobody is named.
    fn is_public(route: &str) -> bool {
        ["/healthz", "/readyz", "/openapi.json"].contains(&route) || route.starts_with("/player")
    }

    #[test]
    fn every_route_is_audited_or_public() {
        let source = include_str!("routes.rs");
        let paths = source.split("&at(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let (audited, others): (Vec<_>, Vec<_>) = paths.partition(|path| ROUTES.contains(path));
        assert_eq!(audited.len(), ROUTES.len(), "{audited:?}");
        assert!(others.iter().all(|route| is_public(route)), "{others:?}");
    }
}
