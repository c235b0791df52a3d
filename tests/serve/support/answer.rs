use serde_json::Value;

/// An answer, its header names in lower case.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.headers.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header that is there at most once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.all(name);
        let value = values.next();
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// All of it but what differs between two equal answers.
    pub fn constant_part(&self) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let differs = |name: &str| ["date", "x-request-id"].contains(&name);
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| !differs(name));
        // Each process writes them in an order of its own.
        headers.sort();
        (self.status, headers, self.body.clone())
    }

    /// The whole rule of a refusal, as far as the answer shows it.
    pub fn assert_refusal(&self, status: u16, code: &str, what: &str) {
        assert_eq!(self.status, status, "{what}: {}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{what}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{what}");
        assert_eq!(self.header("referrer-policy"), Some("no-referrer"), "{what}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{what}");
        assert_eq!(self.all("set-cookie").count(), 0, "{what} sets a cookie");
        assert_eq!(self.all("location").count(), 0, "{what} leads elsewhere");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{what}");
        assert_eq!(problem["code"], code, "{what}");
        assert!(problem["title"].as_str().unwrap().ends_with('.'), "{what}");
        let members: Vec<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["code", "status", "title"], "{what}: the client is told a constant");
    }
}
