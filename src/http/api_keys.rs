use actix_web::HttpRequest;
use actix_web::http::header;

use super::audit;
use super::problem::Problem;
use crate::session::api_key::ApiKeys;

/// Lets a request with a configured API key through: `Authorization: Bearer KEY`, once. Whose it is goes into the audit.
///
/// # Errors
/// [`Problem::ApiKey`], the same for a missing, malformed and wrong key.
pub(super) fn authorise(request: &HttpRequest, keys: &ApiKeys) -> Result<(), Problem> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let (Some(value), None) = (headers.next(), headers.next()) else { return Err(Problem::ApiKey) };
    let (scheme, key) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Problem::ApiKey)?;
    let name = keys.name_of(key.trim().as_bytes()).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
    audit::called_by(request, name.ok_or(Problem::ApiKey)?);
    Ok(())
}
