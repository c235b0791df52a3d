//! Metrics of requests: what is done moves what counts it, by as much, and nothing else.

use std::collections::BTreeMap;

use serde_json::json;

use crate::busy::{at_once, queueing};
use crate::introspect::{asking, yes};
use crate::jwt::fetching;
use crate::keyring::metrics::METRICS;
use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{
    API_KEY, Client, Key, MARKER, Reply, SAME_SITE, Service, Setup, Ticket, Upstream, get, now, post,
    wait_for, write_ring,
};

fn text(service: &Service) -> String {
    String::from_utf8(service.scrape().body).unwrap()
}

/// Every series by its name and labels.
fn series(text: &str) -> BTreeMap<&str, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = samples.map(|line| line.rsplit_once(' ').unwrap());
    pairs.map(|(series, value)| (series, value.parse().unwrap())).collect()
}

/// By how much the series that count have moved while `deed` was done. Signatures are made ahead at any time.
fn moved(service: &Service, deed: impl FnOnce()) -> BTreeMap<String, f64> {
    let before = text(service);
    deed();
    let (after, before) = (text(service), series(&before));
    let counts = series(&after).into_iter().filter(|(series, _)| {
        let name = series.split('{').next().unwrap();
        (name.ends_with("_total") || name.ends_with("_count")) && !name.contains("signing")
    });
    let by = counts.map(|(series, value)| (series.to_owned(), value - before.get(series).unwrap_or(&0.0)));
    by.filter(|(_, by)| by.abs() > 0.5).collect()
}

fn assert_moved(service: &Service, expected: &[(&str, f64)], deed: impl FnOnce()) {
    let moved = moved(service, deed);
    let expected = expected.iter().map(|(series, by)| (format!("edgemint_{series}"), *by)).collect();
    assert_eq!(moved, expected);
}

fn answered(route: &str, status: &str) -> String {
    format!("request_duration_seconds_count{{route=\"{route}\",status=\"{status}\"}}")
}

fn refused(route: &str, provider: &str, code: &str) -> String {
    format!("refusals_total{{route=\"{route}\",provider=\"{provider}\",code=\"{code}\"}}")
}

const HITS: &str = "shared_signature_hits_total";

#[test]
fn a_mint_is_counted_by_grant_and_provider() {
    let service = Setup::with_sessions().server("workers = 2").section(METRICS).start();
    let minted = |provider: &str| format!("mints_total{{grant=\"podcasts\",provider=\"{provider}\"}}");
    let session = service.session();
    let ticket = Ticket::of("listener-7").sign();
    assert_moved(
        &service,
        &[(HITS, 1.0), (&minted("ticket"), 1.0), (&answered("/enter", "3xx"), 1.0)],
        || {
            assert_eq!(service.redeem(&ticket).status, 303);
        },
    );
    assert_moved(&service, &[(HITS, 3.0), (&minted("own"), 3.0), (&answered("/renew", "2xx"), 3.0)], || {
        (0..3).for_each(|_| assert_eq!(service.renew(&session).status, 200));
    });
    assert_moved(
        &service,
        &[(HITS, 1.0), (&minted("api_key"), 1.0), (&answered("/v1/mint", "2xx"), 1.0)],
        || {
            assert_eq!(service.mint(&json!({"grants": ["podcasts"]})).status, 200);
        },
    );
    assert_moved(&service, &[(&answered("/status", "2xx"), 1.0)], || {
        assert_eq!(service.status(&session).status, 200);
    });
    assert_moved(&service, &[(&answered("/leave", "2xx"), 1.0)], || {
        assert_eq!(service.leave(&session).status, 204);
    });
    let text = text(&service);
    assert!(!text.contains("refusals_total{"), "nobody was refused: {text}");
    assert_eq!(series(&text)["edgemint_requests_in_flight"], 0.0);
}

