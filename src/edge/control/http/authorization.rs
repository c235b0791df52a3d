//! Requests have to be signed, as AWS wants them (Signature Version 4). The double looks at the form alone: there are
//! no credentials here that a signature could be checked with.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;

use super::answers::Problem;

/// The name of the service in the scope of a credential.
const SERVICE: &str = "cloudfront";

/// # Errors
/// [`Problem`] of AWS's common errors: nothing there, not of the form, or signed for another service.
pub(super) fn is_signed(request: &HttpRequest) -> Result<(), Problem> {
    let header = request.headers().get(AUTHORIZATION).ok_or(Problem::MissingAuthenticationToken)?;
    let parts = header.to_str().ok().and_then(|header| header.strip_prefix("AWS4-HMAC-SHA256 "));
    let parts = parts.ok_or(Problem::IncompleteSignature)?;
    let part = |name: &str| {
        let mut found = parts.split(',').filter_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        found.next().filter(|value| !value.is_empty()).ok_or(Problem::IncompleteSignature)
    };
    let (credential, _, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let is_hex = signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
    // key id / date / region / service / aws4_request
    let scope: Vec<&str> = credential.split('/').collect();
    match scope[..] {
        [key, date, region, service, "aws4_request"] if is_hex && ![key, date, region].contains(&"") => {
            if service == SERVICE {
                Ok(())
            } else {
                Err(Problem::SignatureDoesNotMatch)
            }
        }
        _ => Err(Problem::IncompleteSignature),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn signed(header: &str) -> Result<(), Problem> {
        is_signed(&TestRequest::default().insert_header((AUTHORIZATION, header)).to_http_request())
    }

    #[test]
    fn a_signature_has_all_its_parts() {
        let signature = "0123456789abcdef".repeat(4);
        let good = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20261121/us-east-1/cloudfront/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature={signature}"
        );
        assert_eq!(signed(&good), Ok(()));
        assert_eq!(signed(&good.replace(", ", ",")), Ok(()));
        for bad in [
            "",
            "Bearer token",
            "AWS AKID:signature",
            &good.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
            &good.replace("Signature=", "Sig="),
            &good.replace("SignedHeaders=host;x-amz-date, ", ""),
            &good.replace("us-east-1/", ""),
            &good.replace("AKID", ""),
            &good.replace("aws4_request", "aws5_request"),
            &good.replace(&signature, "abc"),
            &good.replace("0123", "ghij"),
        ] {
            assert_eq!(signed(bad), Err(Problem::IncompleteSignature), "{bad}");
        }
        assert_eq!(signed(&good.replace("cloudfront", "s3")), Err(Problem::SignatureDoesNotMatch));
        let unsigned = is_signed(&TestRequest::default().to_http_request());
        assert_eq!(unsigned, Err(Problem::MissingAuthenticationToken));
    }
}
