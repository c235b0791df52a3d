use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgemint::cloudfront::{Decision, PublicKey, ViewerRequest, decide};
use serde_json::Value;

use super::{Answer, now};

/// The three cookies of one grant, as a browser would send them.
pub struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Those of an answer that are set for this path.
    pub fn set_for(answer: &Answer, path: &str) -> Self {
        let attribute = format!("; Path={path}");
        // What is deleted at once is never sent back.
        let kept = |cookie: &&str| cookie.contains(&attribute) && !cookie.contains("; Max-Age=0");
        let cookies = answer.all("set-cookie").filter(kept);
        let pairs = cookies.map(|cookie| cookie.split(';').next().unwrap().split_once('=').unwrap());
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Those of a grant in the answer of the API.
    pub fn of_json(grant: &Value) -> Self {
        let cookies = grant["cookies"].as_object().unwrap().iter();
        Self(cookies.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect())
    }

    /// These names and values.
    pub fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// As a header line, with its end.
    pub fn header(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("Cookie: {}\r\n", pairs.join("; "))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn decoded(&self, name: &str) -> Vec<u8> {
        let value = &self.0.iter().find(|(found, _)| found == name).unwrap().1;
        STANDARD.decode(value.replace('-', "+").replace('_', "=").replace('~', "/")).unwrap()
    }

    /// The policy's bytes, which are signed.
    pub fn policy(&self) -> Vec<u8> {
        self.decoded("CloudFront-Policy")
    }

    pub fn statement(&self) -> Value {
        serde_json::from_slice::<Value>(&self.policy()).unwrap()["Statement"][0].take()
    }

    pub fn signature(&self) -> Vec<u8> {
        self.decoded("CloudFront-Signature")
    }

    /// What the edge says to a request with them.
    pub fn decide(&self, public_key: &str, path: &str, address: &str) -> Decision {
        self.decide_with(&[("KTEST", public_key)], path, address)
    }

    /// The same, where the edge trusts these keys: Key-Pair-Ids and PEMs.
    pub fn decide_with(&self, trusted: &[(&str, &str)], path: &str, address: &str) -> Decision {
        let key = |pem: &str| PublicKey::from_pem(pem.as_bytes()).unwrap();
        let trusted = trusted.iter().map(|(id, pem)| (id.parse().unwrap(), key(pem))).collect();
        let cookies: Vec<(&str, &str)> = self.0.iter().map(|(name, value)| (&**name, &**value)).collect();
        let address: IpAddr = address.parse().unwrap();
        let request = ViewerRequest {
            scheme: "https",
            host: "cdn.example.com",
            path_and_query: path,
            cookies: &cookies,
            address: Some(address),
        };
        decide(&request, &trusted, now())
    }

    /// The key that they name.
    pub fn key_pair_id(&self) -> &str {
        &self.0.iter().find(|(name, _)| name == "CloudFront-Key-Pair-Id").unwrap().1
    }
}
