use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::support::{Client, DEADLINE, MARKER, Service, Setup, Ticket, exchange, get, now, run};

/// That it does not start, and says this in one line on standard error.
fn assert_refused(setup: &Setup, words: &[&str]) {
    let output = setup.serve().output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(output.stdout, b"", "nothing is said to listen");
    let last = stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("edgemint: "), "{stderr}");
    for word in words {
        assert!(last.contains(word), "{word:?} is not in: {last}");
    }
    for secret in setup.secrets() {
        assert!(!stderr.contains(&secret), "a secret is in: {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn it_is_ready_with_an_active_key_and_not_without() {
    let ready = Setup::new().start();
    for path in ["/readyz", "/healthz"] {
        let answer = exchange(ready.address, get(path));
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{path}");
    }
    let service = Setup::with_key(&["--algorithm", "ecdsa-p256"]).start();
    let answer = exchange(service.address, get("/readyz"));
    let (said, since) = (answer.json(), answer.json()["keyring"]["reloaded_at"].clone());
    let keyring = json!({"reloaded_at": since});
    assert!(since.as_i64().is_some_and(|since| (now() - 60..=now()).contains(&since)), "{said}");
    let expected = json!({"status": "not_ready", "reason": "no_active_key", "keyring": keyring});
    assert_eq!((answer.status, said), (503, expected));
    assert_eq!((answer.header("cache-control"), answer.all("set-cookie").count()), (Some("no-store"), 0));
    assert_eq!(exchange(service.address, get("/healthz")).status, 200);
    service.log_with("the keyring has no active key");
    let refused = service.mint(&json!({"grants": ["podcasts"], "subject": MARKER}));
    assert_eq!(refused.header("retry-after"), Some("1"));
    refused.assert_refusal(503, "no_active_key", "nothing to sign with");
    let ticket = Ticket::of("listener-7").sign();
    for _ in 0..2 {
        // The ticket is not used up by what the listener cannot help.
        service.redeem(&ticket).assert_refusal(503, "no_active_key", "nothing to sign with");
    }
    assert!(!service.log().contains(MARKER));
}

#[test]
fn only_health_takes_head_besides_get() {
    let service = Setup::new().start();
    for path in ["/healthz", "/readyz"] {
        let head = exchange_head(&service, path);
        assert_eq!(head, 200, "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = service.ask(get(path).replace("GET", method));
            assert_eq!(answer.header("allow"), Some("GET, HEAD"));
            service.assert_refused(&answer, 405, "method_not_allowed", method);
        }
    }
}

fn exchange_head(service: &Service, path: &str) -> u16 {
    let mut client = Client::connect(service.address);
    client.send(get(path).replace("GET", "HEAD")).unwrap();
    client.head().unwrap().unwrap().status
}

#[test]
fn rsa_over_sha1_is_not_signed_while_a_listener_waits() {
    let setup = Setup::with_key(&["--algorithm", "rsa-2048", "--key-pair-id", "KTEST"]);
    assert_refused(&setup, &["\"downloads\"", "RSA over SHA-1", "ECDSA", "sha256"]);
    let service = setup.shared_only().start();
    service.assert_serving();
    service.assert_entering();
}

#[test]
fn more_cookies_than_proxies_pass_on_are_refused_where_browsers_enter() {
    let folders = |length: usize| {
        let grant = |index: usize| {
            let folder = format!("{index}{}", "x".repeat(length));
            format!(
                "[[grants]]\nname = \"g{index}\"\nresource = \"https://cdn.example.com/{folder}/*\"\n\
                 ttl = \"5m\"\ncookie = {{ domain = \"example.com\" }}\n"
            )
        };
        (0..6).map(grant).collect::<String>().leak()
    };
    assert_refused(&Setup::new().section(folders(150)), &["6144 bytes", "/enter", "grants"]);
    drop(Setup::new().section(folders(150)).without_tickets().start());
    drop(Setup::new().shared_only().section(folders(1)).start());
}

#[test]
fn a_private_file_that_others_can_read_is_refused_with_the_chmod() {
    let setup = Setup::new();
    let key = setup.key_file();
    setup.set_mode(&key, 0o644);
    assert_refused(&setup, &["chmod 600", &key]);
    setup.set_mode(&key, 0o600);
    setup.set_mode("ticket.key", 0o640);
    assert_refused(&setup, &["chmod 600", "ticket.key"]);
    setup.set_mode("ticket.key", 0o600);
    drop(setup.start());
}

#[test]
fn more_workers_than_can_be_are_refused() {
    for workers in ["0", "513", "-1"] {
        let setup = Setup::new().server(&format!("workers = {workers}"));
        let output = setup.serve().output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("server.workers") && stderr.contains("512"), "{stderr}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let setup = Setup::new();
    std::fs::rename(setup.path("keys"), setup.path("elsewhere")).unwrap();
    let output = setup.serve().output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("keys init"), "{stderr}");
}

#[test]
fn a_port_that_is_taken_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let setup = Setup::new();
    let mut command = setup.serve();
    let output = command.args(["--listen", &address]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(output.stdout, b"");
    for word in ["edgemint: cannot listen on", &address, "--listen"] {
        assert!(stderr.contains(word), "{word:?} is not in: {stderr}");
    }
}

/// A pipe whose reader is gone.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn without_a_reader_of_its_log_it_serves_on() {
    for stderr in [closed_pipe(), File::options().write(true).open("/dev/full").unwrap().into()] {
        let setup = Setup::new().logging("debug");
        let mut command = setup.serve();
        command.stderr(stderr);
        let service = Service::spawn(setup, command, NamedTempFile::new().unwrap());
        for _ in 0..20 {
            exchange(service.address, get("/nowhere")).assert_refusal(404, "not_found", "nothing there");
        }
        service.assert_serving();
        service.assert_entering();
    }
}

