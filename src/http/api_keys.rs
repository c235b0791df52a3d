use actix_web::HttpRequest;
use actix_web::http::header;

use super::problem::Problem;
use crate::config::ApiKey;

/// Lets a request with a configured API key through: `Authorization: Bearer KEY`, once.
///
/// # Errors
/// [`Problem::ApiKey`], the same for a missing, malformed and wrong key.
pub(super) fn authorise(request: &HttpRequest, keys: &[ApiKey]) -> Result<(), Problem> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let (Some(value), None) = (headers.next(), headers.next()) else { return Err(Problem::ApiKey) };
    let (scheme, key) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Problem::ApiKey)?;
    // All keys are compared, whichever fits: the time says nothing of which it was.
    let known = keys.iter().fold(false, |known, candidate| candidate.matches(key.trim().as_bytes()) | known);
    if scheme.eq_ignore_ascii_case("bearer") && known { Ok(()) } else { Err(Problem::ApiKey) }
}
