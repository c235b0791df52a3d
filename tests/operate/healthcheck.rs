//! `edgemint healthcheck` against a service that is well, one that is not, nobody, and somebody else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Output;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{Service, Setup};

/// What a command came to: its exit code, and what it said on standard output and standard error.
fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn healthcheck(setup: &Setup, arguments: &[&str]) -> (i32, String, String) {
    told(&setup.command(&[&["healthcheck"], arguments].concat()).output().unwrap())
}

fn by_url(address: SocketAddr, path: &str) -> (i32, String, String) {
    let setup = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_edgemint"));
    let url = format!("http://{address}{path}");
    command.current_dir(setup.path()).args(["healthcheck", "--timeout", "500ms", "--url", &url]);
    told(&command.output().unwrap())
}

fn well(status: &str) -> (i32, String, String) {
    (0, format!("{status}\n"), String::new())
}

fn unwell(sentence: &str) -> (i32, String, String) {
    (1, String::new(), format!("edgemint: {sentence}\n"))
}

/// The configuration says where to ask, once the port that the system chose is written into the environment.
fn by_configuration(service: &Service, listen: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = service.setup.command(&["healthcheck"]);
    command.env("EDGEMINT_CONFIG", "edgemint.toml").env("EDGEMINT_SERVER__LISTEN", listen).args(arguments);
    told(&command.output().unwrap())
}

#[test]
fn a_service_that_is_well_is_found_by_its_configuration_and_by_url() {
    let setup = Setup::new().server("base_path = \"/edgemint\"");
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = setup.serve();
    command.env("EDGEMINT_SERVER__LISTEN", "0.0.0.0:0").stderr(log.reopen().unwrap());
    let service = Service::spawn(setup, command, log);
    let listen = service.address.to_string();
    assert!(listen.starts_with("0.0.0.0:"), "{listen}");
    assert_eq!(by_configuration(&service, &listen, &[]), well("ok"));
    assert_eq!(by_configuration(&service, &listen, &["--ready"]), well("ready"));
    let loopback = SocketAddr::from(([127, 0, 0, 1], service.address.port()));
    assert_eq!(by_url(loopback, "/edgemint/healthz"), well("ok"));
    assert_eq!(by_url(loopback, "/edgemint/readyz"), well("ready"));
    assert_eq!(by_url(loopback, "/healthz"), unwell("something answered 404 Not Found that is not edgemint"));
}

#[test]
fn no_secret_is_read() {
    let service = Setup::new().start();
    let listen = service.address.to_string();
    std::fs::remove_file(service.setup.path("ticket.key")).unwrap();
    let checked = service.setup.command(&["check", "--config", "edgemint.toml"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(2), "the whole configuration needs it");
    assert_eq!(by_configuration(&service, &listen, &[]), well("ok"));
    std::fs::write(service.setup.path("ticket.key"), crate::support::TICKET_SECRET).unwrap();
}

#[test]
fn a_service_without_a_key_is_alive_and_not_ready() {
    let service = Setup::with_key(&["--algorithm", "ecdsa-p256"]).start();
    assert_eq!(by_url(service.address, "/healthz"), well("ok"));
    assert_eq!(by_url(service.address, "/readyz"), unwell("it is not ready: no_active_key"));
    let listen = service.address.to_string();
    assert_eq!(by_configuration(&service, &listen, &["--ready"]), unwell("it is not ready: no_active_key"));
}

#[test]
fn a_service_that_hangs_is_not_waited_for() {
    let service = Setup::new().start();
    service.signal(Signal::STOP);
    let begin = Instant::now();
    let said = by_url(service.address, "/healthz");
    service.signal(Signal::CONT);
    assert_eq!(said, unwell("nothing answered in time"));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert_eq!(by_url(service.address, "/healthz"), well("ok"));
}

#[test]
fn nobody_is_unwell() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        by_url(address, "/healthz"),
        unwell("it cannot be reached: Connection refused (os error 111)")
    );
}

/// Says this to the first who asks, and then nothing more, but keeps the connection open.
fn stranger(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&answer);
        // Until the other side has had enough.
        let _ = stream.read(&mut [0; 1]);
    });
    address
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

#[test]
fn whatever_else_listens_there_is_unwell() {
    let well = Setup::new().start();
    let redirect = format!("302 Found\r\nLocation: http://{}/healthz", well.address);
    for (answer, found) in [
        (answer("200 OK", b"<html>Welcome to nginx!</html>"), "200 OK"),
        (answer("200 OK", b""), "200 OK"),
        (answer("200 OK", br#"{"status":"fine"}"#), "200 OK"),
        (answer("200 OK", br#""ok""#), "200 OK"),
        (answer("200 OK", &b" ".repeat(5000)), "200 OK"),
        (answer("500 Internal Server Error", br#"{"status":"ok"}"#), "500 Internal Server Error"),
        (answer("503 Service Unavailable", br#"{"status":"ok"}"#), "503 Service Unavailable"),
        (answer(&redirect, b""), "302 Found"),
    ] {
        let said = by_url(stranger(answer), "/healthz");
        assert_eq!(said, unwell(&format!("something answered {found} that is not edgemint")));
    }
    let escape = answer(
        "503 Service Unavailable",
        b"{\"status\":\"not_ready\",\"reason\":\"\\u001b[2J you are pwned\"}",
    );
    assert_eq!(
        by_url(stranger(escape), "/readyz"),
        unwell("it is not ready: it does not say why"),
        "nothing that a stranger says reaches the terminal"
    );
    for garbage in [&b"\x16\x03\x01\x00\x02\x02\x28\xff\xff"[..], b"SSH-2.0-OpenSSH_9.2\r\n"] {
        let (code, _, sentence) = by_url(stranger(garbage.to_vec()), "/healthz");
        assert!(code == 1 && sentence.starts_with("edgemint: it cannot be reached: "), "{code} {sentence}");
    }
}

#[test]
fn an_answer_that_does_not_end_is_not_waited_for() {
    for begun in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":"] {
        let begin = Instant::now();
        assert_eq!(
            by_url(stranger(begun.as_bytes().to_vec()), "/healthz"),
            unwell("nothing answered in time"),
            "{begun}"
        );
        assert!(begin.elapsed() < Duration::from_secs(10), "{begun}: {:?}", begin.elapsed());
    }
}

#[test]
fn what_cannot_be_asked_is_said() {
    let setup = Setup::new();
    drop(setup.serve());
    for (arguments, sentence) in [
        (&[][..], "the following required arguments were not provided: --config <FILE>"),
        (&["--config", "edgemint.toml"], "server.listen has port 0"),
        (
            &["--config", "missing.toml"],
            "missing.toml: the configuration cannot be read: there is no such file",
        ),
        (&["--url", "127.0.0.1:8080"], "this is no URL to ask"),
        (&["--url", "file:///etc/passwd"], "this is no URL to ask"),
        (&["--url", "http://127.0.0.1:1/", "--ready"], "cannot be used with"),
        (&["--url", "http://127.0.0.1:1/", "--timeout", "0s"], "write a duration from 10ms to 60s"),
        (&["--url", "http://127.0.0.1:1/", "--timeout", "1h"], "write a duration from 10ms to 60s"),
    ] {
        let (code, _, said) = healthcheck(&setup, arguments);
        assert_eq!(code, 2, "{arguments:?}: {said}");
        assert!(said.contains(sentence) && said.lines().count() == 1, "{arguments:?}: {said}");
    }
}