#[test]
fn a_refusal_is_counted_by_route_provider_and_code() {
    let service = Setup::with_sessions().section(METRICS).start();
    let api = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    let cookie = format!("{SAME_SITE}Cookie: __Host-edgemint={MARKER}\r\n");
    let large = format!("X-Large: {}\r\n", "x".repeat(17_000));
    for (request, route, provider, code) in [
        (get("/nowhere"), "none", "none", "not_found"),
        (get("/renew"), "/renew", "own", "method_not_allowed"),
        (post("/healthz", "", ""), "/healthz", "none", "method_not_allowed"),
        (get("/enter"), "/enter", "ticket", "ticket_refused"),
        (get(&format!("/enter?ticket={MARKER}")), "/enter", "ticket", "ticket_refused"),
        (get("/enter?ticket=a&ticket=b"), "/enter", "ticket", "query_refused"),
        (get("/enter?return_to=https%3A%2F%2Fevil.example"), "/enter", "ticket", "return_url_refused"),
        (get("/leave?ticket=a"), "/leave", "ticket", "ticket_refused"),
        (post("/renew", "", ""), "/renew", "own", "origin_refused"),
        (post("/renew", SAME_SITE, ""), "/renew", "own", "session_refused"),
        (post("/renew", &cookie, ""), "/renew", "own", "session_refused"),
        (post("/renew", &large, ""), "/renew", "own", "headers_too_large"),
        (post("/nowhere", &large, ""), "none", "none", "headers_too_large"),
        (post("/v1/mint", "", "{}"), "/v1/mint", "api_key", "api_key_refused"),
        (post("/v1/mint", &api, MARKER), "/v1/mint", "api_key", "body_refused"),
        (post("/v1/mint", &api, "{\"grants\":[\"other\"]}"), "/v1/mint", "api_key", "unknown_grant"),
        (post("/v1/revoke", &api, "{}"), "/v1/revoke", "api_key", "body_refused"),
        (get("/player-0000.js"), "/player-{hash}.js", "none", "not_found"),
    ] {
        let expected = [(&*answered(route, "4xx"), 1.0), (&*refused(route, provider, code), 1.0)];
        assert_moved(&service, &expected, || {
            let answer = service.ask(&request);
            assert_eq!(answer.json()["code"], json!(code), "{request}");
        });
    }
}

#[test]
fn below_a_base_path_routes_have_the_same_names() {
    let service = Setup::new().server("base_path = \"/edgemint\"").section(METRICS).start();
    let expected =
        [(&*answered("/enter", "4xx"), 1.0), (&*refused("/enter", "ticket", "ticket_refused"), 1.0)];
    assert_moved(&service, &expected, || assert_eq!(service.ask(get("/edgemint/enter")).status, 401));
    let expected = [(&*answered("none", "4xx"), 1.0), (&*refused("none", "none", "not_found"), 1.0)];
    assert_moved(&service, &expected, || assert_eq!(service.ask(get("/enter")).status, 404));
}

#[test]
fn a_probe_is_a_request_and_never_a_refusal() {
    let setup = Setup::with_key(&["--algorithm", "ecdsa-p256"]).section(METRICS);
    let service = setup.start();
    assert_moved(
        &service,
        &[(&answered("/healthz", "2xx"), 1.0), (&answered("/readyz", "5xx"), 1.0)],
        || {
            assert_eq!(service.ask(get("/healthz")).status, 200);
            assert_eq!(service.ask(get("/readyz")).status, 503);
        },
    );
    let text = text(&service);
    assert!(!text.contains("active_key"), "there is none: {text}");
    assert!(!text.contains("shared_signature_ready_until"), "nothing is signed: {text}");
}

#[test]
fn a_grant_that_somebody_does_not_get_is_counted_with_the_reason() {
    let service = Setup::new().section(METRICS).start();
    let minted = |grant: &str| format!("mints_total{{grant=\"{grant}\",provider=\"ticket\"}}");
    let withheld = "grants_withheld_total{grant=\"shows\",reason=\"unfillable\"}";
    let expected = [
        (&*minted("podcasts"), 1.0),
        (&minted("downloads"), 1.0),
        (&minted("near"), 1.0),
        (withheld, 1.0),
        (HITS, 1.0),
        (&answered("/enter", "3xx"), 1.0),
    ];
    let ticket = Ticket::of("listener-7").without("show").sign();
    assert_moved(&service, &expected, || assert_eq!(service.redeem(&ticket).status, 303));
    let far = "grants_withheld_total{grant=\"near\",reason=\"no_address\"}";
    let refusal = refused("/v1/mint", "api_key", "no_grant");
    assert_moved(&service, &[(far, 1.0), (&refusal, 1.0), (&answered("/v1/mint", "4xx"), 1.0)], || {
        assert_eq!(service.mint(&json!({"grants": ["near"]})).status, 403);
    });
}

