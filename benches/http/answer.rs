//! An answer as `curl --include` wrote it, to be given out again.

use std::fs;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;

pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Answer {
    pub fn read(file: &str) -> Self {
        let answer = fs::read_to_string(file).expect("an answer, as curl --include wrote it");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an empty line after the head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
        let headers = lines.map(|line| line.split_once(": ").expect("a header"));
        Self {
            status: status.parse().expect("a status"),
            // actix-web writes these two itself.
            headers: headers
                .filter(|(name, _)| !["date", "content-length"].contains(&name.to_ascii_lowercase().as_str()))
                .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
                .collect(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    pub fn give(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            response.append_header((name.clone(), value.clone()));
        }
        response.body(self.body.clone())
    }
}
