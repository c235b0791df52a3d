//! `[store] file`: whoever is shut out stays so, whatever becomes of the process.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::json;

use crate::programs::needs;
use crate::restart::{kill_and_start_again, killed};
use crate::support::{API_KEY, Client, Service, Setup, Ticket, content, get, now, post, run, seal, wait_for};

const FILE: &str = "[store]\nfile = \"revocations\"\n";

fn remembering() -> Setup {
    Setup::with_sessions().store_section(FILE)
}

#[test]
fn who_is_shut_out_stays_so_after_a_crash() {
    let service = remembering().start();
    let named = |name: &str| Ticket::of("listener-9").with("sid", name);
    let (seven, left) = (service.session(), service.session_of(&named("s-8")));
    let (nine, other) = (service.session_of(&named("s-9")), service.session_of(&Ticket::of("listener-10")));
    let revoked = service.revoke(&json!({"subject": "listener-7"}));
    assert_eq!(revoked.status, 200);
    assert_eq!(service.leave(&left).status, 204);
    assert_eq!(service.revoke(&json!({"sid": "s-9"})).status, 200);

    // Twice: what was taken over is handed on.
    let service = kill_and_start_again(kill_and_start_again(service));
    for (session, what) in [(&seven, "a listener"), (&left, "a session that was left"), (&nine, "a session")]
    {
        service.assert_refused(&service.renew(session), 401, "session_refused", what);
    }
    assert_eq!(service.renew(&other).status, 200, "somebody else");
    let from = revoked.json()["refused_from"].as_i64().unwrap();
    wait_for("the next second", || now() > from);
    assert_eq!(service.renew(&service.session()).status, 200, "signed in again");
    assert_eq!(service.ask(get("/readyz")).status, 200);
}

#[test]
fn the_file_names_nobody_and_is_ours_alone() {
    let service = remembering().start();
    service.session();
    assert_eq!(service.revoke(&json!({"subject": "listener-7"})).status, 200);
    let path = service.setup.path("revocations");
    let text = fs::read_to_string(&path).unwrap();
    // printf 'subject\0listener-7' | openssl dgst -sha256 -r | cut -c -32
    assert!(text.contains("\n5cd21e1541e7ecfde9ea50f3f0485c83 ") && !text.contains("listener"), "{text}");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn many_at_once_are_all_recorded() {
    let service = remembering().server("workers = 2").start();
    let revoke = |number: usize| service.revoke(&json!({"subject": format!("listener-{number}")})).status;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|thread| scope.spawn(move || (0..20).map(|n| revoke(100 + thread * 20 + n)).collect()))
            .collect();
        for thread in threads {
            let statuses: Vec<u16> = thread.join().unwrap();
            assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        }
    });
    let service = kill_and_start_again(service);
    let check = run(service.setup.command(&["check", "--config", "edgemint.toml"]).stderr(Stdio::null()));
    assert!(check.contains("the file revocations with 320 revocations, which suits one instance"), "{check}");
}

#[test]
fn a_second_instance_is_sent_to_redis() {
    let service = remembering().start();
    let output = service.setup.serve().output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    for word in ["another edgemint", "`revocations` (store.file)", "configure store.redis"] {
        assert!(stderr.contains(word), "{stderr}");
    }
    // `check` disturbs nobody.
    run(service.setup.command(&["check", "--config", "edgemint.toml"]).stderr(Stdio::null()));
    service.assert_serving();
}

/// That neither `serve` nor `check` takes it, with the same sentence that holds these words.
fn assert_refused(setup: &Setup, words: &[&str]) {
    let mut serve = setup.serve();
    let mut check = setup.command(&["check", "--config", "edgemint.toml"]);
    for command in [&mut serve, &mut check] {
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {stderr}");
        let last = stderr.lines().last().unwrap();
        for word in words {
            assert!(last.starts_with("edgemint: ") && last.contains(word), "{word:?} is not in: {last}");
        }
    }
}

