//! The Path of a grant's cookies, and when two grants' cookies would meet (rules §6, RFC 6265 §5.1.4).

use crate::cloudfront::CookieScope;

use super::cookie_domain::domain_matches;

/// The narrowest Path that covers a resource. `literal` is the path of the resource up to its first
/// wildcard, placeholder or query; `whole` says that nothing but a query comes behind it. A single
/// file gets its own path; anything else the folder that it certainly lies in, since a cookie's
/// Path has no wildcards.
pub(super) fn covering_path(literal: &str, whole: bool) -> &str {
    match literal.rfind('/') {
        Some(slash) if !whole => &literal[..=slash],
        _ => literal,
    }
}

/// RFC 6265 §5.1.4: whether a request for `path` is sent cookies of this cookie path.
pub(super) fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

/// Whether some request could be sent both sets of cookies. They have the same names, so which one
/// the edge goes by is undocumented. The hosts are those that the cookies are for if host-only.
pub(super) fn overlap(left: (&CookieScope, &str), right: (&CookieScope, &str)) -> bool {
    let reaches = |(scope, host): (&CookieScope, &str), other: &str| match scope.domain() {
        Some(domain) => domain_matches(other, domain),
        None => host == other,
    };
    // The broadest name that each reaches stands for all of them: two domains have a host in
    // common only if one of the two lies in the other.
    let name = |(scope, host): (&CookieScope, &str)| scope.domain().unwrap_or(host).to_owned();
    let hosts_meet = reaches(left, &name(right)) || reaches(right, &name(left));
    let (left, right) = (left.0.path(), right.0.path());
    hosts_meet && (path_matches(left, right) || path_matches(right, left))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cloudfront::SameSite;

    #[test]
    fn follows_the_examples_of_the_rfc() {
        for (path, cookie_path, expected) in [
            ("/podcasts/1.mp3", "/podcasts/", true),
            ("/podcasts/1.mp3", "/podcasts", true),
            ("/podcasts", "/podcasts", true),
            ("/podcasts/", "/podcasts", true),
            ("/podcasts", "/podcasts/", false),
            ("/podcasts-old/1.mp3", "/podcasts", false),
            ("/Podcasts/1.mp3", "/podcasts/", false),
            ("/anything", "/", true),
        ] {
            assert_eq!(path_matches(path, cookie_path), expected, "{path} {cookie_path}");
        }
    }

    #[test]
    fn covers_a_folder_or_one_file() {
        for (literal, whole, expected) in [
            ("/podcasts/", false, "/podcasts/"),
            ("/podcasts/show-", false, "/podcasts/"),
            ("/pod", false, "/"),
            ("/", false, "/"),
            ("/podcasts/1.mp3", true, "/podcasts/1.mp3"),
            ("/podcasts/", true, "/podcasts/"),
        ] {
            assert_eq!(covering_path(literal, whole), expected, "{literal} {whole}");
        }
    }

    fn scope(domain: Option<&str>, path: &str) -> CookieScope {
        CookieScope::new(domain.map(str::to_owned), path.to_owned(), SameSite::Lax, true, true).unwrap()
    }

    const HOSTS: [&str; 5] = ["e.com", "a.e.com", "b.e.com", "c.a.e.com", "ae.com"];
    const PATHS: [&str; 8] = ["/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/ab/", "/b"];

    /// RFC 6265 §5.4 read literally, for one request.
    fn is_sent(scope: &CookieScope, own: &str, host: &str, path: &str) -> bool {
        let to_host = match scope.domain() {
            None => host == own,
            Some(domain) => host == domain || host.ends_with(&format!(".{domain}")),
        };
        let folder = format!("{}/", scope.path().trim_end_matches('/'));
        let to_path = path == scope.path() || path.starts_with(&folder) && (scope.path().len() <= path.len());
        to_host && to_path
    }

    proptest! {
        #[test]
        fn overlap_is_what_some_request_would_be_sent_both(
            (a, b) in (any::<bool>(), any::<bool>()),
            (i, j) in (0..HOSTS.len(), 0..HOSTS.len()),
            (p, q) in (0..PATHS.len(), 0..PATHS.len()),
        ) {
            let left = scope(a.then_some(HOSTS[i]), PATHS[p]);
            let right = scope(b.then_some(HOSTS[j]), PATHS[q]);
            let both = HOSTS.iter().any(|host| PATHS.iter().any(|path| {
                is_sent(&left, HOSTS[i], host, path) && is_sent(&right, HOSTS[j], host, path)
            }));
            prop_assert_eq!(overlap((&left, HOSTS[i]), (&right, HOSTS[j])), both);
            prop_assert_eq!(overlap((&right, HOSTS[j]), (&left, HOSTS[i])), both);
            prop_assert!(overlap((&left, HOSTS[i]), (&left, HOSTS[i])));
        }

        #[test]
        fn a_covering_path_covers_every_file_of_the_resource(
            literal in "/([a-c]{1,3}/){0,3}[a-c]{0,3}",
            rest in "[a-c/]{0,6}",
            whole in any::<bool>(),
        ) {
            let cookie_path = covering_path(&literal, whole);
            let file = if whole { literal.clone() } else { format!("{literal}{rest}") };
            prop_assert!(path_matches(&file, cookie_path), "{file} {cookie_path}");
        }
    }
}
