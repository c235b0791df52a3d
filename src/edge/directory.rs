//! The directory origin: a bucket on disk, streamed in chunks.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use actix_web::body::SizedStream;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use bytes::Bytes;
use futures_util::stream::{self, Stream};

use super::answers::{BUCKET_SERVER, BucketError};
use super::conditions::{Outcome, Validators};
use super::origin::OriginError;
use super::path::object_name;
use super::range::{Ranges, Selection, content_range, unsatisfied_range};
use super::request_id::RequestId;

/// How much of a file is in memory at once, for each viewer.
const CHUNK: u64 = 128 * 1024;

/// What a bucket calls an object whose kind nobody told it.
const UNKNOWN_TYPE: &str = "binary/octet-stream";

/// A directory whose regular files are the objects.
#[derive(Debug)]
pub(super) struct Directory {
    /// Absolute and without links.
    root: PathBuf,
}

/// An object that was found, open.
struct Object {
    file: File,
    length: u64,
    modified: SystemTime,
    content_type: &'static str,
}

/// A run of an answer's body.
enum Piece {
    Text(String),
    Span(Range<u64>),
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Self, OriginError> {
        let refused = |reason| OriginError::Directory { path: path.to_owned(), reason };
        let root = path.canonicalize().map_err(refused)?;
        // Reading it now finds missing permissions before the first listener does.
        std::fs::read_dir(&root).map_err(refused)?;
        Ok(Self { root })
    }

    /// Answers GET, HEAD and OPTIONS as a bucket would.
    pub(super) async fn answer(&self, request: &HttpRequest, id: &RequestId) -> HttpResponse {
        if request.method() == Method::OPTIONS {
            let allowed = (header::ALLOW, "GET, HEAD, OPTIONS");
            return HttpResponse::Ok()
                .insert_header((header::SERVER, BUCKET_SERVER))
                .insert_header(allowed)
                .finish();
        }
        match self.find(request.uri().path()).await {
            Ok(object) => object.answer(request, id),
            Err(error) => error.answer(id),
        }
    }

    async fn find(&self, raw_path: &str) -> Result<Object, BucketError> {
        let path = self.root.join(object_name(raw_path).ok_or(BucketError::NoSuchKey)?);
        let root = self.root.clone();
        web::block(move || open_inside(&root, &path)).await.map_err(|_| BucketError::InternalError)?
    }
}

/// Opens a regular file, if it still is inside `root` once links are resolved.
fn open_inside(root: &Path, path: &Path) -> Result<Object, BucketError> {
    let path = path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => BucketError::AccessDenied,
        _ => BucketError::NoSuchKey,
    })?;
    // Asked before opening: to open a named pipe would wait for its writer.
    if !path.starts_with(root) || !path.is_file() {
        return Err(BucketError::NoSuchKey);
    }
    let opened = File::open(&path).and_then(|file| {
        let metadata = file.metadata()?;
        Ok(Object {
            length: metadata.len(),
            modified: metadata.modified()?,
            content_type: mime_guess::from_path(&path).first_raw().unwrap_or(UNKNOWN_TYPE),
            file,
        })
    });
    opened.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => BucketError::AccessDenied,
        io::ErrorKind::NotFound => BucketError::NoSuchKey,
        _ => {
            tracing::error!(%error, "the origin's file cannot be opened");
            BucketError::InternalError
        }
    })
}

impl Object {
    fn answer(self, request: &HttpRequest, id: &RequestId) -> HttpResponse {
        let validators = Validators::of(self.length, self.modified);
        match validators.evaluate(request) {
            Outcome::NotModified => {
                let mut response = HttpResponse::NotModified();
                self.describe(&mut response, &validators);
                response.finish()
            }
            Outcome::Failed => BucketError::PreconditionFailed.answer(id),
            Outcome::Proceed { with_range } => {
                let ranges = with_range.then(|| requested(request)).flatten();
                self.select(ranges, &validators, id)
            }
        }
    }

