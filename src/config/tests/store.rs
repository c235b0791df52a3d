//! `[store]`: every mistake, and what is right.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::{Config, Problems, surroundings, with_line};
use crate::config::StorePlace;

/// Of an authority that signs nothing; made with `openssl req -x509 -newkey ec`, its key thrown away.
const AUTHORITY: &str = "\
-----BEGIN CERTIFICATE-----
MIIBkjCCATmgAwIBAgIUV61Jpi3acmit8Qn9SP7un9z4owEwCgYIKoZIzj0EAwIw
HjEcMBoGA1UEAwwTYXV0aG9yaXR5IG9mIGEgdGVzdDAgFw0yNjExMjExMTI1MDBa
GA8yMTI2MTAyODExMjUwMFowHjEcMBoGA1UEAwwTYXV0aG9yaXR5IG9mIGEgdGVz
dDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHsCFN6tfyxdlQNzg3GEy2ZQZ8Cm
M+yS+nZgTbdEcW/11zeQIXNcWJZBoSHoCzdxx/IqLoO0mCa02x2vU7m7akOjUzBR
MB0GA1UdDgQWBBTEsOjLdVfGr9P/bD93k9DcpBATuDAfBgNVHSMEGDAWgBTEsOjL
dVfGr9P/bD93k9DcpBATuDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cA
MEQCIB14CBOZC+Pib1boWXOeITYUnhqiV6rh2W8OfLoZWQagAiB74ygemnEcmyIT
pTHTQXAVlILs4rWfHguZHUmtC+wfSw==
-----END CERTIFICATE-----
";

const PASSWORD: &str = "hunter2-of-redis";

/// A configuration with these lines from its fourth on, and variables that hold URLs.
fn parse(lines: &str) -> Result<Config, Problems> {
    let environment = [
        ("REDIS", format!("redis://app:{PASSWORD}@redis.example.com/2")),
        ("REDIS_TLS", format!("rediss://:{PASSWORD}@redis.example.com:6380")),
        ("NO_PORT", format!("redis://app:{PASSWORD}/@redis.example.com")),
        ("USER_ONLY", format!("redis://{PASSWORD}@redis.example.com")),
        ("INSECURE", format!("rediss://:{PASSWORD}@redis.example.com/#insecure")),
        ("HTTPS", format!("https://:{PASSWORD}@redis.example.com")),
        ("DATABASE", format!("redis://redis.example.com/{PASSWORD}")),
        ("SOCKET", format!("unix://run/redis.sock?pass={PASSWORD}")),
        ("PASSWORD", PASSWORD.to_owned()),
        ("AUTHORITY", AUTHORITY.to_owned()),
    ];
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let text = with_line(4, &format!("{lines}\n[ticket]"));
    Config::parse(Path::new("edgemint.toml"), &text, surroundings(&environment, Vec::new()))
}

/// Lines, the place that is blamed, the setting, and a part of the message.
const ROWS: &[(&str, &str, &str, &str)] = &[
    ("[store]\nredis = \"redis://localhost\"", ":5:9", "store.redis", "never written into the configuration"),
    ("[store]\nredis = {}", ":5:9", "store.redis", "neither file nor env is given"),
    ("[store]\nredis = { env = \"NOT_SET\" }", ":5:17", "store.redis.env", "is not set"),
    ("[store]\nredis = { env = \"PASSWORD\" }", ":5:9", "store.redis", "is not the URL of a Redis"),
    ("[store]\nredis = { env = \"NO_PORT\" }", ":5:9", "store.redis", "percent-encoded"),
    ("[store]\nredis = { env = \"USER_ONLY\" }", ":5:9", "store.redis", "a user and no password"),
    ("[store]\nredis = { env = \"INSECURE\" }", ":5:9", "store.redis", "certificates are always checked"),
    ("[store]\nredis = { env = \"HTTPS\" }", ":5:9", "store.redis", "begins with redis://"),
    ("[store]\nredis = { env = \"DATABASE\" }", ":5:9", "store.redis", "is not the number of a database"),
    ("[store]\nredis = { env = \"SOCKET\" }", ":5:9", "store.redis", "with three slashes"),
    (
        "[store]\nredis = { env = \"REDIS\" }\nca = { env = \"AUTHORITY\" }",
        ":6:6",
        "store.ca",
        "the URL asks for no TLS; write rediss://",
    ),
    (
        "[store]\nredis = { env = \"REDIS_TLS\" }\nca = { env = \"PASSWORD\" }",
        ":6:6",
        "store.ca",
        "begins with -----BEGIN CERTIFICATE-----",
    ),
    (
        "[store]\nredis = { env = \"REDIS_TLS\" }\nca = { file = \"absent.pem\" }",
        ":6:15",
        "store.ca.file",
        "there is no file of this name",
    ),
    (
        "[store]\nredis = { env = \"REDIS\" }\ndeadline = \"9ms\"",
        ":6:12",
        "store.deadline",
        "out of range; write 10ms to 5s",
    ),
    ("[store]\nredis = { env = \"REDIS\" }\ndeadline = 1", ":6:12", "store.deadline", "write it in quotes"),
    (
        "[store]\nredis = { env = \"REDIS\" }\nprefix = \"edge mint:\"",
        ":6:10",
        "store.prefix",
        "cannot begin the names of keys; write 1 to 64 of",
    ),
    ("[store]\nredis = { env = \"REDIS\" }\nprefix = \"\"", ":6:10", "store.prefix", "write 1 to 64 of"),
    ("[store]\nredis = { env = \"REDIS\" }\nprefix = \"*\"", ":6:10", "store.prefix", "write 1 to 64 of"),
    ("[store]\nca = { env = \"AUTHORITY\" }", ":5:6", "store.ca", "about a Redis, and none is configured"),
    ("[store]\ndeadline = \"1s\"", ":5:12", "store.deadline", "about a Redis, and none is configured"),
    ("[store]\nprefix = \"a:\"", ":5:10", "store.prefix", "write store.redis = { file = \"PATH\" }"),
    ("[store]\nrevocations = \"0s\"", ":5:15", "store.revocations", "out of range; write 1s to 1year"),
    ("[store]\nrevocations = \"1500ms\"", ":5:15", "store.revocations", "not in whole seconds"),
    ("[store]\nrevocations = \"10years\"", ":5:15", "store.revocations", "out of range"),
    (
        "[session]\nsecrets = [{ env = \"TICKET_SECRET\" }]\nmax_age = \"36h\"\n[store]\nrevocations = \"1day\"",
        ":8:15",
        "store.revocations",
        "less than a session may last, so one that was shut out would come back; write 1day 12h (session.max_age) or more",
    ),
    ("[store]\nredsi = 1", ":5:1", "store.redsi", "did you mean redis?"),
    ("[store]\nfile = \"\"", ":5:8", "store.file", "it is empty; write a value or remove the line"),
    ("[store]\nfile = { env = \"REDIS\" }", ":5:8", "store.file", "write it in quotes"),
    (
        "[store]\nredis = { env = \"REDIS\" }\nfile = \"revocations\"",
        ":6:8",
        "store.file",
        "are in store.redis already, where every instance sees them; remove one of the two",
    ),
    (
        "[store]\nfile = \"revocations\"\nprefix = \"a:\"",
        ":6:10",
        "store.prefix",
        "about a Redis, and none is",
    ),
    (
        "[store]\nurl = 1",
        ":5:1",
        "store.url",
        "known here are file, redis, ca, deadline, prefix, revocations",
    ),
];