#[test]
fn what_cannot_be_relied_on_is_refused_at_the_start() {
    let setup = Setup::with_sessions().store_section("[store]\nfile = \"missing/revocations\"\n");
    assert_refused(&setup, &["the directory `missing` of store.file does not exist", "make it", "0700"]);
    fs::create_dir(setup.path("missing")).unwrap();
    setup.set_mode("missing", 0o1777);
    assert_refused(
        &setup,
        &["`missing` of store.file can be written by other users (mode 1777)", "chmod go-w"],
    );
    setup.set_mode("missing", 0o700);
    let file = setup.path("missing/revocations");
    fs::create_dir(&file).unwrap();
    assert_refused(&setup, &["`missing/revocations` (store.file) is not a regular file"]);
    fs::remove_dir(&file).unwrap();
    symlink("elsewhere", &file).unwrap();
    assert_refused(&setup, &["is not a regular file"]);
    fs::remove_file(&file).unwrap();
    run(Command::new("mkfifo").arg(&file));
    assert_refused(&setup, &["is not a regular file"]);
    fs::remove_file(&file).unwrap();
    fs::write(&file, "").unwrap();
    setup.set_mode("missing/revocations", 0o640);
    assert_refused(&setup, &["is open to other users (mode 0640)", "chmod it to 600"]);
    setup.set_mode("missing/revocations", 0o600);
    for foreign in ["edgemint revocations 2\n", "[server]\n", &"x".repeat(100_000)] {
        fs::write(&file, foreign).unwrap();
        assert_refused(&setup, &["does not begin with \"edgemint revocations 1\"", "move it away"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), *foreign, "it is left as it was");
    }
    fs::write(&file, "").unwrap();
    setup.start().assert_serving();
}

#[test]
fn a_damaged_line_is_refused_with_its_place_and_a_torn_end_is_not() {
    let service = remembering().start();
    let session = service.session();
    for subject in ["listener-7", "listener-8", "listener-9"] {
        assert_eq!(service.revoke(&json!({"subject": subject})).status, 200);
    }
    let path = service.setup.path("revocations");
    let whole = fs::read_to_string(&path).unwrap();
    let setup = killed(service);
    let digit = whole.find("5cd21e15").unwrap();
    let line = whole[..digit].lines().count() + 1;
    for damage in ["6", "\0", "\n", " ", "é"] {
        let mut damaged = whole.clone();
        damaged.replace_range(digit..=digit, damage);
        fs::write(&path, &damaged).unwrap();
        let place = format!("revocations:{line}: this revocation (store.file) is damaged");
        assert_refused(&setup, &[&place, "put the file back from a backup, or delete the line"]);
    }
    // Killed while it wrote a fourth.
    let mut setup = setup;
    for torn in ["0", "00112233445566778899aabbccddeeff 18000", "\0\0\0"] {
        fs::write(&path, format!("{whole}{torn}")).unwrap();
        let service = setup.start();
        service.assert_refused(&service.renew(&session), 401, "session_refused", torn);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 4, "{torn:?} is gone");
        setup = killed(service);
    }
}

#[test]
fn a_full_disk_is_said_and_overcome() {
    let setup = remembering();
    let log = tempfile::NamedTempFile::new().unwrap();
    let serve = setup.serve();
    // As on a full disk, a write that is too large then fails instead of killing the process.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(serve.get_program()).args(serve.get_args());
    command.current_dir(setup.path("")).env("EDGEMINT_API_KEY", API_KEY).stderr(log.reopen().unwrap());
    let service = Service::spawn(setup, command, log);
    let session = service.session();
    let pid = Some(Pid::from_raw(service.pid().try_into().unwrap()).unwrap());
    let room = |bytes: Option<u64>| {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(pid, Resource::Fsize, limit).unwrap();
    };
    // In the middle of the first line; and of the log nothing more is written either.
    room(Some(40));
    for _ in 0..2 {
        let answer = service.revoke(&json!({"subject": "listener-7"}));
        answer.assert_refusal(503, "store_unavailable", "a full disk");
        assert_eq!(answer.header("retry-after"), Some("1"));
        service.renew(&session).assert_refusal(401, "session_refused", "it holds all the same");
        service.wait_until_away();
    }
    room(None);
    service.wait_until_ready();
    let service = kill_and_start_again(service);
    service.assert_refused(&service.renew(&session), 401, "session_refused", "recorded when there was room");
}

