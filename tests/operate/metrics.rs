//! Metrics, alerts and dashboard, judged by a Prometheus that scrapes the real service.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::programs::needs;
use crate::prometheus::Prometheus;
use crate::proxy::deploy;
use crate::support::{Key, Reply, SAME_SITE, Service, Setup, Upstream, get, post, wait_for, write_ring};

const METRICS: &str = "[metrics]\nlisten = \"127.0.0.1:0\"\n";

/// A service that has shown everything that it can: mints, refusals, failures, a key that retires.
fn shown() -> (Service, Upstream) {
    let yes = json!({"user": {"id": 4217}});
    let upstream = Upstream::saying(Reply::json(&yes));
    let section = format!(
        "{METRICS}[introspect]\nurl = \"{}\"\ncookies = [\"session\"]\nsubject = \"/user/id\"\n",
        upstream.url("/session"),
    );
    let service = Setup::new().without_tickets().section(section.leak()).start();
    let (old, new) = (Key::of(&service.setup), Key::ecdsa("KNEW"));
    write_ring(&service.setup.path("keys"), &[(&old, "retiring"), (&new, "active")]);
    service.wait_until_it_signs_with(&new);
    (service, upstream)
}

/// Everything once: called again and again, so that rates have something to count.
fn exercise(service: &Service, upstream: &Upstream) {
    let renew =
        |session: &str| service.ask(post("/renew", &format!("{SAME_SITE}Cookie: session={session}\r\n"), ""));
    // The session says nothing of a show, so that this grant is withheld.
    upstream.say(Reply::json(json!({"user": {"id": 4217}})));
    assert_eq!(renew("good").status, 200);
    upstream.say(Reply::new("500 Internal Server Error", "", ""));
    assert_eq!(renew("of-an-app-that-fails").status, 503);
    assert_eq!(service.ask(get("/nowhere")).status, 404);
    assert_eq!(service.ask(get("/readyz")).status, 200);
    assert_eq!(service.mint(&json!({"grants": ["podcasts"]})).status, 200);
}

/// (name, type, labels) of each row of `deploy/metrics.md`.
fn documented() -> Vec<(String, String, BTreeSet<String>)> {
    let text = fs::read_to_string(deploy("metrics.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[1].trim_matches('`').to_owned(), cells[2].to_owned(), words(cells[3]))
    });
    rows.collect()
}

/// The same of what Prometheus has scraped. Buckets, sums and counts are one histogram.
fn scraped(prometheus: &Prometheus) -> BTreeMap<String, BTreeSet<String>> {
    let series = prometheus.get("series", &[("match[]", "{job=\"edgemint\"}")]);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for series in series.as_array().unwrap() {
        let labels = series.as_object().unwrap();
        let name = labels["__name__"].as_str().unwrap();
        // Prometheus' own, about the scrape.
        if name == "up" || name.starts_with("scrape_") || name.starts_with("ALERTS") {
            continue;
        }
        let family =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let ours =
            labels.keys().filter(|label| !["__name__", "job", "instance", "le"].contains(&label.as_str()));
        found.entry(family.to_owned()).or_default().extend(ours.cloned());
    }
    found
}

fn named_in(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = |word: &&str| ["edgemint_", "process_"].iter().any(|start| word.starts_with(start));
    words.filter(ours).map(str::to_owned).collect()
}

/// The values that `label` is compared with, by text or by a list of alternatives.
fn compared(expression: &str, label: &str) -> BTreeSet<String> {
    let parts = expression.split(['{', ',']).filter_map(|part| part.trim().strip_prefix(label));
    let lists = parts.filter_map(|rest| rest.trim_start_matches(['=', '~', '!']).split('"').nth(1));
    lists.flat_map(|list| list.split('|')).map(str::to_owned).collect()
}

