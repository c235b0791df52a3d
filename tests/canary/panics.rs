//! Panics, in the real binary where there is a way to one, and else in a process that does as the binary does.
//!
//! The way: a system that gives no more threads. tokio's `spawn_blocking` panics then.

use std::env;
use std::fs;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::chown;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};
use std::thread;

use edgemint::telemetry::{LogConfig, LogFormat, LogLevel, panics, start};
use serde_json::{Value, json};

use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::secrets::{Place, Secrets, TO_LISTENER, random};
use crate::stage::{Running, Stage};
use crate::support::{Answer, get, post, wait_for};

const NOBODY: u32 = 65534;

/// Root has as many threads as it likes, so there somebody else has to serve.
fn start_as_somebody(stage: &Stage) -> Running<'_> {
    let mut command = stage.command(&["serve", "--config", "edgemint.toml"]);
    if rustix::process::geteuid().is_root() {
        // Where the tests are built, nobody else may have a way to.
        fs::copy(env!("CARGO_BIN_EXE_edgemint"), stage.path("edgemint")).unwrap();
        let mut open = vec![stage.path("")];
        while let Some(path) = open.pop() {
            chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
            open.extend(fs::read_dir(&path).into_iter().flatten().map(|entry| entry.unwrap().path()));
        }
        let mut as_nobody = Command::new(stage.path("edgemint"));
        as_nobody
            .args(command.get_args())
            .current_dir(stage.path(""))
            .uid(NOBODY)
            .gid(NOBODY)
            .stdin(Stdio::null());
        as_nobody.env("EDGEMINT_API_KEY", &stage.api_key).env("RUST_BACKTRACE", "full");
        command = as_nobody;
    }
    stage.start_as(command)
}

/// How many processes and threads the service and all others of its user may be before it gets no further one. Asked
/// for by its own user: root may not everywhere.
fn limit_threads(service: &Running<'_>, limit: &str) {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &service.pid().to_string(), &format!("--nproc={limit}:")]);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    assert!(command.status().unwrap().success());
}

fn panics_in(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("panicked")).collect()
}

fn mint(service: &Running<'_>, subject: &str) -> Answer {
    let headers =
        format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", service.stage.api_key);
    let body = json!({"grants": ["downloads"], "subject": subject}).to_string();
    service.ask(post("/v1/mint", &headers, &body))
}

#[test]
fn a_request_that_panics_is_answered_and_all_others_too() {
    needs!("prlimit");
    let stage = Stage::new();
    let init = ["keys", "init", "--algorithm", "rsa-2048", "--hash", "sha256", "--key-pair-id", "KTEST"];
    stage.succeeds("init", &mut stage.command(&init));
    stage.plant_keys("keys");
    stage.configure("json", "");
    let service = start_as_somebody(&stage);
    let subject = stage.secrets.make_for("a subject", TO_LISTENER);
    limit_threads(&service, "1");
    for _ in 0..2 {
        // The first signature that a request waits for would begin the thread that makes it.
        let answer = mint(&service, &subject);
        answer.assert_refusal(500, "broken_off", "a panic");
        assert!(answer.header("x-request-id").is_some());
    }
    limit_threads(&service, "1000");
    assert_eq!(service.ask(get("/healthz")).status, 200);
    assert_eq!(mint(&service, &subject).status, 200, "there are threads again");
    service.wait_for_log("\"code\":\"broken_off\"");
    let log = service.log();
    let lines: Vec<Value> =
        panics_in(&log).into_iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{log}");
    for line in lines {
        assert_eq!(
            (&line["level"], &line["said"]),
            (&json!("ERROR"), &json!("(not shown: it may hold secrets)"))
        );
        assert!(line["place"].as_str().unwrap().contains(".rs:"), "{line}");
        assert!(line["thread"].as_str().unwrap().starts_with("actix-rt|system:"), "{line}");
    }
    stage.assert_none(Place::Log, log.as_bytes(), "the log");
}

/// What keeps the connection would be gone, and every ticket refused from then on.
#[test]
fn a_thread_in_the_background_that_panics_ends_the_process() {
    needs!("redis-server", "prlimit");
    let stage = Stage::new();
    stage.make_keyring("keys", "KTEST");
    let password = stage.secrets.make("the password of Redis");
    let mut redis = RedisServer::with(&["--requirepass", &password]);
    // A name, which is looked up on a thread.
    stage.write("redis.url", format!("redis://:{password}@localhost:{}", redis.port()));
    stage.configure("text", "[store]\nredis = { file = \"redis.url\" }\n");
    let mut service = start_as_somebody(&stage);
    service.wait_for_log("Redis answers");
    let tasks = format!("/proc/{}/task", service.pid());
    let is_lookup = |comm: String| comm.starts_with("tokio-rt-worker");
    let lookups = || {
        let threads = fs::read_dir(&tasks).unwrap().map(|thread| thread.unwrap().path().join("comm"));
        threads.filter(|comm| fs::read_to_string(comm).is_ok_and(is_lookup)).count()
    };
    // One that signs ahead stays.
    wait_for("the end of the thread that looks names up", || lookups() <= 1);
    limit_threads(&service, "1");
    redis.kill();
    let ended = service.wait();
    assert_eq!((ended.signal(), ended.core_dumped()), (Some(6), false), "{}", service.log());
    let log = service.log();
    let lines = panics_in(&log);
    assert!(
        matches!(lines[..], [line] if line.contains("thread=\"redis\"") && line.contains("the process ends")),
        "{log}"
    );
    stage.assert_none(Place::Log, log.as_bytes(), "the log");
}

