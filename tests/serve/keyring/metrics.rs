//! The listener for metrics.

use std::net::{TcpListener, TcpStream};

use crate::support::{Client, Key, Setup, exchange, get, now, post, wait_for, write_ring};

pub const METRICS: &str = "[metrics]\nlisten = \"127.0.0.1:0\"\n";

#[test]
fn they_tell_the_active_key_and_how_the_keyring_is_followed() {
    let service = Setup::new().section(METRICS).start();
    let answer = service.scrape();
    assert_eq!(answer.status, 200);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(
        (answer.header("content-type"), answer.header("cache-control")),
        (Some(kind), Some("no-store"))
    );
    let old = Key::of(&service.setup);
    let info = |key: &Key, algorithm: &str, hash: &str| {
        let (id, key) = (&key.key_pair_id, &key.id);
        format!(
            "edgemint_active_key_info{{key_pair_id=\"{id}\",key=\"{key}\",algorithm=\"{algorithm}\",hash=\"{hash}\"}}"
        )
    };
    let version = format!("edgemint_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    let is = |series: &str, value: f64| {
        let found = service.metric(series);
        assert!((found - value).abs() < 0.5, "{series} is {found}");
    };
    is(&version, 1.0);
    is(&info(&old, "ecdsa-p256", "SHA1"), 1.0);
    is("edgemint_keyring_reloads_total", 0.0);
    is("edgemint_keyring_failed_reloads_total", 0.0);
    is("edgemint_keyring_reload_failing", 0.0);
    assert!((0.0..60.0).contains(&service.metric("edgemint_active_key_age_seconds")));
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far from 2^52")]
    let since = |seconds: f64| now() as f64 - seconds;
    assert!(since(service.metric("edgemint_keyring_last_success_timestamp_seconds")) < 60.0);

    let new = Key::new("rsa-2048", "sha256", "KNEW");
    write_ring(&service.setup.path("keys"), &[(&old, "retiring"), (&new, "active")]);
    service.wait_until_it_signs_with(&new);
    wait_for("the new key", || service.metric("edgemint_keyring_reloads_total") > 0.5);
    is("edgemint_keyring_reloads_total", 1.0);
    is(&info(&new, "rsa-2048", "SHA256"), 1.0);
    let text = String::from_utf8(service.scrape().body).unwrap();
    assert_eq!(text.matches("edgemint_active_key_info{").count(), 1, "{text}");
    for secret in service.setup.secrets() {
        assert!(!text.contains(&secret), "a secret is in the metrics");
    }
}

#[test]
fn they_are_asked_for_nowhere_else() {
    let service = Setup::new().section(METRICS).start();
    service.ask(get("/metrics")).assert_refusal(404, "not_found", "on the listener of requests");
    let metrics = service.metrics_address();
    for request in [get("/"), get("/healthz"), get("/v1/mint"), post("/metrics", "", ""), get("/metrics/")] {
        let answer = exchange(metrics, request.clone());
        assert!([404, 405].contains(&answer.status), "{request}: {}", answer.status);
    }
    assert!(!Setup::new().start().log().contains("metrics are at"), "off unless configured");
}

#[test]
fn they_are_told_while_every_connection_of_requests_is_taken() {
    let service = Setup::new().server("max_connections = 2").section(METRICS).start();
    let metrics = service.metrics_address();
    let taken: Vec<_> = (0..8).map(|_| TcpStream::connect(service.address).unwrap()).collect();
    wait_for("all connections taken", || service.connections() >= 2);
    assert_eq!(exchange(metrics, get("/metrics")).status, 200);
    drop(taken);
}

#[test]
fn nobody_keeps_the_others_from_looking() {
    let service = Setup::new().section(METRICS).start();
    let metrics = service.metrics_address();
    // As many as there are places, with a request that never ends.
    let silent = |_| {
        let mut client = Client::connect(metrics);
        client.send("GET /metrics HTTP/1.1\r\nHost: ").unwrap();
        client
    };
    let silent: Vec<_> = (0..8).map(silent).collect();
    assert_eq!(exchange(metrics, get("/metrics")).status, 200);
    drop(silent);
    let mut scraper = Client::connect(metrics);
    scraper.send(get("/metrics")).unwrap();
    assert_eq!(scraper.answer().header("connection"), Some("close"));
    assert!(scraper.is_ended(), "its place is free again");
}

#[test]
fn an_address_that_is_taken_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let setup = Setup::new();
    let output = setup.serve().env("EDGEMINT_METRICS__LISTEN", &address).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{stderr}");
    for word in ["edgemint: cannot listen on", &address, "metrics.listen"] {
        assert!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
}
