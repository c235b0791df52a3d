//! Where the objects are.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use thiserror::Error;

use super::answers::Fault;
use super::directory::Directory;
use super::request_id::RequestId;
use super::upstream::Upstream;

/// Where the objects are: a directory that stands for a bucket, or an HTTP server.
#[derive(Clone, Debug)]
pub struct Origin(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Directory(Arc<Directory>),
    Http(Arc<Upstream>),
}

impl Origin {
    /// What the text names: `http://host[:port][/prefix]`, or a directory.
    ///
    /// # Errors
    /// When the directory is none or cannot be read, or the URL is not plain HTTP or holds user, query or fragment.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        if !text.contains("://") {
            return Self::directory(Path::new(text));
        }
        Upstream::new(text).map(|upstream| Self(Kind::Http(Arc::new(upstream))))
    }

    /// A directory. Links inside it are followed as long as they stay inside it.
    ///
    /// # Errors
    /// [`OriginError::Directory`] when it is none or cannot be read.
    pub fn directory(path: &Path) -> Result<Self, OriginError> {
        Directory::open(path).map(|directory| Self(Kind::Directory(Arc::new(directory))))
    }

    /// Gives an HTTP origin this long to begin an answer, instead of CloudFront's 30 seconds. A directory needs no time.
    #[must_use]
    pub fn answering_within(self, response_timeout: Duration) -> Self {
        Self(match self.0 {
            Kind::Http(upstream) => Kind::Http(Arc::new(upstream.answering_within(response_timeout))),
            directory @ Kind::Directory(_) => directory,
        })
    }

    pub(super) async fn answer(&self, request: &HttpRequest, id: &RequestId) -> Result<HttpResponse, Fault> {
        match &self.0 {
            Kind::Directory(directory) => Ok(directory.answer(request, id).await),
            Kind::Http(upstream) => upstream.answer(request, id).await,
        }
    }
}

/// Why a text names no origin.
#[derive(Debug, Error)]
pub enum OriginError {
    /// No readable directory.
    #[error(
        "cannot serve {path:?} as the origin: {reason}; give a directory that can be read, or an http:// URL"
    )]
    Directory {
        /// As it was given.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// A URL of another form.
    #[error(
        "cannot use {url:?} as the origin: {reason}; write http://host, http://host:port or http://host/prefix"
    )]
    Url {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client could not be set up.
    #[error("cannot set up the HTTP client for the origin: {0}")]
    Client(#[source] reqwest::Error),
}
