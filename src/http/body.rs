use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Reads a JSON body of at most `limit` bytes.
///
/// # Errors
/// [`Problem`] for another content type, too many bytes, too few, and for JSON that is no `T`.
pub(super) async fn json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<T, Problem> {
    if !is_json(request) {
        return Err(Problem::ContentType);
    }
    let bytes = match payload.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(Problem::BodyIncomplete),
        Err(_) => return Err(Problem::BodyTooLarge { limit }),
    };
    serde_json::from_slice(&bytes).map_err(|_| Problem::Body)
}

/// `application/json`, whatever its parameters. Compressed bodies are not taken.
fn is_json(request: &HttpRequest) -> bool {
    let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.map(|value| value.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && !request.headers().contains_key(header::CONTENT_ENCODING)
}
