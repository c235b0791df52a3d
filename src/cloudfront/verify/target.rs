use std::borrow::Cow;

use super::ViewerRequest;
use super::credentials::is_credential;

/// What was asked for, in the sections that a policy is held against (rules §2). They stay apart:
/// written into one text and taken apart again, a host that holds a slash would move the border, and a
/// policy for `/podcasts/*` would open `/private/`. That a value exists proves that no host does.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    pub(super) scheme: &'a str,
    pub(super) host: &'a str,
    /// From the first slash to the query.
    pub(super) path: &'a str,
    /// Behind the first question mark; `None` where there is none.
    pub(super) query: Option<Cow<'a, str>>,
}

impl<'a> Target<'a> {
    /// What the request asks for, to the byte.
    ///
    /// # Errors
    /// What is wrong with it, for the trace.
    pub(super) fn of(request: &ViewerRequest<'a>) -> Result<Self, &'static str> {
        let ViewerRequest { scheme, host, path_and_query, .. } = *request;
        if !matches!(scheme, "https" | "http") {
            return Err("the scheme is neither https nor http");
        }
        if host.is_empty() {
            return Err("the host is empty");
        }
        if !is_host(host) {
            return Err("the host holds a byte that no host holds");
        }
        if !path_and_query.starts_with('/') {
            return Err("the path does not begin with a slash");
        }
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(Cow::Borrowed(query))),
            None => (path_and_query, None),
        };
        Ok(Self { scheme, host, path, query })
    }

    /// Takes a whole URL apart: what a policy is tried on before it is signed.
    pub(super) fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (host, path_and_query) = rest.split_at(rest.find('/')?);
        Self::of(&ViewerRequest { scheme, host, path_and_query, cookies: &[], address: None }).ok()
    }

    /// A signed URL is signed without the parameters that signing added.
    pub(super) fn without_credentials(self) -> Self {
        let query = self.query.and_then(|query| {
            let name = |pair: &&str| !is_credential(pair.split_once('=').map_or(*pair, |(name, _)| name));
            let kept: Vec<&str> = query.split('&').filter(name).collect();
            (!kept.is_empty()).then(|| Cow::Owned(kept.join("&")))
        });
        Self { query, ..self }
    }

    /// The URL that a canned policy names. No other target has the same: the host holds no slash and
    /// the path no question mark.
    pub(super) fn url(&self) -> String {
        let Self { scheme, host, path, query } = self;
        match query {
            Some(query) => format!("{scheme}://{host}{path}?{query}"),
            None => format!("{scheme}://{host}{path}"),
        }
    }
}

/// Whether a `Host` header is made of what hosts are made of: names, addresses, a port. Nothing in it
/// can end the host (RFC 9110 §7.2).
pub(crate) fn is_host(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:[]-".contains(&byte))
}