#[test]
fn while_the_reader_of_its_log_is_stuck_it_serves_on() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let setup = Setup::new();
    let mut command = setup.serve();
    command.stderr(writer);
    let mut service = Service::spawn(setup, command, NamedTempFile::new().unwrap());
    let refused_requests = |count: usize| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut client = Client::connect(service.address);
                    for _ in 0..count / 4 {
                        client.send(get("/nowhere")).unwrap();
                        assert_eq!(client.answer().status, 404);
                    }
                });
            }
        });
    };
    // More lines than the pipe and the queue take.
    refused_requests(7000);
    assert_eq!(exchange(service.address, get("/healthz")).status, 200);
    service.assert_serving();
    service.assert_entering();

    // The reader comes back: whole lines, and one that says how many are missing.
    let (told, telling) = std::sync::mpsc::channel();
    let reading = thread::spawn(move || {
        let (mut lines, mut lost, mut others) = (0, 0, Vec::new());
        for line in BufReader::new(&mut reader).lines() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            match line["lost_lines"].as_u64() {
                Some(count) => {
                    lost += count;
                    told.send(()).unwrap();
                }
                None if line["request_id"].is_string() => lines += 1,
                // Of what the service noticed by itself.
                None => others.push(line),
            }
        }
        (lines, lost, others)
    });
    telling.recv_timeout(DEADLINE).unwrap();
    refused_requests(100);
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code(), Some(0));
    let (lines, lost, others) = reading.join().unwrap();
    assert!(lost > 0, "{lines}");
    // And one for each grant that was minted in between: one for the back end, four for a browser.
    assert_eq!(lines + lost, 7105, "each line is there or counted: {others:?}");
}

#[test]
fn a_log_that_nobody_reads_does_not_hold_the_stop_up() {
    let (reader, writer) = std::io::pipe().unwrap();
    let setup = Setup::new();
    let mut command = setup.serve();
    command.stderr(writer);
    let mut service = Service::spawn(setup, command, NamedTempFile::new().unwrap());
    let mut client = Client::connect(service.address);
    for _ in 0..2000 {
        client.send(get("/nowhere")).unwrap();
        assert_eq!(client.answer().status, 404);
    }
    assert_eq!(exchange(service.address, get("/healthz")).status, 200);
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code(), Some(0));
    drop(reader);
}

#[test]
fn without_a_reader_of_its_first_line_it_serves_on() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setup = Setup::new();
    let mut command = setup.serve();
    command.args(["--listen", &port.to_string()]).stdout(closed_pipe()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    crate::support::wait_for("an answer", || {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        std::net::TcpStream::connect(port).is_ok()
    });
    assert_eq!(exchange(port, get("/readyz")).status, 200);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn help_names_no_secret_to_give_on_the_command_line() {
    let help = run(Command::new(env!("CARGO_BIN_EXE_edgemint")).args(["serve", "--help"]));
    for word in ["secret", "password", "token", "api-key"] {
        assert!(!help.contains(word), "{help}");
    }
}
