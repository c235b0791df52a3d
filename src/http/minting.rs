//! From a session to its cookies: the one way for whoever enters or renews.

use std::pin::pin;
use std::sync::Arc;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponseBuilder};
use tokio::time::Instant;

use super::in_time::in_time;
use super::problem::Problem;
use super::request_id::RequestId;
use super::service::Service;
use crate::mint::{Asker, Minted, Minter, Prepared, Reserved};
use crate::session::{Session, SessionId};

/// Every grant that this session can be given at the second `now` (epoch), where the request comes from. A grant
/// that cannot be (bound to an address that CloudFront has no condition for, a claim that is missing) is left out.
///
/// # Errors
/// [`Problem::NoGrant`] if none is left.
pub(super) fn prepare<'m>(
    minter: &'m Minter,
    request: &HttpRequest,
    service: &Service,
    session: &Session,
    now: i64,
) -> Result<Vec<Prepared<'m>>, Problem> {
    let id = RequestId::of(request);
    let asker = Asker {
        subject: session.subject.as_str(),
        session: session.id.as_ref().map(SessionId::as_str),
        claims: &session.claims,
        address: service.client(request),
    };
    let (mut prepared, mut refused) = (Vec::with_capacity(minter.profiles().len()), None);
    for (index, profile) in minter.profiles().iter().enumerate() {
        match minter.prepare(index, &asker, now) {
            Ok(grant) => prepared.push(grant),
            Err(error) => {
                tracing::debug!(request_id = id.as_ref().map(RequestId::as_str), grant = profile.name(), reason = %error, "grant left out");
                service.metrics.requests().withheld(profile.name(), error.code());
                refused = refused.or(Some(error));
            }
        }
    }
    match (prepared.is_empty(), refused) {
        (false, _) => Ok(prepared),
        (true, reason) => Err(Problem::NoGrant(reason)),
    }
}

/// Signs what has a place.
///
/// # Errors
/// [`Problem::Sign`].
pub(super) async fn issue(reserved: Reserved<'_>) -> Result<Vec<Arc<Minted>>, Problem> {
    Ok(reserved.issue().await?)
}

/// All of it at once, for those who have nothing to do in between.
///
/// # Errors
/// As [`prepare`] and [`issue`]; [`Problem::NoActiveKey`], [`Problem::Busy`] and [`Problem::Slow`].
pub(super) async fn mint(
    request: &HttpRequest,
    service: &Service,
    session: &Session,
    now: i64,
    deadline: Instant,
) -> Result<Vec<Arc<Minted>>, Problem> {
    let minter = service.minter()?;
    let reserved = Prepared::reserve(prepare(&minter, request, service, session, now)?)?;
    in_time(deadline, pin!(issue(reserved))).await.unwrap_or(Err(Problem::Slow))
}

/// Puts the cookies into an answer.
pub(super) fn set_cookies(response: &mut HttpResponseBuilder, minted: &[Arc<Minted>]) {
    for cookie in minted.iter().flat_map(|minted| minted.sent_as(header_values)) {
        response.append_header((header::SET_COOKIE, cookie.clone()));
    }
}

fn header_values(cookies: &[bytes::Bytes]) -> Vec<HeaderValue> {
    let value = |cookie: &bytes::Bytes| HeaderValue::from_maybe_shared(cookie.clone());
    cookies.iter().map(|cookie| value(cookie).expect("a cookie is made of visible ASCII")).collect()
}

/// Puts the cookie of a session of our own into an answer.
pub(super) fn set_session(response: &mut HttpResponseBuilder, cookie: String) {
    let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(cookie));
    response.append_header((header::SET_COOKIE, value.expect("base64 and attributes are visible ASCII")));
}
