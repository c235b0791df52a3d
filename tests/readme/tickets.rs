//! The three functions that make tickets, called as an app would, and their tickets redeemed.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt};
use std::path::Path;
use std::process::Command;

use crate::blocks::{Kind, only};
use crate::client::{Response, get};
use crate::programs::needs;
use crate::server::{Server, clean};

/// With what JSON and base64url have to get right.
const SUBJECT: &str = "Zoë \"u-17\" <z+w@example.com>";

#[test]
fn node_makes_tickets() {
    needs!("node");
    let call = "\nconsole.log(ticket(process.env.SUBJECT, process.env.SECRET));\n";
    is_redeemed_once("ticket.mjs", &(only(Kind::Node) + call), |folder| clean("node", folder));
}

#[test]
fn python_makes_tickets() {
    needs!("python3");
    let call = "\nimport os\nprint(ticket(os.environ[\"SUBJECT\"], os.environ[\"SECRET\"]))\n";
    is_redeemed_once("ticket.py", &(only(Kind::Python) + call), |folder| clean("python3", folder));
}

#[test]
fn go_makes_tickets() {
    needs!("go");
    let before = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\n";
    let call = "\nfunc main() { fmt.Println(ticket(os.Getenv(\"SUBJECT\"), os.Getenv(\"SECRET\"))) }\n";
    is_redeemed_once("ticket.go", &(before.to_owned() + &only(Kind::Go) + call), |folder| {
        let mut go = clean("go", folder);
        // Nothing but the standard library is needed, so nothing may be fetched.
        go.env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").env("GOTOOLCHAIN", "local").arg("run");
        if std::env::var_os("HOME").is_none() {
            go.env("GOCACHE", folder.join("go-cache"));
        }
        go
    });
}

/// Runs `program` by what `interpreter` says, and redeems what it prints.
fn is_redeemed_once(name: &str, program: &str, interpreter: impl Fn(&Path) -> Command) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), program).unwrap();
    let secret = "a-secret-of-this-test-alone, with + and = in it";
    let service = service(folder.path(), secret);
    let ticket = |secret: &str| {
        let mut run = interpreter(folder.path());
        let output = run.arg(name).env("SUBJECT", SUBJECT).env("SECRET", secret).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    };
    let redeem = |ticket: &str| {
        let target = only(Kind::HandOver).trim_end().replace("TICKET", ticket);
        get(service.address, target.strip_prefix("https://listen.example.com").unwrap(), &[])
    };

    let first = ticket(secret);
    let answer = redeem(&first);
    assert_eq!((answer.status, answer.header("location")), (303, Some("https://www.example.com/library")));
    assert_eq!(
        cookies(&answer),
        ["CloudFront-Key-Pair-Id", "CloudFront-Policy", "CloudFront-Signature", "__Host-edgemint"]
    );
    let by_another_secret = ticket("another-secret-of-this-test-alone-------------");
    for refused in [first, by_another_secret] {
        let answer = redeem(&refused);
        assert_eq!((answer.status, cookies(&answer).len()), (401, 0), "{}", answer.text());
    }
    assert_eq!(redeem(&ticket(secret)).status, 303, "each call makes a ticket of its own");
    service.stop();
}

/// The service with README.md's configuration.
pub fn service(folder: &Path, secret: &str) -> Server {
    std::fs::write(folder.join("edgemint.toml"), only(Kind::Configuration)).unwrap();
    for (name, secret) in [
        ("ticket.key", secret),
        ("session.key", "a-secret-of-sessions-of-this-test-alone"),
        ("api.key", "an-api-key-of-this-test-alone------"),
    ] {
        // With the line break that openssl writes, too.
        std::fs::write(folder.join(name), format!("{secret}\n")).unwrap();
        std::fs::set_permissions(folder.join(name), PermissionsExt::from_mode(0o600)).unwrap();
    }
    std::fs::DirBuilder::new().mode(0o700).create(folder.join("state")).unwrap();
    let mut keys = clean("edgemint", folder);
    let made =
        keys.args(["keys", "init", "--algorithm", "ecdsa-p256", "--key-pair-id", "K1"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut serve = clean("edgemint", folder);
    serve.args(["serve", "--config", "edgemint.toml", "--listen", "127.0.0.1:0"]);
    Server::start(&mut serve, "edgemint listening on http://", [])
}

/// The names of the cookies that are set, and not deleted, in order of the alphabet.
fn cookies(answer: &Response) -> Vec<&str> {
    let set =
        answer.headers.iter().filter(|(name, value)| name == "set-cookie" && !value.contains("; Max-Age=0"));
    let mut names: Vec<&str> = set.map(|(_, value)| value.split_once('=').unwrap().0).collect();
    names.sort_unstable();
    names
}