    fn select(self, ranges: Option<Ranges>, validators: &Validators, id: &RequestId) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        self.describe(&mut response, validators);
        match ranges.map_or(Selection::Whole, |ranges| ranges.select(self.length)) {
            Selection::Whole => {
                response.insert_header((header::CONTENT_TYPE, self.content_type));
                let whole = vec![Piece::Span(0..self.length)];
                self.send(response, whole)
            }
            Selection::Parts(parts) => {
                response.status(StatusCode::PARTIAL_CONTENT);
                let pieces = match <[_; 1]>::try_from(parts) {
                    Ok([part]) => {
                        response.insert_header((header::CONTENT_TYPE, self.content_type));
                        response.insert_header((header::CONTENT_RANGE, content_range(&part, self.length)));
                        vec![Piece::Span(part)]
                    }
                    Err(parts) => {
                        let boundary = boundary(id);
                        let content_type = format!("multipart/byteranges; boundary={boundary}");
                        response.insert_header((header::CONTENT_TYPE, content_type));
                        self.multipart(parts, &boundary)
                    }
                };
                self.send(response, pieces)
            }
            Selection::Unsatisfiable => {
                let mut response = BucketError::InvalidRange.answer(id);
                response.headers_mut().insert(header::CONTENT_RANGE, unsatisfied_range(self.length));
                response
            }
        }
    }

    fn describe(&self, response: &mut HttpResponseBuilder, validators: &Validators) {
        response
            .insert_header((header::SERVER, BUCKET_SERVER))
            .insert_header((header::ACCEPT_RANGES, "bytes"));
        for header in validators.headers() {
            response.insert_header(header);
        }
    }

    /// The parts as RFC 9110 §14.6 sets them.
    fn multipart(&self, parts: Vec<Range<u64>>, boundary: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut before = "";
        for part in parts {
            let (content_type, content_range) = (self.content_type, content_range(&part, self.length));
            pieces.push(Piece::Text(format!(
                "{before}--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {content_range}\r\n\r\n"
            )));
            pieces.push(Piece::Span(part));
            before = "\r\n";
        }
        pieces.push(Piece::Text(format!("\r\n--{boundary}--\r\n")));
        pieces
    }

    fn send(self, mut response: HttpResponseBuilder, pieces: Vec<Piece>) -> HttpResponse {
        let length = pieces.iter().map(Piece::length).sum();
        response.body(SizedStream::new(length, read(self.file, pieces.into())))
    }
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Span(span) => span.end - span.start,
        }
    }
}

/// The pieces one chunk after another. A chunk is read when the connection has room for it; dropping the stream closes the file.
fn read(file: File, pieces: VecDeque<Piece>) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, pieces), |(file, mut pieces)| async move {
        match pieces.pop_front() {
            Some(Piece::Text(text)) => Ok(Some((Bytes::from(text), (file, pieces)))),
            Some(Piece::Span(span)) if span.is_empty() => Ok(Some((Bytes::new(), (file, pieces)))),
            Some(Piece::Span(span)) => {
                let wanted = span.start..span.end.min(span.start + CHUNK);
                let (file, chunk) =
                    web::block(move || read_chunk(file, wanted)).await.map_err(io::Error::other)??;
                let rest = span.start + chunk.len() as u64..span.end;
                if !rest.is_empty() {
                    pieces.push_front(Piece::Span(rest));
                }
                Ok(Some((chunk, (file, pieces))))
            }
            None => Ok(None),
        }
    })
}

fn read_chunk(mut file: File, span: Range<u64>) -> io::Result<(File, Bytes)> {
    let mut chunk = Vec::with_capacity(usize::try_from(span.end - span.start).unwrap_or_default());
    file.seek(SeekFrom::Start(span.start))?;
    (&file).take(span.end - span.start).read_to_end(&mut chunk)?;
    // The length is promised already, so a file that shrank meanwhile ends the connection.
    if chunk.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok((file, Bytes::from(chunk))) }
}

fn requested(request: &HttpRequest) -> Option<Ranges> {
    request.headers().get(header::RANGE).map(HeaderValue::to_str)?.ok().and_then(Ranges::parse)
}

/// Letters and digits of the request's id: no object holds it by chance.
fn boundary(id: &RequestId) -> String {
    id.as_str().chars().filter(char::is_ascii_alphanumeric).collect()
}