#[test]
fn every_worker_counts_together_and_busy_is_counted() {
    let setup = queueing().server("workers = 2").section("[mint]\nmax_signatures = 1\n").section(METRICS);
    let service = setup.start();
    let (mut all, mut busy) = (0, 0);
    wait_for("more listeners than signatures", || {
        let ticket = |index| Ticket::of(&format!("listener-{index}")).sign();
        let requests: Vec<_> =
            (0..60).map(|index| get(&format!("/enter?ticket={}", ticket(index)))).collect();
        let answers = at_once(&service, &requests);
        all += answers.len();
        busy += answers.iter().filter(|answer| answer.status == 503).count();
        busy > 10
    });
    let text = text(&service);
    let series = series(&text);
    let count = |name: &str| series[&*format!("edgemint_{name}")];
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let (minted, busy) = ((all - busy) as f64, busy as f64);
    assert_eq!(count(&refused("/enter", "ticket", "busy")), busy);
    assert_eq!(count(&answered("/enter", "5xx")), busy);
    assert_eq!(count(&answered("/enter", "3xx")), minted);
    assert_eq!(count("mints_total{grant=\"downloads\",provider=\"ticket\"}"), minted);
    // Three of the four grants are signed for each listener.
    assert!(count("signing_duration_seconds_count") >= 3.0 * minted);
    assert!(count("signing_duration_seconds_sum") > 0.0);
}

#[test]
fn a_request_is_in_flight_until_it_is_answered_or_given_up() {
    let service = Setup::new().section(METRICS).start();
    let in_flight = || service.metric("edgemint_requests_in_flight");
    let mut client = Client::connect(service.address);
    let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
    let whole = post("/v1/mint", &headers, "{\"grants\":[\"podcasts\"]}");
    let (first, rest) = whole.split_at(whole.len() - 3);
    client.send(first).unwrap();
    wait_for("a request under way", || in_flight() > 0.5);
    client.send(rest).unwrap();
    assert_eq!((client.answer().status, in_flight()), (200, 0.0));
    let mut client = Client::connect(service.address);
    client.send(first).unwrap();
    wait_for("another", || in_flight() > 0.5);
    drop(client);
    wait_for("its end", || in_flight() < 0.5);
}

#[test]
fn what_a_store_cannot_answer_is_counted() {
    needs!("redis-server");
    let mut server = RedisServer::start();
    let service = Setup::sharing(&server).section(METRICS).start();
    service.wait_until_ready();
    let session = service.session();
    server.kill();
    service.wait_until_away();
    let errors = |store: &str| format!("store_errors_total{{store=\"{store}\",backend=\"redis\"}}");
    let away = |route: &str, provider: &str, store: &str, deed: &dyn Fn() -> u16| {
        let refusal = refused(route, provider, "store_unavailable");
        let expected = [(&*errors(store), 1.0), (&*answered(route, "5xx"), 1.0), (&*refusal, 1.0)];
        assert_moved(&service, &expected, || assert_eq!(deed(), 503));
    };
    away("/renew", "own", "revocations", &|| service.renew(&session).status);
    away("/v1/revoke", "api_key", "revocations", &|| {
        service.revoke(&json!({"subject": "listener-9"})).status
    });
    let ticket = Ticket::of("listener-7").sign();
    away("/leave", "ticket", "replay", &|| service.ask(get(&format!("/leave?ticket={ticket}"))).status);
}

#[test]
fn keys_that_cannot_be_fetched_are_counted_with_nobody_asking() {
    let upstream = Upstream::saying(Reply::new("500 Internal Server Error", "", ""));
    let service = fetching(&upstream, "interval = \"1s\"").section(METRICS).start();
    let errors = "edgemint_upstream_errors_total{upstream=\"jwks\"}";
    wait_for("two fetches", || service.metric(errors) > 1.5);
}

#[test]
fn an_app_that_fails_is_counted_once_for_each_time_it_is_asked() {
    let upstream = Upstream::saying(Reply::new("500 Internal Server Error", "", ""));
    let service = asking(&upstream, "cache = \"0s\"").section(METRICS).start();
    let headers = format!("{SAME_SITE}Cookie: session=abc\r\n");
    let refusal = refused("/renew", "introspect", "session_provider_unavailable");
    let errors = "upstream_errors_total{upstream=\"introspect\"}";
    assert_moved(&service, &[(errors, 1.0), (&answered("/renew", "5xx"), 1.0), (&refusal, 1.0)], || {
        assert_eq!(service.ask(post("/renew", &headers, "")).status, 503);
    });
    upstream.say(Reply::new("401 Unauthorized", "", ""));
    let refusal = refused("/renew", "introspect", "session_refused");
    assert_moved(&service, &[(&answered("/renew", "4xx"), 1.0), (&refusal, 1.0)], || {
        assert_eq!(service.ask(post("/renew", &headers, "")).status, 401, "a no is no failure");
    });
    upstream.say(yes());
    let (before, text) = (service.metric(&format!("edgemint_{errors}")), text(&service));
    assert_eq!(service.ask(post("/renew", &headers, "")).status, 200, "{text}");
    assert_eq!(service.metric(&format!("edgemint_{errors}")), before);
}

