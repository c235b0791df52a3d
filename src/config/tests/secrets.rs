use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;

use crate::session::api_key::ApiKeys;

use super::{API_KEY, Config, TICKET_SECRET, problems, surroundings, with_line};

const PLANTED: &str = "hunter2-planted-secret-that-must-not-be-seen";

/// Mistakes that people make with a secret in hand.
#[test]
fn no_problem_ever_quotes_a_secret() {
    for (line, template) in [
        (9, "secret = PLANTED"),
        (9, "secret = \"PLANTED"),
        (9, "secret = \"PLANTED\" x"),
        (9, "secret = \"PLANTED\""),
        (9, "secret = { env = \"PLANTED\" }"),
        (9, "secret = { file = \"PLANTED\" }"),
        (9, "secret = { env = \"PLANTED\", file = \"PLANTED\" }"),
        (9, "secret = { value = \"PLANTED\" }"),
        (9, "secrte = \"PLANTED\""),
        (9, "secret = [\"PLANTED\"]"),
        (9, "public_key = \"PLANTED\""),
        (9, "secret = { env = \"PLANTED\" }\nsecret = \"PLANTED\""),
        (17, "secret = \"\"\"\nPLANTED\n\"\"\""),
        (17, "secret = 'PLANTED"),
        (15, "api_keys = [\"PLANTED\"]\n[[api_keys]]"),
        (15, "[api_keys]\nx = \"PLANTED\""),
        (8, "algorithm = \"HS256\", secret = \"PLANTED\""),
    ] {
        let found = problems(&with_line(line, &template.replace("PLANTED", PLANTED)));
        assert!(!found.is_empty(), "{template}");
        assert!(found.iter().all(|problem| !problem.contains("hunter2")), "{template}: {found:?}");
    }
    for name in ["EDGEMINT_TICKET__KEYS", "EDGEMINT_TICKET__SECRET", "EDGEMINT_API_KEYS__0__SECRET"] {
        let surroundings = surroundings(&[(name, PLANTED)], Vec::new());
        let found = Config::parse(Path::new("edgemint.toml"), &with_line(0, ""), surroundings).unwrap_err();
        assert!(!format!("{found} {found:?}").contains("hunter2"), "{name}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let config = super::parse(&with_line(0, "")).unwrap();
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains(TICKET_SECRET) && !shown.contains(API_KEY), "{shown}");
    assert!(!shown.contains(&format!("{:?}", TICKET_SECRET.as_bytes())), "{shown}");
}

fn with_secret_file(make: impl FnOnce(&Path)) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    make(&folder.path().join("api.key"));
    let text = with_line(17, "secret = { file = \"api.key\" }");
    Config::parse(&folder.path().join("edgemint.toml"), &text, surroundings(&[], Vec::new()))
        .map_err(|problems| problems.to_string().replace(&folder.path().display().to_string(), "FOLDER"))
}

fn write(path: &Path, contents: &[u8], mode: u32) {
    fs::write(path, contents).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_secret_file_is_read_without_its_last_newline() {
    for (contents, mode) in
        [(format!("{API_KEY}\n"), 0o600), (format!("{API_KEY}\r\n"), 0o400), (API_KEY.to_owned(), 0o600)]
    {
        let config = with_secret_file(|path| write(path, contents.as_bytes(), mode)).unwrap();
        assert_eq!(ApiKeys::from(config.api_keys).name_of(API_KEY.as_bytes()), Some("app"));
    }
    let config = with_secret_file(|path| {
        write(&path.with_extension("target"), API_KEY.as_bytes(), 0o600);
        symlink(path.with_extension("target"), path).unwrap();
    });
    assert!(config.is_ok(), "mounted secrets are links");
}

#[test]
fn a_secret_file_that_others_can_read_is_refused() {
    for mode in [0o640, 0o604, 0o660, 0o666, 0o644] {
        let found = with_secret_file(|path| write(path, API_KEY.as_bytes(), mode)).unwrap_err();
        let expected = format!(
            "`FOLDER/api.key` is open to other users (mode {mode:04o}): run `chmod 600 FOLDER/api.key`"
        );
        assert!(found.ends_with(&expected), "{found}");
    }
    let found = with_secret_file(|path| {
        write(&path.with_extension("target"), API_KEY.as_bytes(), 0o644);
        symlink(path.with_extension("target"), path).unwrap();
    });
    assert!(
        found.unwrap_err().contains("is open to other users (mode 0644)"),
        "the file behind a link counts"
    );
}

#[test]
fn a_secret_file_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        // Not `eprintln!`, which the test harness swallows.
        std::io::stderr()
            .write_all(b"left out: secrets of another user (only root can give files away)\n")
            .unwrap();
        return;
    }
    let found = with_secret_file(|path| {
        write(path, API_KEY.as_bytes(), 0o600);
        chown(path, Some(65534), None).unwrap();
    });
    let found = found.unwrap_err();
    assert!(found.contains("belongs to user 65534") && found.contains("`chown 0 FOLDER/api.key`"), "{found}");
}

#[test]
fn what_is_no_secret_file_is_refused() {
    let refused = |make: &dyn Fn(&Path)| with_secret_file(make).unwrap_err();
    assert!(refused(&|_| {}).contains("there is no file of this name; relative names start"));
    let long = with_line(17, &format!("secret = {{ file = \"{}\" }}", PLANTED.repeat(6)));
    assert!(
        problems(&long)[0].contains("the file of this name cannot be read (File name too long"),
        "{:?}",
        problems(&long)
    );
    assert!(
        refused(&|path| fs::create_dir(path).unwrap())
            .contains("`FOLDER/api.key` is a directory, not a regular file")
    );
    let fifo = |path: &Path| rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR).unwrap();
    assert!(refused(&fifo).contains("not a regular file"));
    assert!(refused(&|path| write(path, b"\n", 0o600)).contains("this file is empty"));
    assert!(refused(&|path| write(path, &[0xff; 40], 0o600)).contains("does not hold UTF-8 text"));
    assert!(refused(&|path| write(path, &[b'a'; 70_000], 0o600)).contains("larger than 65536 bytes"));
    assert!(refused(&|path| write(path, b"short", 0o600)).contains("at least 32 characters"));
}
