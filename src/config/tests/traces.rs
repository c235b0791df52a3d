use std::time::Duration;

use super::{parse, problems, with_line};
use crate::telemetry::traces::CAN_EXPORT;

const ENDPOINT: &str = "endpoint = \"http://localhost:4318/v1/traces\"";

/// What is wrong with these lines of `[traces]`, besides that the section is of no use to this build.
fn wrong(lines: &str) -> Vec<String> {
    let mut found = problems(&with_line(1, &format!("[traces]\n{lines}\n[server]")));
    // A value of a wrong type is found before the section is looked at.
    let is_of_the_build = |problem: &String| problem.contains("without what sends traces; build it with");
    if let Some(place) = found.iter().position(is_of_the_build) {
        assert!(found.remove(place).starts_with("edgemint.toml:1:1: traces: "));
    }
    found
}

#[test]
fn a_build_that_cannot_send_traces_says_so_and_takes_everything_else() {
    let text = with_line(1, &format!("[traces]\n{ENDPOINT}\n[server]"));
    match (CAN_EXPORT, parse(&text)) {
        (true, Ok(config)) => {
            let traces = config.traces.unwrap();
            assert_eq!(traces.endpoint.as_str(), "http://localhost:4318/v1/traces");
            assert!((traces.ratio.get() - 1.0).abs() < f64::EPSILON);
            assert_eq!(traces.timeout, Duration::from_secs(5));
        }
        (false, Err(problems)) => {
            assert_eq!(
                problems.to_string(),
                "edgemint.toml:1:1: traces: this edgemint was built without what sends traces; build it with `cargo build \
                 --release --features otlp`, or remove the section"
            );
        }
        (_, outcome) => panic!("{outcome:?}"),
    }
    assert!(parse(&with_line(0, "")).unwrap().traces.is_none());
}

#[test]
fn what_is_wrong_with_traces_has_a_place_and_a_remedy() {
    for right in ["ratio = 0", "ratio = 1", "ratio = 0.05", "timeout = \"30s\""] {
        assert_eq!(wrong(&format!("{ENDPOINT}\n{right}")), Vec::<String>::new(), "{right}");
    }
    for (lines, place, phrase) in [
        ("", ":1:1: traces.endpoint", "it is missing; say where the collector takes spans"),
        (
            "endpoint = \"localhost:4318\"",
            ":2:12: traces.endpoint",
            "write one such as \"http://localhost:4318",
        ),
        ("endpoint = \"http://localhost:4318\"", ":2:12: traces.endpoint", "mostly taken at /v1/traces"),
        (
            "endpoint = \"http://me:s3cret@localhost/x\"",
            ":2:12: traces.endpoint",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        ),
        (&format!("{ENDPOINT}\nratio = 1.5"), ":3:9: traces.ratio", "1.5 is no part of all traces; write 0"),
        (&format!("{ENDPOINT}\nratio = nan"), ":3:9: traces.ratio", "NaN is no part of all traces"),
        (
            &format!("{ENDPOINT}\nratio = \"half\""),
            ":3:9: traces.ratio",
            "found a string, wanted a number; write digits",
        ),
        (
            &format!("{ENDPOINT}\ntimeout = \"10ms\""),
            ":3:11: traces.timeout",
            "out of range; write 100ms to 30s",
        ),
        (
            &format!("{ENDPOINT}\nsample = 1"),
            ":3:1: traces.sample",
            "known here are endpoint, ratio, timeout",
        ),
    ] {
        let found = wrong(lines);
        let [problem] = &found[..] else { panic!("{lines:?}: {found:?}") };
        assert!(problem.starts_with(&format!("edgemint.toml{place}: ")), "{lines:?}: {problem}");
        assert!(problem.contains(phrase) && !problem.contains("s3cret"), "{lines:?}: {problem}");
    }
}
