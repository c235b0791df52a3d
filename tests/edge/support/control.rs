use std::fs;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;

use super::binary::EdgeProcess;
use super::client::{Response, open, read_response};
use super::openssl::Key;

/// Of the form that is wanted; whose it is does not matter.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKID/20261121/us-east-1/cloudfront/aws4_request, \
    SignedHeaders=host, Signature=0000000000000000000000000000000000000000000000000000000000000000";

/// An edge and its control plane.
pub struct Controlled {
    pub edge: EdgeProcess,
    pub control: SocketAddr,
    pub distribution: String,
    pub group: String,
    /// The key group of each pattern that has one of its own, as it was said.
    pub own_groups: Vec<String>,
}

impl Controlled {
    /// Protects `/podcasts/*`. `more` may protect more, trust keys from the beginning, and say how changes spread.
    /// `own_groups` is how many patterns have keys of their own.
    pub fn start(origin: &Path, more: &[&str], own_groups: usize) -> Self {
        let arguments = [
            "--origin",
            origin.to_str().unwrap(),
            "--protect",
            "/podcasts/*",
            "--control-plane",
            "127.0.0.1:0",
        ];
        let (edge, mut lines) = EdgeProcess::spawn(&[&arguments, more].concat());
        let mut said = |before: &str| {
            let line = lines.next().unwrap();
            line.strip_prefix(before).unwrap_or_else(|| panic!("{line:?}")).to_owned()
        };
        let control = said("control plane listening on http://").parse().unwrap();
        let (distribution, group) = (said("distribution "), said("key group "));
        let own_groups = (0..own_groups).map(|_| said("key group ")).collect();
        Self { edge, control, distribution, group, own_groups }
    }

    /// One signed call. The body is empty if the connection ended without an answer, and the status 0.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let length = body.len().to_string();
        let common = [("Authorization", AUTHORIZATION), ("Content-Length", length.as_str())];
        let mut stream = open(self.control, method, path, &[&common, headers].concat());
        stream.write_all(body.as_bytes()).unwrap();
        if stream.peek(&mut [0]).unwrap_or(0) == 0 {
            return Response { status: 0, headers: Vec::new(), body: Vec::new() };
        }
        let (mut response, mut reader) = read_response(&mut stream);
        reader.read_to_end(&mut response.body).unwrap();
        drop(reader);
        response
    }

    /// Uploads a public key under a name, which is its reference too.
    pub fn create_key(&self, name: &str, key: &Key) -> Response {
        let encoded = fs::read_to_string(&key.public).unwrap();
        let body = format!(
            "<PublicKeyConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><CallerReference>{name}\
             </CallerReference><Name>{name}</Name><EncodedKey>{encoded}</EncodedKey></PublicKeyConfig>"
        );
        self.call("POST", "/2020-05-31/public-key", &[], &body)
    }

    /// The keys that the edge trusts from now on.
    pub fn trust(&self, ids: &[&str]) {
        let path = format!("/2020-05-31/key-group/{}", self.group);
        let read = self.call("GET", &path, &[], "");
        let items: String = ids.iter().map(|id| format!("<PublicKey>{id}</PublicKey>")).collect();
        let body =
            format!("<KeyGroupConfig><Name>edgemint-edge</Name><Items>{items}</Items></KeyGroupConfig>");
        let updated = self.call("PUT", &path, &[("If-Match", read.header("etag").unwrap())], &body);
        assert_eq!(updated.status, 200, "{}", updated.text());
    }

    /// Faults from now on, as JSON.
    pub fn faults(&self, rules: &str) {
        let set = self.call("PUT", "/_edgemint/faults", &[], rules);
        assert_eq!(set.status, 200, "{}", set.text());
    }

    /// `Deployed` or `InProgress`.
    pub fn status(&self) -> String {
        let path = format!("/2020-05-31/distribution/{}", self.distribution);
        element(self.call("GET", &path, &[], "").text(), "Status").to_owned()
    }
}

/// The text of the first element of this name.
pub fn element<'a>(document: &'a str, name: &str) -> &'a str {
    let begin = document.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name}: {document}")).1;
    begin.split_once('<').unwrap().0
}
