use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::timeout_at;

use super::problem::Problem;
use super::service::{self, Service};
use super::{api_keys, body};
use crate::mint::{Asker, Minter, Prepared};
use crate::session::strict_json;

/// The body of `POST /v1/mint`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MintRequest {
    /// Names of configured grants, each once; a caller never names a URL.
    grants: Vec<String>,
    /// Fills `{sub}`.
    #[serde(default)]
    subject: String,
    /// Fill `{claim:NAME}`.
    #[serde(default, deserialize_with = "strict_json::object")]
    claims: Map<String, Value>,
    /// The listener's address, for grants that are bound to it. The caller's own means nothing here.
    address: Option<IpAddr>,
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
    let asked: MintRequest = timeout_at(deadline, body).await.unwrap_or(Err(Problem::BodyLate))?;
    let minter = service.minter()?;
    let grants = find(&minter, &asked.grants)?;

    let now = service::now();
    let asker =
        Asker { subject: &asked.subject, session: None, claims: &asked.claims, address: asked.address };
    let prepare = |grant| minter.prepare(grant, &asker, now).map_err(|error| Problem::NoGrant(Some(error)));
    let prepared = grants.into_iter().map(prepare).collect::<Result<_, _>>()?;
    let signing = Prepared::reserve(prepared)?.issue();
    let minted = timeout_at(deadline, signing).await.map_err(|_| Problem::Slow)??;

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