/// A service that strace kills as the `when`th such call of a thread for the file begins.
struct Doomed {
    strace: Child,
    address: Option<SocketAddr>,
}

impl Doomed {
    fn start(setup: &Setup, call: &str, when: usize) -> Self {
        let serve = setup.serve();
        let mut strace = Command::new("strace");
        strace.args(["-f", "-q", "-o", "strace.log", "-e", "signal=none"]);
        // As it is called in a call, and as the system calls what is open.
        for name in ["revocations", "revocations.new"] {
            strace.args(["-P", name, "-P"]).arg(setup.path(name));
        }
        strace.arg("-P").arg(setup.path("revocations").parent().unwrap());
        strace.arg("-e").arg(format!("trace={call}"));
        strace.arg("-e").arg(format!("inject={call}:signal=KILL:when={when}"));
        strace.arg(serve.get_program()).args(serve.get_args()).current_dir(setup.path(""));
        strace.env("EDGEMINT_API_KEY", API_KEY).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut strace = strace.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(strace.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.trim_end().strip_prefix("edgemint listening on http://").map(|it| it.parse().unwrap());
        Self { strace, address }
    }

    /// Whether it is there to say that it has shut the listener out.
    fn revokes(&self, subject: &str) -> bool {
        let headers = format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n");
        let Some(mut client) = self.address.and_then(|address| Client::try_connect(address).ok()) else {
            return false;
        };
        let _ = client.send(post("/v1/revoke", &headers, &json!({"subject": subject}).to_string()));
        client.try_answer().ok().flatten().is_some_and(|answer| answer.status == 200)
    }

    /// Stops it; whether it had not been killed.
    fn end(mut self) -> bool {
        let strace = self.strace.id();
        let children =
            fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap_or_default();
        let child = children.split_whitespace().next().and_then(|child| Pid::from_raw(child.parse().ok()?));
        // One that was killed may not be gone yet.
        let _ = child.map(|child| kill_process(child, Signal::TERM));
        // strace ends as what it started did.
        self.strace.wait().unwrap().success()
    }
}

#[test]
fn killed_at_any_call_it_has_lost_nothing_that_it_acknowledged() {
    needs!("strace");
    let mut setup = remembering();
    let sealed = |number: usize| {
        let mut content = content(100, 1);
        content["sub"] = json!(format!("listener-{number}"));
        seal(&content)
    };
    let mut acknowledged = BTreeSet::new();
    let mut next = 0..;
    for call in ["unlink", "write", "fsync", "rename", "fdatasync"] {
        let mut deaths = 0;
        // strace counts for each thread of its own: the first writes the file anew, the other appends three lines.
        loop {
            let doomed = Doomed::start(&setup, call, deaths + 1);
            acknowledged.extend(next.by_ref().take(3).filter(|n| doomed.revokes(&format!("listener-{n}"))));
            let has_survived = doomed.end();
            let service = setup.start();
            for number in &acknowledged {
                let answer = service.renew(&sealed(*number));
                answer.assert_refusal(401, "session_refused", &format!("killed at {call} {}", deaths + 1));
            }
            setup = killed(service);
            if has_survived {
                break;
            }
            deaths += 1;
        }
        let expected = if ["write", "fdatasync"].contains(&call) { 3 } else { 1 };
        assert!((expected..10).contains(&deaths), "{call}: killed {deaths} times");
    }
    assert!(acknowledged.len() > 15, "{acknowledged:?}");
}
