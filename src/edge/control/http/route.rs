//! Which call a method and a path are.

use actix_web::http::Method;

use crate::edge::control::operation::Operation;

/// The version of the API that is in every path.
pub(super) const VERSION: &str = "2020-05-31";

/// The call and the id in its path, which is empty for the calls that have none.
pub(super) fn route<'a>(method: &Method, path: &'a str) -> Option<(Operation, &'a str)> {
    let rest = path.strip_prefix('/')?.strip_prefix(VERSION)?.strip_prefix('/')?;
    let mut segments = rest.split('/');
    let collection = segments.next()?;
    let (id, last) = (segments.next(), segments.next());
    if segments.next().is_some() || id == Some("") {
        return None;
    }
    let operation = match (collection, method.as_str(), id, last) {
        ("public-key", "POST", None, None) => Operation::CreatePublicKey,
        ("public-key", "GET", None, None) => Operation::ListPublicKeys,
        ("public-key", "GET", Some(_), None) => Operation::GetPublicKey,
        ("public-key", "GET", Some(_), Some("config")) => Operation::GetPublicKeyConfig,
        ("public-key", "PUT", Some(_), Some("config")) => Operation::UpdatePublicKey,
        ("public-key", "DELETE", Some(_), None) => Operation::DeletePublicKey,
        ("key-group", "POST", None, None) => Operation::CreateKeyGroup,
        ("key-group", "GET", None, None) => Operation::ListKeyGroups,
        ("key-group", "GET", Some(_), None) => Operation::GetKeyGroup,
        ("key-group", "GET", Some(_), Some("config")) => Operation::GetKeyGroupConfig,
        // Unlike a public key's, the path has no `config`.
        ("key-group", "PUT", Some(_), None) => Operation::UpdateKeyGroup,
        ("key-group", "DELETE", Some(_), None) => Operation::DeleteKeyGroup,
        ("distribution", "GET", Some(_), None) => Operation::GetDistribution,
        _ => return None,
    };
    Some((operation, id.unwrap_or_default()))
}

/// Where the service puts what a call created.
pub(super) fn collection(operation: Operation) -> &'static str {
    match operation {
        Operation::CreateKeyGroup => "key-group",
        _ => "public-key",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_the_calls_is_no_call() {
        for (method, path) in [
            (Method::GET, "/"),
            (Method::GET, "/public-key"),
            (Method::GET, "/2020-05-31"),
            (Method::GET, "/2019-03-26/public-key"),
            (Method::GET, "/2020-05-31public-key"),
            (Method::GET, "/2020-05-31/public-key/"),
            (Method::GET, "/2020-05-31/public-key/K1/"),
            (Method::GET, "/2020-05-31/public-key/K1/config/more"),
            (Method::PUT, "/2020-05-31/public-key/K1"),
            (Method::PUT, "/2020-05-31/key-group/1/config"),
            (Method::POST, "/2020-05-31/public-key/K1"),
            (Method::DELETE, "/2020-05-31/public-key"),
            (Method::GET, "/2020-05-31/distribution"),
            (Method::DELETE, "/2020-05-31/distribution/E1"),
            (Method::HEAD, "/2020-05-31/public-key"),
        ] {
            assert_eq!(route(&method, path), None, "{method} {path}");
        }
        assert_eq!(route(&Method::PUT, "/2020-05-31/key-group/1"), Some((Operation::UpdateKeyGroup, "1")));
    }
}