/// What the processes below do, by name.
fn panic_by(way: &str, secret: &'static str) {
    // Neither is told by clippy to be what it is.
    let refused = |secret: &str| if secret.is_empty() { Ok(()) } else { Err(secret.to_owned()) };
    let found = |secret: &str| secret.find('\n');
    match way {
        "unwrap" => refused(secret).unwrap(),
        "expect" => refused(secret).expect("a literal that is put together with the error"),
        "none" => assert_ne!(found(secret).expect(secret), 0),
        "slice" => drop(format!("\u{fc}{secret}")[1..].to_owned()),
        "formatted" => panic!("{secret}"),
        "assert" => assert_eq!(secret, "another"),
        "any" => std::panic::panic_any(secret.to_owned()),
        "literal" => panic!("a literal of the source"),
        "number" => assert!([1, 2, 3][secret.len()..].is_empty()),
        _ => unreachable!(),
    }
}

/// Does as the binary does, on a thread of a name, when it is told to; by itself it does nothing.
#[test]
fn a_process_that_panics() {
    let Ok(told) = env::var("CANARY_PANIC") else { return };
    let [way, name, format]: [&str; 3] = told.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let secret: &'static str = env::var("CANARY_SECRET").unwrap().leak();
    panics::install();
    let format = match format {
        "json" => Some(LogFormat::Json),
        "text" => Some(LogFormat::Text),
        _ => None,
    };
    let logging = format.map(|format| start(LogConfig { format, level: LogLevel::Trace, audit: true }));
    let way = way.to_owned();
    let act = move || {
        tracing::error!("a line before it");
        panic_by(&way, secret)
    };
    let thread = thread::Builder::new().name(name.to_owned()).spawn(act).unwrap();
    assert!(thread.join().is_err());
    drop(logging);
    // Past what the test harness prints.
    std::io::stdout().write_all(b"it went on\n").unwrap();
}

fn child(told: &str, secret: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "panics::a_process_that_panics", "--nocapture"]);
    command
        .env("CANARY_PANIC", told)
        .env("CANARY_SECRET", secret)
        .env("RUST_BACKTRACE", "full")
        .stdin(Stdio::null());
    command
}

#[test]
fn of_a_panic_nothing_is_said_but_what_stands_in_the_source() {
    for way in ["unwrap", "expect", "none", "slice", "formatted", "assert", "any", "literal", "number"] {
        for (thread, is_over) in [
            ("redis", true),
            ("main", true),
            ("actix-rt|system:0|arbiter:3", false),
            ("tokio-rt-worker", false),
            ("keyring", false),
        ] {
            let secrets = Secrets::default();
            let secret = secrets.make("what a panic is about");
            let format = ["json", "text", "none"][(way.len() + thread.len()) % 3];
            let output = child(&format!("{way} {thread} {format}"), &secret).output().unwrap();
            let what = format!("{way} on {thread} in {format}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(panics_in(&said).len(), 1, "{what}: {said}");
            assert!(
                said.contains(thread) && said.contains("tests/canary/panics.rs:") || way == "slice",
                "{what}: {said}"
            );
            assert_eq!(said.contains("a literal of the source"), way == "literal", "{what}: {said}");
            assert_eq!(String::from_utf8_lossy(&output.stdout).contains("it went on"), !is_over, "{what}");
            assert_eq!(output.status.signal(), is_over.then_some(6), "{what}");
            for text in [&output.stdout, &output.stderr] {
                assert!(secrets.leaks(Place::Log, text).is_empty(), "{what}: it is said");
            }
            assert_eq!(said.contains("a line before it"), format != "none", "{what}: {said}");
            if format == "json" {
                let line = said.lines().find(|line| line.contains("panicked")).unwrap();
                assert!(serde_json::from_str::<Value>(line).unwrap()["timestamp"].is_string(), "{line}");
            }
        }
    }
}

/// Nobody reads what it says, and the pipe is full.
#[test]
fn a_process_that_panics_ends_even_if_nobody_reads_why() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(writer.as_fd(), true).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(writer.as_fd(), false).unwrap();
    let mut command = child("unwrap redis json", &random());
    let mut child = command.stdout(Stdio::null()).stderr(writer).spawn().unwrap();
    drop(command);
    let mut ended = None;
    wait_for("the end of the process", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().signal(), Some(6));
    drop(reader);
}
