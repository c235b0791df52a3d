//! `edgemint check` on the real binary: what it says, where, and how it exits.
#![cfg(feature = "service")]

use std::path::Path;
use std::process::{Command, Output};

const SECRET: &str = "correct-horse-battery-staple-ticket-secret";

const GOOD: &str = r#"
[server]
listen = "127.0.0.1:8080"
public_url = "https://listen.example.com"
base_path = "/edgemint"
app_origins = ["https://www.example.com"]
default_return = "/library"
[ticket]
issuer = "app"
audience = "edgemint"
[[ticket.keys]]
id = "k1"
algorithm = "HS256"
secret = { env = "TICKET_SECRET" }
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
        .env("EDGEMINT_LOG__LEVEL", "warn")
        .args(["check", "--config", "edgemint.toml"])
        .args(arguments)
        .output()
        .expect("the binary runs")
}

#[test]
fn says_what_it_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(folder.path(), GOOD, &["--listen", "127.0.0.1:0"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "listens on       127.0.0.1:0",
        "browsers go to   https://listen.example.com/edgemint",
        "keys are in      keys",
        "trusted proxies  none",
        "expiry step      1m",
        "grant            podcasts: https://cdn.example.com/podcasts/* for 15m, one signature for all listeners; \
         cookies with Domain=example.com, Path=/podcasts/, SameSite=Lax, Secure, HttpOnly",
        "grant            downloads: https://cdn.example.com/downloads/{sub}/* for 5m, bound to the listener's IPv4 \
         address, IPv6 refused; cookies with Domain=example.com, Path=/downloads/, SameSite=Lax, Secure",
        "tickets          from \"app\" for \"edgemint\", valid 1m at most, leeway 5s, keys: k1 (HS256)",
        "return URLs at   https://www.example.com",
        "returns to       https://www.example.com/library without one",
        "API keys         none: the back-end API is closed",
    ] {
        assert!(said.lines().any(|found| found == line), "{line}\n---\n{said}");
    }
    assert!(!said.contains(SECRET));
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
        ["edgemint.toml:5:13: server.base_path:", "edgemint.toml:18:7: grants[0].ttl:", "flag --log-format:"];
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
    assert!(said.starts_with("no/such.toml: the configuration cannot be read: No such file"), "{said}");
}
