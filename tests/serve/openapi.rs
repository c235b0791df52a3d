//! `/openapi.json`: what it names is there, and what is there it names. What each answer looks like, schemathesis
//! compares (tests/openapi).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{API_KEY, Answer, Client, SESSION_SECRET, Service, Setup, TICKET_SECRET, get};

const ROUTES: &str = include_str!("../../src/http/routes.rs");

fn document(service: &Service) -> Value {
    let answer = service.ask(get("/openapi.json"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

/// Method, path and what is said of it.
fn operations(document: &Value) -> impl Iterator<Item = (String, &String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (method.to_uppercase(), path, operation))
    })
}

fn ask(service: &Service, method: &str, path: &str) -> Answer {
    let path = path.replace("{hash}", "0123456789abcdef");
    let mut client = Client::connect(service.address);
    client
        .send(format!("{method} {path} HTTP/1.1\r\nHost: listen.example.com\r\nContent-Length: 0\r\n\r\n"))
        .unwrap();
    match method {
        "HEAD" => client.head().unwrap().expect("an answer"),
        _ => client.answer(),
    }
}

fn statuses(operation: &Value) -> BTreeSet<u16> {
    operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect()
}

/// The codes of one answer.
fn codes(answer: &Value) -> Vec<String> {
    let schema = &answer["content"]["application/problem+json"]["schema"]["properties"]["code"]["enum"];
    schema.as_array().into_iter().flatten().map(|code| code.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_route_is_documented_and_nothing_else() {
    let service = Setup::with_sessions().start();
    let document = document(&service);
    let registered: BTreeSet<_> =
        ROUTES.split("at(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    assert!(registered.len() > 8, "the routes were not found");
    let documented: BTreeSet<_> = operations(&document).map(|(_, path, _)| path.clone()).collect();
    assert_eq!(documented, registered);
}

#[test]
fn every_method_that_is_documented_is_taken_and_no_other() {
    let service = Setup::with_sessions().start();
    let document = document(&service);
    for (path, item) in document["paths"].as_object().unwrap() {
        let documented: BTreeSet<_> =
            item.as_object().unwrap().keys().map(|key| key.to_uppercase()).collect();
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "BREW"] {
            let answer = ask(&service, method, path);
            if documented.contains(method) {
                let operation = &item[method.to_lowercase()];
                assert!(statuses(operation).contains(&answer.status), "{method} {path}: {}", answer.status);
                continue;
            }
            assert_eq!(answer.status, 405, "{method} {path}");
            let allowed: BTreeSet<_> =
                answer.header("allow").unwrap().split(", ").map(str::to_owned).collect();
            assert_eq!(allowed, documented, "{method} {path}");
            if method != "HEAD" {
                answer.assert_refusal(405, "method_not_allowed", &format!("{method} {path}"));
            }
        }
    }
    service.assert_serving();
}

#[test]
fn every_code_has_its_place_and_every_place_its_codes() {
    let document = document(&Setup::with_sessions().start());
    let listed = document["components"]["schemas"]["Code"]["enum"].as_array().unwrap();
    let listed: BTreeSet<_> = listed.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    let mut found = BTreeSet::new();
    for answer in document["components"]["responses"].as_object().unwrap().values() {
        found.extend(codes(answer));
    }
    for (method, path, operation) in operations(&document) {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let is_not_ready = path == "/readyz" && status == "503";
            let is_refusal = status.as_str() >= "400" && !is_not_ready && method != "HEAD";
            assert_eq!(!codes(answer).is_empty(), is_refusal, "{method} {path} {status}");
            if is_refusal {
                let example = &answer["content"]["application/problem+json"]["example"];
                assert_eq!(example["status"].to_string(), *status, "{method} {path}");
                assert!(
                    codes(answer).contains(&example["code"].as_str().unwrap().to_owned()),
                    "{method} {path}"
                );
            }
            found.extend(codes(answer));
        }
    }
    assert_eq!(found, listed);
}

#[test]
fn it_says_where_the_service_is() {
    let document = document(&Setup::with_sessions().start());
    assert_eq!(document["servers"], json!([{"url": "https://listen.example.com"}]));
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let service = Setup::with_sessions().server("base_path = \"/media/edgemint\"\n").start();
    let below = service.ask(get("/media/edgemint/openapi.json")).json();
    assert_eq!(below["servers"], json!([{"url": "https://listen.example.com/media/edgemint"}]));
    assert_eq!(below["paths"], document["paths"], "paths begin where the server's ends");
    service.ask(get("/openapi.json")).assert_refusal(404, "not_found", "above the base path");
}

#[test]
fn it_reveals_no_secret_and_nothing_of_the_configuration_that_is_not_seen_from_outside() {
    let service = Setup::new().sessions(&[SESSION_SECRET], "").start();
    let text = document(&service).to_string();
    for hidden in [
        TICKET_SECRET,
        SESSION_SECRET,
        API_KEY,
        "KTEST",
        "cdn.example.com",
        "www.example.com",
        "m.example.com",
    ] {
        assert!(!text.contains(hidden), "{hidden} is in the document");
    }
    for grant in ["podcasts", "downloads", "shows", "near"] {
        assert!(!text.contains(&format!("\"{grant}\"")), "{grant} is in the document");
    }
}

#[test]
fn a_door_that_is_closed_is_documented_to_refuse() {
    let service = Setup::new().shared_only().start();
    let without_sessions = document(&service);
    for (method, path, status) in [("post", "/renew", "401"), ("get", "/status", "401")] {
        let operation = &without_sessions["paths"][path][method];
        assert!(statuses(operation).iter().all(|status| *status >= 400), "{path}");
        assert_eq!(codes(&operation["responses"][status]), ["session_refused"], "{path}");
        assert_eq!(operation.get("security"), None, "{path}");
    }
    assert!(statuses(&without_sessions["paths"]["/enter"]["get"]).contains(&303));
    let schemes = without_sessions["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["api_key", "ticket"]);
}
