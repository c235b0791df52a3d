use serde_json::Value;

use super::{CollectorUrl, CollectorUrlError, Ratio, TraceContext};

const GOOD: &str = "00-12345678901234567890123456789012-1234567890123456-01";

fn parse(parents: &[&str], states: &[&str]) -> Option<TraceContext> {
    let bytes = |lines: &[&str]| lines.iter().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>();
    let (parents, states) = (bytes(parents), bytes(states));
    TraceContext::parse(parents.iter().map(Vec::as_slice), states.iter().map(Vec::as_slice))
}

fn state(lines: &[&str]) -> Option<String> {
    parse(&[GOOD], lines).unwrap().tracestate().map(str::to_owned)
}

/// The inputs are W3C's, the answers those of OpenTelemetry for Python.
#[test]
fn everything_is_read_as_another_implementation_reads_it() {
    let table: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/traces/propagator.json")).unwrap();
    let table = table.as_array().unwrap();
    let refused = table.iter().filter(|case| case["made_of_it"].is_null()).count();
    assert!(table.len() >= 85 && refused >= 40, "the table went wrong: {refused} of {}", table.len());
    for case in table {
        let (name, made) = (&case["name"], &case["made_of_it"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let states: Vec<_> = case["tracestate"].as_array().unwrap().iter().map(text).collect();
        let states: Vec<_> = states.iter().map(String::as_str).collect();
        let context = parse(&[case["traceparent"].as_str().unwrap()], &states);
        assert_eq!(context.is_none(), made.is_null(), "{name}");
        let Some(context) = context else { continue };
        assert_eq!(context.trace_id(), made["trace_id"], "{name}");
        assert_eq!(context.span_id(), made["span_id"], "{name}");
        assert_eq!(context.flags() & 1 == 1, made["sampled"].as_bool().unwrap(), "{name}");
        assert_eq!(context.tracestate().unwrap_or_default(), made["tracestate"], "{name}");
    }
}

#[test]
fn two_callers_are_none() {
    for parents in [&[][..], &[GOOD, GOOD], &["", GOOD], &[GOOD, ""]] {
        assert_eq!(parse(parents, &[]), None, "{parents:?}");
    }
    assert_eq!(TraceContext::parse([&b"00-\xff"[..]], []), None);
}

#[test]
fn what_is_passed_on_is_of_the_version_that_is_known() {
    for (flags, expected) in
        [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("ff", "03"), ("f8", "00")]
    {
        for version in ["00", "01", "cc"] {
            let parent = format!("{version}-12345678901234567890123456789012-1234567890123456-{flags}");
            let onward = format!("00-12345678901234567890123456789012-1234567890123456-{expected}");
            assert_eq!(parse(&[&parent], &[]).unwrap().traceparent(), onward);
        }
    }
    let future = format!("cc{}-what-the-future-will-be-like", &GOOD[2..]);
    assert_eq!(parse(&[&future], &[]).unwrap().traceparent(), GOOD);
}

#[test]
fn a_key_may_begin_with_a_digit() {
    // Since Level 2; the other implementation knows only Level 1.
    assert_eq!(state(&["0foo=1,1@b=2"]).unwrap(), "0foo=1,1@b=2");
    assert_eq!(state(&["_foo=1"]), None);
}

#[test]
fn no_more_of_the_state_is_passed_on_than_everybody_has_to() {
    let member = |name: &str, length: usize| format!("{name}={}", "x".repeat(length - name.len() - 1));
    // 4 × 127 and the commas between them: 511.
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| member(name, 127));
    let all = [&*a, &*b, &*c, &*d].join(",");
    assert_eq!(state(&[&all]), Some(all.clone()));
    assert_eq!(state(&[&all, "e=1"]), Some(all.clone()), "the last leaves");
    assert_eq!(state(&["e=1", &all]), Some(["e=1", &*a, &*b, &*c].join(",")));
    let long = member("l", 129);
    assert_eq!(state(&[&long, &all]), Some(all), "what is long leaves first");
    let longer = member("m", 200);
    assert_eq!(state(&[&long, &a, &longer, &b]), Some([&*long, &*a, &*b].join(",")));
    let whole = format!("{long},{}", member("n", 382));
    assert_eq!(state(&[&whole]), None, "a value of 380 is none");
}

#[test]
fn the_url_of_a_collector_is_a_host_and_a_path() {
    for good in [
        "http://localhost:4318/v1/traces",
        "https://otel.example.com/v1/traces",
        "http://otel-collector.monitoring:4318/otlp",
        "http://[::1]:4318/v1/traces",
    ] {
        assert_eq!(CollectorUrl::parse(good).unwrap().as_str(), good);
    }
    use CollectorUrlError::{Besides, NoPath, NotHttp};
    for (bad, expected) in [
        ("", NotHttp),
        ("localhost:4318", NotHttp),
        ("grpc://localhost:4317/x", NotHttp),
        ("file:///v1/traces", NotHttp),
        ("http://", NotHttp),
        ("http://localhost:4318", NoPath),
        ("http://localhost:4318/", NoPath),
        ("http://me@localhost:4318/v1/traces", Besides),
        ("http://:s3cret@localhost:4318/v1/traces", Besides),
        ("http://localhost:4318/v1/traces?key=s3cret", Besides),
        ("http://localhost:4318/v1/traces#s3cret", Besides),
    ] {
        let wrong = CollectorUrl::parse(bad).unwrap_err();
        assert_eq!(wrong, expected, "{bad}");
        assert!(!wrong.to_string().contains("s3cret"));
    }
}

#[test]
fn a_part_is_between_nothing_and_all() {
    for good in [0.0, 0.05, 1.0] {
        assert!((Ratio::new(good).unwrap().get() - good).abs() < f64::EPSILON);
    }
    for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(Ratio::new(bad).is_err(), "{bad}");
    }
}
