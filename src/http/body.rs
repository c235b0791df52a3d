use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::problem::Problem;

/// Reads a JSON body of at most `limit` bytes: an object, whose names `T` has to keep apart, because two
/// readers of one body must not see two of it. A derived structure does.
///
/// # Errors
/// [`Problem`] for another content type, too many bytes, too few, and for JSON that is no `T`.
pub(super) async fn json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<T, Problem> {
    object(&declared_json(request, payload, limit).await?)
}

/// A body that says nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Reads a [`Nothing`]: declared as JSON, which no form of another site can do, and empty or `{}`.
///
/// # Errors
/// [`Problem`] as [`json`].
pub(super) async fn nothing(request: &HttpRequest, payload: Payload, limit: usize) -> Result<(), Problem> {
    let body = declared_json(request, payload, limit).await?;
    if !body.is_empty() {
        let Nothing {} = object(&body)?;
    }
    Ok(())
}

async fn declared_json(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Vec<u8>, Problem> {
    if !is_json(request) {
        return Err(Problem::ContentType);
    }
    // Refused before it comes, which may be never.
    if declared_length(request).is_some_and(|length| length > limit) {
        return Err(Problem::BodyTooLarge { limit });
    }
    read(payload, limit).await
}

fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A derived structure would take an array for an object.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::Body);
    }
    serde_json::from_slice(bytes).map_err(|_| Problem::Body)
}

/// The whole body. actix-web's own reader begins with 32 KiB of memory for a body of a hundred bytes.
async fn read(mut payload: Payload, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::BodyIncomplete)?;
        if chunk.len() > limit - body.len() {
            return Err(Problem::BodyTooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn declared_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `application/json`, whatever its parameters, and once. Compressed bodies are not taken.
fn is_json(request: &HttpRequest) -> bool {
    let mut declared = request.headers().get_all(header::CONTENT_TYPE);
    let (Some(declared), None) = (declared.next(), declared.next()) else { return false };
    let essence = declared.to_str().ok().and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
        && !request.headers().contains_key(header::CONTENT_ENCODING)
}