#[test]
fn every_mistake_has_a_place_and_a_remedy_and_tells_no_password() {
    for (lines, place, setting, phrase) in ROWS {
        let problems = parse(lines).expect_err(lines);
        let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let expected = format!("edgemint.toml{place}: {setting}: ");
        assert_eq!(found.len(), 1, "{lines}\n{found:#?}");
        assert!(
            found[0].starts_with(&expected) && found[0].contains(phrase),
            "{lines}\n{expected}\n{found:#?}"
        );
        assert!(!found[0].contains(PASSWORD), "{found:#?}");
    }
}

#[test]
fn what_is_right_is_read() {
    let month = Duration::from_hours(30 * 24);
    let config = parse("").unwrap();
    assert!(matches!(config.store.place, StorePlace::Memory));
    assert_eq!(config.store.revocations, month);

    // In the folder of the configuration, unless it says otherwise.
    for (name, expected) in [("revocations", "revocations"), ("/var/lib/a", "/var/lib/a")] {
        let config = parse(&format!("[store]\nfile = \"{name}\"")).unwrap();
        let StorePlace::File(path) = &config.store.place else { panic!("{config:?}") };
        assert_eq!(path, Path::new(expected));
    }

    let config = parse("[store]\nredis = { env = \"REDIS\" }").unwrap();
    let StorePlace::Redis(shared) = config.store.place else { panic!("{config:?}") };
    assert_eq!((shared.settings.place(), shared.prefix.as_str()), ("redis.example.com:6379", "edgemint:"));
    assert_eq!(config.store.revocations, month);

    let lines = "[store]\nredis = { env = \"REDIS_TLS\" }\nca = { env = \"AUTHORITY\" }\ndeadline = \"50ms\"\n\
                 prefix = \"a/b:\"\nrevocations = \"90days\"";
    let config = parse(lines).unwrap();
    assert!(!format!("{config:?}").contains(PASSWORD), "{config:?}");
    let StorePlace::Redis(shared) = config.store.place else { panic!("{config:?}") };
    assert_eq!((shared.settings.place(), shared.prefix.as_str()), ("redis.example.com:6380", "a/b:"));
    assert!(format!("{:?}", shared.settings).contains("50ms"));
    assert_eq!(config.store.revocations, month * 3);
}

#[test]
fn what_the_example_says_of_a_redis_is_right() {
    let example = include_str!("../../../deploy/edgemint.example.toml");
    let section = example.split_once("\n[store]\n").unwrap().1.split_once("\n\n").unwrap().0;
    let lines = section.lines().filter(|line| !line.starts_with("#file = "));
    let lines = lines.map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    let text = with_line(4, &format!("[store]\n{}\n[ticket]", lines.collect::<Vec<_>>().join("\n")));
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("redis.url");
    fs::write(&url, "rediss://redis.example.com\n").unwrap();
    fs::set_permissions(&url, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.path().join("redis-ca.pem"), AUTHORITY).unwrap();
    let config = Config::parse(&folder.path().join("edgemint.toml"), &text, surroundings(&[], Vec::new()));
    let store = config.unwrap().store;
    let StorePlace::Redis(shared) = store.place else { panic!("{store:?}") };
    // They are the defaults.
    assert_eq!((shared.settings.place(), shared.prefix.as_str()), ("redis.example.com:6379", "edgemint:"));
    assert!(format!("{:?}", shared.settings).contains("500ms"));
    assert_eq!(store.revocations, Duration::from_hours(30 * 24));
}
