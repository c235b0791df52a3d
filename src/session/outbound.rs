//! Requests that providers make: to URLs of the configuration alone, with a bound on everything.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, RequestBuilder, Response, StatusCode};
use thiserror::Error;
use url::Url;

use crate::cloudfront::browser::is_local_host;

/// How long a request may take, from the first byte of its connection to the last of its answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// The longest body that is read, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A URL that is asked: `https`, or `http` on this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

impl Endpoint {
    /// Accepts a URL.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text).map_err(|_| EndpointError::NotHttps)?;
        match (url.scheme(), url.host_str()) {
            ("https", Some(_)) => {}
            ("http", Some(host)) if is_local_host(host) => {}
            ("http", Some(_)) => return Err(EndpointError::PlainHttp),
            _ => return Err(EndpointError::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(EndpointError::Fragment);
        }
        Ok(Self(url))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The URL without a query, in which there may be a key: what the log is told.
    pub(super) fn place(&self) -> &str {
        let text = self.as_str();
        text.split_once('?').map_or(text, |(place, _)| place)
    }
}

/// Without the query, which may hold a key.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.place())
    }
}

/// Why a text is not an [`Endpoint`]. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Not an `https` URL at all.
    #[error("this is no URL to ask; write one that begins with https://")]
    NotHttps,
    /// Plain `http` to another machine.
    #[error("http is accepted to localhost, *.localhost, 127.0.0.0/8 and [::1] only; write https://")]
    PlainHttp,
    /// A user name or a password.
    #[error("the URL holds a user name or a password, which would be in every log; write it without")]
    Credentials,
    /// A fragment, which is never sent.
    #[error("the URL has a fragment (#…), which is never sent; write it without")]
    Fragment,
}

/// Certificates of authorities that are trusted in place of the system's.
#[derive(Clone)]
pub struct Authorities(Vec<Certificate>);

impl Authorities {
    /// Reads the certificates of a PEM.
    ///
    /// # Errors
    /// [`AuthoritiesError`] if there are none, or one cannot be read.
    pub fn parse(pem: &str) -> Result<Self, AuthoritiesError> {
        let certificates = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| AuthoritiesError)?;
        if certificates.is_empty() {
            return Err(AuthoritiesError);
        }
        // What is inside is read only when a client is made of it.
        let client = reqwest::Client::builder().tls_certs_only(certificates.clone()).build();
        client.map(|_| Self(certificates)).map_err(|_| AuthoritiesError)
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorities({})", self.0.len())
    }
}

/// A text holds no certificates of authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "this holds no certificate that can be read; give the authority's, from -----BEGIN CERTIFICATE----- on"
)]
pub struct AuthoritiesError;

/// Asks one endpoint. It follows no redirect, tries nothing twice, and minds no proxy of the environment.
#[derive(Debug)]
pub(super) struct Client {
    client: reqwest::Client,
    endpoint: Endpoint,
}

/// No client can be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "cannot make requests over TLS: {0}; install the system's certificates (ca-certificates), or configure ca"
)]
pub struct ClientError(String);

impl Client {
    /// A client of `endpoint`; without `authorities` it trusts those of the system.
    pub(super) fn new(endpoint: Endpoint, authorities: Option<Authorities>) -> Result<Self, ClientError> {
        let mut client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .timeout(DEADLINE)
            .user_agent(concat!("edgemint/", env!("CARGO_PKG_VERSION")));
        match authorities {
            Some(Authorities(certificates)) => client = client.tls_certs_only(certificates),
            // Without TLS no certificate counts, and the system need not have any.
            None if endpoint.0.scheme() == "http" => client = client.tls_certs_only([]),
            None => {}
        }
        let client = client.build().map_err(|error| ClientError(chain(&error)))?;
        Ok(Self { client, endpoint })
    }

    /// A request with nothing of anybody's in it yet.
    pub(super) fn request(&self, method: reqwest::Method) -> RequestBuilder {
        let request = self.client.request(method, self.endpoint.0.clone());
        request.header(ACCEPT, HeaderValue::from_static("application/json"))
    }
}

/// Sends a request, and reads the body of an answer with status 200; of others the status says all.
pub(super) async fn send(request: RequestBuilder) -> Result<Answer, Outage> {
    let response = request.send().await.map_err(Outage::of)?;
    let status = response.status();
    let body = match status {
        StatusCode::OK => body(response).await?,
        _ => Vec::new(),
    };
    Ok(Answer { status, body })
}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Empty unless the status is 200.
    pub(super) body: Vec<u8>,
}

async fn body(mut response: Response) -> Result<Vec<u8>, Outage> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Outage::of)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Outage::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why an endpoint has not said what it was asked. For the log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Outage {
    #[error("it did not answer in full within {} s", DEADLINE.as_secs())]
    Late,
    #[error("it cannot be reached: {0}")]
    Connection(String),
    #[error("its answer has more than {MAX_BODY} bytes")]
    TooLarge,
    #[error("it redirects elsewhere ({0}), where it is not followed")]
    Redirect(u16),
    #[error("it answered {0}")]
    Status(u16),
    #[error("its answer is not what it should be: {0}")]
    Malformed(&'static str),
}

impl Outage {
    fn of(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Late;
        }
        // Whoever reads the log knows which endpoint is meant.
        Self::Connection(chain(&error.without_url()))
    }

    /// A stable name in snake case.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Connection(_) => "connection",
            Self::TooLarge => "too_large",
            Self::Redirect(_) => "redirect",
            Self::Status(_) => "status",
            Self::Malformed(_) => "malformed",
        }
    }

    /// For a status that answers nothing.
    pub(super) fn status(status: StatusCode) -> Self {
        match status.is_redirection() {
            true => Self::Redirect(status.as_u16()),
            false => Self::Status(status.as_u16()),
        }
    }
}

/// An error and everything behind it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_https_or_on_this_machine() {
        for good in [
            "https://login.example.com/.well-known/jwks.json",
            "https://login.example.com:8443/keys?v=1",
            "http://localhost:5173/api/session",
            "http://127.0.0.1:3000/",
            "http://app.localhost/",
            "http://[::1]:3000/",
        ] {
            assert_eq!(Endpoint::parse(good).unwrap().as_str(), good);
        }
        let shown =
            format!("{0} {0:?}", Endpoint::parse("https://login.example.com/keys?key=s3cret").unwrap());
        assert_eq!(shown, "https://login.example.com/keys Endpoint(https://login.example.com/keys)");
        use EndpointError::{Credentials, Fragment, NotHttps, PlainHttp};
        for (bad, expected) in [
            ("", NotHttps),
            ("login.example.com/keys", NotHttps),
            ("/keys", NotHttps),
            ("file:///etc/passwd", NotHttps),
            ("ftp://login.example.com/keys", NotHttps),
            ("unix:/run/app.sock", NotHttps),
            ("https://", NotHttps),
            ("http://login.example.com/keys", PlainHttp),
            ("http://169.254.169.254/latest/meta-data", PlainHttp),
            ("http://localhost.example.com/keys", PlainHttp),
            ("https://me@login.example.com/keys", Credentials),
            ("https://:secret@login.example.com/keys", Credentials),
            ("https://login.example.com/keys#first", Fragment),
        ] {
            assert_eq!(Endpoint::parse(bad), Err(expected), "{bad}");
        }
    }

    #[test]
    fn a_text_without_certificates_is_refused() {
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for bad in ["", "certificate", "-----BEGIN CERTIFICATE-----\n", empty] {
            assert_eq!(Authorities::parse(bad).unwrap_err(), AuthoritiesError, "{bad}");
        }
    }
}
