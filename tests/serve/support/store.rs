use serde_json::{Value, json};

use super::{Answer, REDIS_PASSWORD, Service, Setup, get, post, wait_for};
use crate::redis_server::RedisServer;

impl Setup {
    /// Sessions, two workers, and this Redis.
    pub fn sharing(server: &RedisServer) -> Self {
        Self::with_sessions().server("workers = 2").store(&server.url(), "")
    }
}

/// A Redis that asks for a password, and the URL with it.
pub fn locked_redis() -> (RedisServer, String) {
    let server = RedisServer::with(&["--requirepass", REDIS_PASSWORD]);
    let url = format!("redis://:{REDIS_PASSWORD}@127.0.0.1:{}", server.port());
    (server, url)
}

impl Service {
    /// `POST /v1/revoke` with the API key.
    pub fn revoke(&self, body: &Value) -> Answer {
        let headers =
            format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", super::API_KEY);
        self.ask(post("/v1/revoke", &headers, &body.to_string()))
    }

    pub fn wait_until_ready(&self) {
        wait_for("readiness", || self.ask(get("/readyz")).status == 200);
    }

    /// Until what it knows of the store is that it is away.
    pub fn wait_until_away(&self) {
        wait_for("the store being missed", || self.ask(get("/readyz")).status == 503);
        let answer = self.ask(get("/readyz"));
        let (status, reason) = (&answer.json()["status"], &answer.json()["reason"]);
        assert_eq!((status, reason), (&json!("not_ready"), &json!("store_unavailable")));
        assert_eq!(self.ask(get("/healthz")).status, 200, "it lives");
    }
}