/// A million listeners make as many series as one.
#[test]
fn nothing_of_a_request_becomes_a_label() {
    let service = Setup::with_sessions().section(METRICS).start();
    let ask_all = |index: usize| {
        let odd = format!("{MARKER}{index}");
        let agent = format!(
            "User-Agent: {odd}\r\nX-Forwarded-For: 203.0.113.77\r\nReferer: https://{odd}.example\r\n"
        );
        for target in [
            format!("/{odd}"),
            format!("/enter?{odd}"),
            format!("/enter?ticket={odd}"),
            format!("/player-{odd}.js"),
            format!("/v1/{odd}"),
            format!("/%22{odd}%0a"),
            format!("//{odd}"),
        ] {
            service.ask(get(&target));
            service.ask(post(&target, &agent, &odd));
        }
        service.ask(format!("{odd} /renew HTTP/1.1\r\nHost: {odd}.example\r\n\r\n"));
        let body = json!({"grants": ["podcasts"], "subject": format!("s-{index}"), "sid": odd,
            "address": "203.0.113.77"});
        assert_eq!(service.mint(&body).status, 200);
        assert_eq!(service.mint(&json!({"grants": [odd]})).status, 422);
        service.session_of(&Ticket::of(&odd).with("sid", odd.clone()));
    };
    ask_all(0);
    let names = |text: &str| series(text).into_keys().map(str::to_owned).collect::<Vec<_>>();
    // Times fall into buckets that are there from the first one on.
    let before = names(&text(&service));
    (1..60).for_each(ask_all);
    let after = text(&service);
    assert_eq!(names(&after), before);
    for never in [MARKER, "203.0.113.77", "127.0.0.1", "listen.example.com", "https://", "s-1"] {
        assert!(!after.contains(never), "{never:?} is in {after}");
    }
    for secret in service.setup.secrets() {
        assert!(!after.contains(&secret), "a secret is in the metrics");
    }
}

#[test]
fn signing_ahead_and_retirement_are_told() {
    let setup = Setup::new().shared_only().section(METRICS).section("[keyring]\npoll = \"2s\"\n");
    let service = setup.start();
    let (expiry, ready) = (
        "edgemint_shared_signature_soonest_expiry_timestamp_seconds",
        "edgemint_shared_signature_ready_until_timestamp_seconds",
    );
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far from 2^52")]
    let ahead = |series: &str| service.metric(series) - now() as f64;
    // The lifetime is 5 min and the step 1 min: the next step is signed, so that it is between one and two away.
    wait_for("the first round of signing", || text(&service).contains(ready));
    assert!((0.0..=120.0).contains(&ahead(ready)), "{}", ahead(ready));
    assert!((300.0..=420.0).contains(&ahead(expiry)), "{}", ahead(expiry));
    let retirement = "edgemint_keyring_soonest_retirement_timestamp_seconds";
    assert!(!text(&service).contains(retirement), "no key retires");

    let (old, new) = (Key::of(&service.setup), Key::ecdsa("KNEW"));
    write_ring(&service.setup.path("keys"), &[(&old, "retiring"), (&new, "active")]);
    service.wait_until_it_signs_with(&new);
    let retired = old.entry("retiring")["state_since"].as_str().unwrap().to_owned();
    let retired = run_date(&retired);
    // The reload interval, the longest life of a cookie (lifetime and step), and the margin.
    wait_for("the new keyring", || text(&service).contains(retirement));
    assert_eq!(service.metric(retirement), retired + 2.0 + 360.0 + 300.0);
    let minted = "mints_total{grant=\"podcasts\",provider=\"api_key\"}";
    // Another minter signs, and the same instruments count.
    assert_moved(&service, &[(HITS, 1.0), (minted, 1.0), (&answered("/v1/mint", "2xx"), 1.0)], || {
        assert_eq!(service.mint(&json!({"grants": ["podcasts"]})).status, 200);
    });
    write_ring(&service.setup.path("keys"), &[(&new, "active")]);
    wait_for("the end of it", || !text(&service).contains(retirement));
    assert!((0.0..=120.0).contains(&ahead(ready)), "it signs ahead: {}", ahead(ready));
}

/// Epoch seconds of a date, by a program that is not ours.
fn run_date(date: &str) -> f64 {
    let output = std::process::Command::new("date").args(["-u", "-d", date, "+%s"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}
