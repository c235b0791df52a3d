//! `edgemint check` on the real binary: what it says, where, and how it exits.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const SECRET: &str = "correct-horse-battery-staple-ticket-secret";
const SESSION_SECRET: &str = "correct-horse-battery-staple-session-secret";

const GOOD: &str = r#"
[server]
listen = "127.0.0.1:8080"
public_url = "https://listen.example.com"
base_path = "/edgemint"
app_origins = ["https://www.example.com"]
default_return = "/library"
trusted_proxies = ["10.0.0.0/8"]
[ticket]
issuer = "app"
audience = "edgemint"
[[ticket.keys]]
id = "k1"
algorithm = "HS256"
secret = { env = "TICKET_SECRET" }
[session]
secrets = [{ env = "SESSION_SECRET" }]
[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "15m"
cookie = { domain = "example.com" }
[[grants]]
name = "downloads"
resource = "https://cdn.example.com/downloads/{sub}/*"
ttl = "5m"
bind_address = true
cookie = { domain = "example.com", http_only = false }
"#;

fn check(folder: &Path, text: &str, arguments: &[&str]) -> Output {
    std::fs::write(folder.join("edgemint.toml"), text).expect("the temporary folder can be written");
    Command::new(env!("CARGO_BIN_EXE_edgemint"))
        .current_dir(folder)
        .env_clear()
        .env("TICKET_SECRET", SECRET)
        .env("SESSION_SECRET", SESSION_SECRET)
        .env("REDIS_URL", "redis://app:s3cret@redis.example.com/2")
        .env("EDGEMINT_LOG__LEVEL", "warn")
        .args(["check", "--config", "edgemint.toml"])
        .args(arguments)
        .output()
        .expect("the binary runs")
}

/// Makes the keyring that the configuration names by default; returns what the command said.
fn keys(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
    let output = command.current_dir(folder).env_clear().args(["keys"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The id of the only key.
fn key_id(folder: &Path) -> String {
    let listed: serde_json::Value = serde_json::from_str(&keys(folder, &["list", "--json"])).unwrap();
    listed["keys"][0]["id"].as_str().unwrap().to_owned()
}

const P256: [&str; 5] = ["init", "--algorithm", "ecdsa-p256", "--key-pair-id", "KTEST"];

#[test]
fn says_what_it_would_do() {
    let folder = tempfile::tempdir().unwrap();
    keys(folder.path(), &P256);
    let output = check(folder.path(), GOOD, &["--listen", "127.0.0.1:0"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "listens on       127.0.0.1:0",
        "browsers go to   https://listen.example.com/edgemint",
        "keys are in      keys",
        "trusted proxies  10.0.0.0/8",
        "expiry step      1m",
        "grant            podcasts: https://cdn.example.com/podcasts/* for 15m, one signature for all listeners; \
         cookies with Domain=example.com, Path=/podcasts/, SameSite=Lax, Secure, HttpOnly",
        "grant            downloads: https://cdn.example.com/downloads/{sub}/* for 5m, bound to the listener's IPv4 \
         address, IPv6 refused; cookies with Domain=example.com, Path=/downloads/, SameSite=Lax, Secure",
        "tickets          from \"app\" for \"edgemint\", valid 1m at most, leeway 5s, keys: k1 (HS256)",
        "sessions         in the cookie __Host-edgemint, 1day from the ticket or 2h from the last renewal",
        "return URLs at   https://www.example.com",
        "returns to       https://www.example.com/library without one",
        &format!("player           https://listen.example.com/edgemint{}", edgemint::player::path()),
        "API keys         none: the back-end API is closed",
        &format!("signs with       key {} (ecdsa-p256, SHA1) as Key-Pair-Id KTEST", key_id(folder.path())),
    ] {
        assert!(said.lines().any(|found| found == line), "{line}\n---\n{said}");
    }
    assert!(!said.contains(SECRET) && !said.contains(SESSION_SECRET));
}

#[test]
fn says_who_names_the_listener() {
    let folder = tempfile::tempdir().unwrap();
    keys(folder.path(), &P256);
    let (before, rest) = GOOD.split_once("[ticket]").unwrap();
    let rest = rest.split_once("[[grants]]").unwrap().1;
    let p256 = include_str!("vectors/keys/test-p256.public.pem");
    std::fs::write(folder.path().join("jwt.pub.pem"), p256).unwrap();
    for (section, expected) in [
        (
            "[jwt]\nbearer = true\nissuer = \"https://login.example.com/\"\naudience = \"app\"\nclaims = { plan = \"/app/plan\" }\n\
         [jwt.jwks]\nurl = \"https://login.example.com/jwks.json\"\n",
            "who is asking    JWT as a bearer token from \"https://login.example.com/\" for \"app\", leeway 5s, keys: fetched \
         from https://login.example.com/jwks.json (trusting the system's authorities) every 10m, every 1m at most for \
         an unknown kid, used for 1day at most; subject /sub; session /sid or /jti; started /auth_time; claims: plan \
         (/app/plan)",
        ),
        (
            "[jwt]\ncookie = \"token\"\nissuer = \"i\"\naudience = \"a\"\nsession = \"/session\"\nstarted = \"/iat\"\n\
         [[jwt.keys]]\nalgorithm = \"ES256\"\npublic_key = { file = \"jwt.pub.pem\" }\n",
            "who is asking    JWT in the cookie token from \"i\" for \"a\", leeway 5s, keys: without id (ES256); subject /sub; \
         session /session; started /iat; claims: none",
        ),
        (
            "[introspect]\nurl = \"https://www.example.com/api/session\"\ncookies = [\"a\", \"b\"]\nsubject = \"/user/id\"\n\
         active = \"/active\"\ncache = \"0s\"\n",
            "who is asking    GET https://www.example.com/api/session with cookies a, b (trusting the system's authorities); \
         subject /user/id; active /active; claims: none; a yes holds 0s, 64 requests at one time",
        ),
        (
            "[header]\npeers = [\"10.0.0.0/8\", \"::1\"]\nclaims = { email = \"X-Email\" }\n",
            "who is asking    header X-Forwarded-User, from 10.0.0.0/8, ::1/128 alone; claims: email (X-Email)",
        ),
        (
            "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nsecrets = [{ env = \"SESSION_SECRET\" }]\n\
             key = \"sess:{id}\"\nsubject = \"/user/id\"\nclaims = { plan = \"/user/plan\" }\nlogged_in = \"/user/in\"\n",
            "who is asking    cookie connect.sid (signed \"s:\", secrets: 1), a session in Redis at redis.example.com:6379 \
             (id plain, key sess:{id}); subject /user/id; logged_in /user/in; claims: plan (/user/plan)",
        ),
        (
            "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"sid\"\nid = \"sha256-hex\"\nkey = \"auth:{id}\"\n\
             subject = \"/user_id\"\nstarted = \"/began\"\nexpires = \"/ends\"\n",
            "who is asking    cookie sid (not signed), a session in Redis at redis.example.com:6379 (id sha256-hex, key \
             auth:{id}); subject /user_id; started /began; expires /ends; claims: none",
        ),
    ] {
        let output = check(folder.path(), &format!("{before}{section}[[grants]]{rest}"), &[]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains("s3cret") && !said.contains(SESSION_SECRET), "{said}");
        for line in [expected, "return URLs at   https://www.example.com"] {
            assert!(said.lines().any(|found| found == line), "{line}\n---\n{said}");
        }
    }
}

#[test]
fn says_who_may_have_what_and_what_is_audited() {
    let folder = tempfile::tempdir().unwrap();
    keys(folder.path(), &P256);
    let require = "require = [{ claim = \"plan\", equals = \"premium\" }, { claim = \"scope\", contains = \"listen\" }]";
    let traced = GOOD.replace("ttl = \"15m\"", &format!("ttl = \"15m\"\ntrace = true\n{require}"));
    for (audit, status, expected) in [
        (
            "key = { env = \"TICKET_SECRET\" }",
            0,
            "audit            one line for each mint and refusal, with a keyed hash of the subject",
        ),
        (
            "key = { env = \"TICKET_SECRET\" }\nsubject = \"plain\"",
            0,
            "audit            one line for each mint and refusal, with the subject as it is",
        ),
        (
            "key = { env = \"TICKET_SECRET\" }\nsubject = \"none\"",
            0,
            "grant            podcasts: https://cdn.example.com/podcasts/* for 15m, signed per listener, with a trace tag; \
             only if plan is \"premium\" and scope contains \"listen\"; cookies with Domain=example.com, Path=/podcasts/, \
             SameSite=lax, Secure, HttpOnly",
        ),
        (
            "subject = \"none\"",
            2,
            "edgemint.toml:22:9: grants[0].trace: a trace tag is made with a secret, and audit.key is not given; \
             add [audit] with key = { file = \"PATH\" } (openssl rand -base64 48)",
        ),
    ] {
        let output = check(folder.path(), &format!("{traced}[audit]\n{audit}\n"), &[]);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.lines().any(|line| line.eq_ignore_ascii_case(expected)), "{expected}\n---\n{said}");
        assert!(!said.contains(SECRET), "{said}");
    }
}

#[test]
fn says_everything_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let wrong =
        GOOD.replace("ttl = \"15m\"", "ttl = \"15 minuets\"").replace("\"/edgemint\"", "\"edgemint\"");
    let output = check(folder.path(), &wrong, &["--log-format", "xml"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{said}");
    let places: Vec<_> =
        said.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let expected =
        ["edgemint.toml:5:13: server.base_path:", "edgemint.toml:21:7: grants[0].ttl:", "flag --log-format:"];
    assert_eq!(places, expected, "{said}");
}

#[test]
fn says_that_there_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(folder.path(), GOOD, &["--config", "other.toml"]);
    assert_eq!(output.status.code(), Some(2), "the flag may stand once only");
    let output = Command::new(env!("CARGO_BIN_EXE_edgemint"))
        .env_clear()
        .env("EDGEMINT_CONFIG", "no/such.toml")
        .arg("check")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.starts_with("no/such.toml: the configuration cannot be read: there is no such file; name "),
        "{said}"
    );
}

/// What `serve` says of the same configuration.
fn serve(folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_edgemint"))
        .current_dir(folder)
        .env_clear()
        .env("TICKET_SECRET", SECRET)
        .env("SESSION_SECRET", SESSION_SECRET)
        .args(["serve", "--config", "edgemint.toml", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap()
}

#[test]
fn refuses_what_the_active_key_cannot_serve_as_serve_does() {
    let folder = tempfile::tempdir().unwrap();
    keys(folder.path(), &["init", "--key-pair-id", "KRSA"]);
    let checked = check(folder.path(), GOOD, &[]);
    let said = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(2), "{said}");
    assert!(said.contains("the grant \"downloads\" is signed for each listener"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let served = serve(folder.path());
    assert_eq!((served.status.code(), String::from_utf8(served.stderr).unwrap()), (Some(2), said));
    // What the configuration means is said all the same, and the key that does not do.
    let summary = String::from_utf8(checked.stdout).unwrap();
    assert!(summary.contains("(rsa-2048, SHA1) as Key-Pair-Id KRSA"), "{summary}");
}

#[test]
fn refuses_a_keyring_that_serve_would_not_start_with() {
    let folder = tempfile::tempdir().unwrap();
    let refused_as_by_serve = |expected: &str| {
        let checked = check(folder.path(), GOOD, &[]);
        let said = String::from_utf8(checked.stderr).unwrap();
        assert_eq!(checked.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
        let served = serve(folder.path());
        assert_eq!((served.status.code(), String::from_utf8(served.stderr).unwrap()), (Some(2), said));
        assert!(String::from_utf8(checked.stdout).unwrap().contains("grant            podcasts: "));
    };
    refused_as_by_serve("edgemint keys init --dir keys");
    keys(folder.path(), &P256);
    let pem = folder.path().join(format!("keys/{}.pem", key_id(folder.path())));
    std::fs::rename(&pem, folder.path().join("elsewhere.pem")).unwrap();
    refused_as_by_serve("put it back from a backup");
}

#[test]
fn says_that_no_key_signs_yet() {
    let folder = tempfile::tempdir().unwrap();
    keys(folder.path(), &["init", "--algorithm", "ecdsa-p256"]);
    let output = check(folder.path(), GOOD, &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "serve would start, and say that it is not ready");
    assert!(
        said.contains("signs with       nothing: no key is active; see `edgemint keys list --dir keys`"),
        "{said}"
    );
}

/// The code and standard error of a command that has to end within 10 seconds.
fn ended(command: &mut Command) -> (Option<i32>, String) {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the command hangs");
        }
        std::thread::yield_now();
    };
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (status.code(), said)
}

#[test]
fn only_a_file_of_sensible_size_is_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
        ended(command.current_dir(folder.path()).env_clear().args(["check", "--config", name]))
    };
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("fifo"), mode).unwrap();
    std::fs::write(folder.path().join("large"), vec![b'#'; (1 << 20) + 1]).unwrap();
    std::fs::write(folder.path().join("latin"), b"# \xe9").unwrap();
    for (name, expected) in [
        ("fifo", "it is a FIFO, and a regular file is wanted; "),
        (".", "it is a directory, and a regular file is wanted; "),
        ("/dev/null", "it is a socket or device, and a regular file is wanted; "),
        ("large", "it is larger than 1048576 bytes; "),
        ("latin", "it is not UTF-8 text; "),
    ] {
        let (code, said) = check(name);
        assert_eq!(code, Some(2), "{name}: {said}");
        assert!(said.starts_with(&format!("{name}: the configuration cannot be read: {expected}")), "{said}");
    }
}

/// The soft limit is the shell's to set: this process must not change its own for the tests beside this one.
#[test]
fn refuses_workers_that_the_open_files_do_not_suffice_for() {
    let folder = tempfile::tempdir().unwrap();
    let text = GOOD.replace("[server]", "[server]\nworkers = 32");
    std::fs::write(folder.path().join("edgemint.toml"), text).unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.current_dir(folder.path()).env_clear().env("TICKET_SECRET", SECRET);
    shell.args(["-c", "ulimit -n 128 && exec \"$0\" check --config edgemint.toml"]);
    let (code, said) = ended(shell.arg(env!("CARGO_BIN_EXE_edgemint")));
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("server.workers: 32 workers need a limit of at least 208 open files, and it is 128; "),
        "{said}"
    );
}