/// Every expression of the dashboard, as Grafana would ask it.
fn dashboard() -> Vec<String> {
    let dashboard: Value =
        serde_json::from_str(&fs::read_to_string(deploy("grafana.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let variables = [("$job", "edgemint"), ("$instance", ".*"), ("$__rate_interval", "5s")];
    let asked = targets.map(|target| {
        let expression = target["expr"].as_str().unwrap().to_owned();
        variables.iter().fold(expression, |expression, (name, value)| expression.replace(name, value))
    });
    asked.collect()
}

#[test]
fn prometheus_takes_every_series_every_alert_and_every_panel() {
    needs!("prometheus", "curl");
    let (service, upstream) = shown();
    let prometheus = Prometheus::scraping(service.metrics_address());
    let expressions = dashboard();
    assert!(expressions.len() > 20, "{expressions:?}");
    // A rate needs two scrapes; once all have values, everything has been scraped.
    for expression in &expressions {
        wait_for(&format!("a value for {expression}"), || {
            exercise(&service, &upstream);
            !prometheus.query(expression).is_empty()
        });
    }

    let documented = documented();
    let names: BTreeMap<_, _> =
        documented.iter().map(|(name, _, labels)| (name.clone(), labels.clone())).collect();
    assert_eq!(names.len(), documented.len(), "each once");
    assert_eq!(scraped(&prometheus), names, "what is scraped, and what deploy/metrics.md says");
    let metadata = prometheus.get("targets/metadata", &[]);
    for (name, kind, _) in &documented {
        // OpenMetrics calls a counter and an information by what stands before the ending.
        let family = name.strip_suffix("_total").or(name.strip_suffix("_info")).unwrap_or(name);
        let rows = metadata.as_array().unwrap();
        let row = rows.iter().find(|row| row["metric"] == *family);
        let row = row.unwrap_or_else(|| panic!("{name} is not in {metadata}"));
        assert_eq!(row["type"], *kind, "{name}");
        assert!(row["help"].as_str().unwrap().ends_with('.'), "{row}");
    }

    // A few failures are nothing to wake anybody for.
    wait_for("the alerts that are due", || {
        exercise(&service, &upstream);
        WRONG.iter().all(|name| pending(&prometheus).contains(*name))
    });
    assert_rules_are_good(&prometheus);
    for name in expressions.iter().flat_map(|one| named_in(one)) {
        assert!(!prometheus.query(&name).is_empty(), "{name} of the dashboard is not there");
    }
    let log = prometheus.log();
    assert!(!log.contains("level=error") && !log.contains("level=warn"), "{log}");
}

/// What is wrong with the service of these tests. None is so for long enough to fire.
const WRONG: [&str; 2] = ["EdgemintServerErrors", "EdgemintUpstreamErrors"];

/// The alerts whose expressions hold.
fn pending(prometheus: &Prometheus) -> BTreeSet<String> {
    let rules = prometheus.get("rules", &[]);
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    let holding = rules.iter().filter(|rule| rule["state"] != "inactive");
    holding.map(|rule| rule["name"].as_str().unwrap().to_owned()).collect()
}

fn assert_rules_are_good(prometheus: &Prometheus) {
    let rules = prometheus.get("rules", &[]);
    let rules = rules["groups"][0]["rules"].as_array().unwrap().clone();
    assert!(rules.len() > 10);
    for rule in &rules {
        let name = rule["name"].as_str().unwrap();
        assert_eq!(rule["health"], "ok", "{rule}");
        for text in ["summary", "description"] {
            assert!(rule["annotations"][text].is_string(), "{name} has no {text}");
        }
        for metric in named_in(rule["query"].as_str().unwrap()) {
            assert!(!prometheus.query(&metric).is_empty(), "{metric} of {name} is not there");
        }
    }
    let pending = pending(prometheus);
    for never in ["EdgemintDown", "EdgemintNoActiveKey", "EdgemintNotSigningAhead", "EdgemintStoreErrors"] {
        assert!(!pending.contains(never), "{pending:?}");
    }
}

#[test]
fn an_instance_without_a_key_is_noticed() {
    needs!("prometheus", "curl");
    let setup = Setup::with_key(&["--algorithm", "ecdsa-p256"]).section(METRICS);
    let service = setup.start();
    let prometheus = Prometheus::scraping(service.metrics_address());
    let alert = "ALERTS{alertname=\"EdgemintNoActiveKey\"}";
    wait_for("the alert", || !prometheus.query(alert).is_empty());
    let texts = prometheus.get("alerts", &[]);
    let texts = texts["alerts"].as_array().unwrap();
    let found = texts.iter().find(|one| one["labels"]["alertname"] == "EdgemintNoActiveKey").unwrap();
    let summary = format!("{} has no key to sign with, and mints nothing", service.metrics_address());
    assert_eq!(found["annotations"]["summary"], *summary);
}

/// A word that no answer has would never be found, and nobody would notice.
#[test]
fn alerts_and_panels_ask_for_codes_and_routes_that_there_are() {
    let (problems, routes) =
        (include_str!("../../src/http/code.rs"), include_str!("../../src/http/route.rs"));
    let rules = fs::read_to_string(deploy("alerts.yml")).unwrap();
    let mut number = 0;
    for expression in dashboard().into_iter().chain([rules]) {
        for (label, source) in [("code", problems), ("route", routes)] {
            for value in compared(&expression, label) {
                assert!(source.contains(&format!("\"{value}\"")), "{label}={value:?}");
                number += 1;
            }
        }
    }
    assert!(number > 8, "{number} were found");
}

fn promtool(arguments: &[&str]) {
    let output =
        Command::new("promtool").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
}

#[test]
fn alerts_fire_where_they_should_and_nowhere_else() {
    needs!("promtool");
    promtool(&["check", "rules", "--lint=all", "--lint-fatal", "deploy/alerts.yml"]);
    promtool(&["test", "rules", "tests/operate/alerts.test.yml"]);
    let (rules, tests) = (
        fs::read_to_string(deploy("alerts.yml")).unwrap(),
        fs::read_to_string("tests/operate/alerts.test.yml").unwrap(),
    );
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        let fires = format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\",");
        assert!(tests.contains(&fires), "no test has {alert} fire");
    }
}
