use std::collections::BTreeMap;

use super::{Answer, Cookies, SESSION_COOKIE};

/// What a browser does with `Set-Cookie`: kept by name, Domain and Path, and what has ended is gone (RFC 6265 §5.3).
#[derive(Default)]
pub struct Jar(BTreeMap<(String, String, String), String>);

impl Jar {
    pub fn take(&mut self, answer: &Answer) {
        for cookie in answer.all("set-cookie") {
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let attribute = |wanted: &str| {
                let found =
                    attributes.split("; ").find_map(|part| part.strip_prefix(wanted)?.strip_prefix('='));
                found.unwrap_or_default().to_owned()
            };
            let place = (name.to_owned(), attribute("Domain"), attribute("Path"));
            match attribute("Max-Age").as_str() {
                "0" => self.0.remove(&place),
                _ => self.0.insert(place, value.to_owned()),
            };
        }
    }

    /// What it sends to the CDN for a file in this folder.
    pub fn cookies(&self, folder: &str) -> Cookies {
        let sent = self.0.iter().filter(|((_, domain, path), _)| domain == "example.com" && path == folder);
        Cookies::of(sent.map(|((name, ..), value)| (name.clone(), value.clone())).collect())
    }

    pub fn session(&self) -> &str {
        self.0.iter().find(|((name, ..), _)| name == SESSION_COOKIE).unwrap().1
    }

    /// The names of what is left.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(|(name, ..)| &**name).collect()
    }
}
