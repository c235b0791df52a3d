//! The filled-in configurations of `deploy/`, with secrets made for the test, and files as systemd hands them out.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::programs::needs;
use crate::proxy::deploy;

/// Every file that the configurations refer to, with a secret that is good for it.
const SECRETS: [(&str, &str); 7] = [
    ("ticket.key", "s3cret-of-the-tickets-in-this-test-alone"),
    ("session.key", "s3cret-of-the-sessions-in-this-test-alone"),
    ("api.key", "k3y-of-the-back-end-in-this-test-alone--"),
    ("redis.url", "redis://:s3cret@127.0.0.1:1/0"),
    ("store.url", "redis://:s3cret@127.0.0.1:1/1"),
    ("app-redis.url", "redis://edgemint:s3cret@127.0.0.1:1/0"),
    ("app-session.key", "s3cret-of-the-app-in-this-test-alone"),
];

fn edgemint(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_edgemint"))
        .current_dir(folder)
        .env_clear()
        .args(arguments)
        .output()
        .unwrap()
}

/// A folder such as /etc/edgemint, with this configuration, the secrets that it names, and a keyring beside it.
fn settled(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(deploy(name)).unwrap();
    for (file, secret) in SECRETS.iter().filter(|(file, _)| text.contains(&format!("{file:?}"))) {
        fs::write(folder.path().join(file), secret).unwrap();
        fs::set_permissions(folder.path().join(file), fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::write(folder.path().join("edgemint.toml"), text).unwrap();
    let made = edgemint(folder.path(), &["keys", "init", "--dir", "keys", "--key-pair-id", "KTEST"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
}

/// What `check` says, its exit code first. The keyring is elsewhere than the configuration says.
fn check(folder: &Path) -> (Option<i32>, String) {
    let output = edgemint(folder, &["check", "--config", "edgemint.toml", "--keys", "keys"]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains("s3cret") && !said.contains("k3y-"), "{said}");
    (output.status.code(), said)
}

#[test]
fn each_is_good_and_means_what_it_says() {
    for (name, lines) in [
        (
            "own-host.toml",
            &[
                "browsers go to   https://listen.example.com",
                "trusted proxies  127.0.0.1/32, ::1/128",
                "cookies with Domain=example.com, Path=/podcasts/",
                "tickets          from \"https://www.example.com\" for \"https://listen.example.com\"",
                "remembers in     Redis at 127.0.0.1:1",
                "API keys         app-backend",
            ][..],
        ),
        (
            "shared-host.toml",
            &[
                "browsers go to   https://www.example.com/edgemint",
                "host-only cookies for www.example.com, Path=/podcasts/, SameSite=Lax, Secure, HttpOnly",
                "tickets          from \"https://www.example.com\" for \"https://www.example.com/edgemint\"",
                "sessions         in the cookie __Host-edgemint",
            ],
        ),
        (
            "existing-sessions.toml",
            &[
                "browsers go to   https://www.example.com/edgemint",
                "who is asking    cookie connect.sid (signed \"s:\", secrets: 1), a session in Redis at 127.0.0.1:1",
                "subject /passport/user",
            ],
        ),
    ] {
        let (code, said) = check(settled(name).path());
        assert_eq!(code, Some(0), "{name}: {said}");
        for line in lines {
            assert!(said.contains(line), "{name}: {line}\n---\n{said}");
        }
        assert!(fs::read_to_string(deploy(name)).unwrap().contains("directory = \"/var/lib/edgemint/keys\""));
    }
}

#[test]
fn each_needs_every_secret_that_it_names() {
    for name in ["own-host.toml", "shared-host.toml", "existing-sessions.toml"] {
        let folder = settled(name);
        let named = SECRETS.iter().filter(|(file, _)| folder.path().join(file).exists());
        let named: Vec<&str> = named.map(|(file, _)| *file).collect();
        assert!(named.len() >= 2, "{named:?}");
        for file in named {
            let path = folder.path().join(file);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            let (code, said) = check(folder.path());
            assert!(code == Some(2) && said.contains("chmod 600"), "{name} with {file} open to all: {said}");
            let moved = folder.path().join("moved");
            fs::rename(&path, &moved).unwrap();
            let (code, said) = check(folder.path());
            assert!(
                code == Some(2) && said.contains("there is no file of this name"),
                "{name} without {file}: {said}"
            );
            fs::rename(&moved, &path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert_eq!(check(folder.path()).0, Some(0), "{name}");
    }
}

/// On a tmpfs, systemd hands credentials to a service by access control lists: the group's bits are then not a group's.
#[test]
fn a_credential_by_access_control_list_is_read_if_it_is_ours_alone() {
    needs!("setfacl");
    let folder = settled("own-host.toml");
    let us = rustix::process::geteuid().as_raw();
    let setfacl = |entry: &str| {
        let mut command = Command::new("setfacl");
        let done = command.current_dir(folder.path()).args(["-m", entry, "ticket.key"]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    setfacl(&format!("u:{us}:r"));
    let mode = fs::metadata(folder.path().join("ticket.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640, "the mask of the list stands where the group's bits were");
    let (code, said) = check(folder.path());
    assert_eq!(code, Some(0), "{said}");
    for entry in [format!("u:{}:r", us + 1), "g:12345:r".to_owned(), "g::r".to_owned(), "o::r".to_owned()] {
        setfacl(&entry);
        let (code, said) = check(folder.path());
        assert!(code == Some(2) && said.contains("ticket.key"), "{entry}: {said}");
        let undone =
            Command::new("setfacl").current_dir(folder.path()).args(["-b", "ticket.key"]).output().unwrap();
        assert!(undone.status.success());
        setfacl("g::-");
        setfacl("o::-");
        setfacl(&format!("u:{us}:r"));
        assert_eq!(check(folder.path()).0, Some(0), "after {entry}");
    }
}
