use std::net::IpAddr;
use std::pin::pin;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::audit::{self, Deed};
use super::in_time::in_time;
use super::problem::Problem;
use super::service::{self, Service};
use super::{api_keys, body};
use crate::mint::{Asker, Minter, Prepared};
use crate::session::{SessionId, Subject, strict_json};

/// The body of `POST /v1/mint`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MintRequest {
    /// Names of configured grants, each once; a caller never names a URL.
    grants: Vec<String>,
    /// The listener: fills `{sub}`.
    #[serde(default)]
    subject: String,
    /// What the app calls the listener's session: traced cookies and the audit are told by it.
    sid: Option<String>,
    /// Fill `{claim:NAME}`.
    #[serde(default, deserialize_with = "strict_json::object")]
    claims: Map<String, Value>,
    /// The listener's address, for grants that are bound to it. The caller's own means nothing here.
    address: Option<IpAddr>,
}

impl MintRequest {
    /// Who is spoken of, as far as the body says.
    ///
    /// # Errors
    /// [`Problem::Body`] for what no provider would take for a subject or a session.
    fn names(&self) -> Result<(Option<Subject>, Option<SessionId>), Problem> {
        let subject = Some(&self.subject).filter(|subject| !subject.is_empty());
        let subject = subject.map(|subject| Subject::parse(subject)).transpose();
        let session = self.sid.as_deref().map(|name| SessionId::named(name).ok_or(Problem::Body)).transpose();
        Ok((subject.map_err(|_| Problem::Body)?, session?))
    }
}

/// `POST /v1/mint`: the app's back end asks for a listener's cookies, to set them itself.
///
/// Answers `{"grants": […]}` in the order asked for, each as [`crate::mint::Minted::json`].
///
/// # Errors
/// [`Problem`]: all grants or none.
pub(super) async fn mint(
    request: HttpRequest,
    payload: web::Payload,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    api_keys::authorise(&request, &service.api_keys)?;
    let deadline = service.deadline();
    let body = body::json(&request, payload, service.max_body);
    let asked: MintRequest = in_time(deadline, pin!(body)).await.unwrap_or(Err(Problem::BodyLate))?;
    let minter = service.minter()?;
    let grants = find(&minter, &asked.grants)?;

    let now = service::now();
    let (subject, session) = asked.names()?;
    audit::concerns(&request, &service.subjects, subject.as_ref(), session.as_ref(), asked.address);
    let asker = Asker {
        subject: &asked.subject,
        session: session.as_ref().map(SessionId::as_str),
        claims: &asked.claims,
        address: asked.address,
    };
    let prepare = |grant: usize| {
        minter.prepare(grant, &asker, now).map_err(|error| {
            service.metrics.requests().withheld(minter.profiles()[grant].name(), error.code());
            Problem::NoGrant(Some(error))
        })
    };
    let prepared = grants.into_iter().map(prepare).collect::<Result<_, _>>()?;
    let signing = Prepared::reserve(prepared)?.issue();
    let minted = in_time(deadline, pin!(signing)).await.ok_or(Problem::Slow)??;

    let mut json =
        Vec::with_capacity(16 + minted.iter().map(|minted| minted.json().len() + 1).sum::<usize>());
    json.extend_from_slice(br#"{"grants":["#);
    for (index, minted) in minted.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(minted.json());
    }
    json.extend_from_slice(b"]}");
    audit::done(&request, "/v1/mint", Deed::Minted(minted));
    Ok(HttpResponse::Ok().content_type("application/json").body(json))
}

/// Indices of the named grants.
fn find(minter: &Minter, names: &[String]) -> Result<Vec<usize>, Problem> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let index = minter.profiles().iter().position(|profile| profile.name() == name);
        let index = index.ok_or(Problem::UnknownGrant)?;
        if found.contains(&index) {
            return Err(Problem::Body);
        }
        found.push(index);
    }
    if found.is_empty() { Err(Problem::Body) } else { Ok(found) }
}
