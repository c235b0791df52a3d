use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use super::{Config, Override, surroundings, with_line};
use crate::keyring::Location;

const LISTEN: &str = "EDGEMINT_SERVER__LISTEN";

fn read(text: &str, environment: &[(&str, &str)], flags: Vec<Override>) -> Result<Config, Vec<String>> {
    Config::parse(Path::new("conf/edgemint.toml"), text, surroundings(environment, flags))
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = with_line(1, "[server]\nlisten = \"127.0.0.1:1\"");
    let listen = |file: &str, environment: &[(&str, &str)], flags| {
        read(file, environment, flags).unwrap().server.listen.port()
    };
    let flag = || vec![Override::flag("--listen", "server.listen", "127.0.0.1:3")];
    let variable = [(LISTEN, "127.0.0.1:2")];
    assert_eq!(listen(&with_line(0, ""), &[], Vec::new()), 8080);
    assert_eq!(listen(&file, &[], Vec::new()), 1);
    assert_eq!(listen(&file, &variable, Vec::new()), 2);
    assert_eq!(listen(&with_line(0, ""), &variable, Vec::new()), 2);
    assert_eq!(listen(&file, &variable, flag()), 3);
    assert_eq!(listen(&with_line(0, ""), &[], flag()), 3);
}

#[test]
fn a_variable_is_read_as_what_its_setting_wants() {
    let environment = [
        ("EDGEMINT_SERVER__WORKERS", "7"),
        ("EDGEMINT_SERVER__APP_ORIGINS", "[\"https://a.example.com\", \"https://b.example.com\"]"),
        ("EDGEMINT_TICKET__ISSUER", "123"),
        ("EDGEMINT_MINT__EXPIRY_STEP", "5s"),
        ("EDGEMINT_KEYRING__DIRECTORY", "from-environment"),
    ];
    let config = read(&with_line(0, ""), &environment, Vec::new()).unwrap();
    assert_eq!(config.server.workers, 7);
    assert_eq!(config.server.app_origins[1].as_str(), "https://b.example.com");
    assert_eq!(config.ticket.unwrap().issuer, "123");
    assert_eq!(config.mint.expiry_step.as_secs(), 5);
    assert_eq!(config.keyring.location, Location::Directory("from-environment".into()));
}

#[test]
fn names_in_the_file_start_in_its_folder() {
    let directory = |line| match read(&with_line(1, line), &[], Vec::new()).unwrap().keyring.location {
        Location::Directory(path) => path,
        other => panic!("{other}"),
    };
    assert_eq!(directory("[server]"), Path::new("conf/keys"));
    assert_eq!(directory("[keyring]\ndirectory = \"ring\"\n[server]"), Path::new("conf/ring"));
    assert_eq!(directory("[keyring]\ndirectory = \"/etc/ring\"\n[server]"), Path::new("/etc/ring"));
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let environment = [
        ("EDGEMINT_PORT", "tcp://10.0.0.1:80"),
        ("EDGEMINT_SERVICE_HOST", "10.0.0.1"),
        ("EDGEMINT_CONFIG", "edgemint.toml"),
        ("EDGEMINT_TICKET_SECRET", "free"),
        ("XEDGEMINT_SERVER__LISTEN", "x"),
    ];
    assert!(read(&with_line(0, ""), &environment, Vec::new()).is_ok());
}

#[test]
fn what_is_wrong_from_outside_names_the_variable_or_the_flag() {
    for (name, value, expected) in [
        (LISTEN, "8080", "server.listen: \"8080\" is not an address with a port"),
        (LISTEN, "", "server.listen: \"\" is not an address with a port"),
        (
            "EDGEMINT_SERVER__LISTNE",
            "1",
            "server.listne: unknown setting; did you mean EDGEMINT_SERVER__LISTEN?",
        ),
        ("EDGEMINT_SEVRER__LISTEN", "1", "sevrer: unknown setting; did you mean EDGEMINT_SERVER__LISTEN?"),
        ("EDGEMINT_LGO__LEVEL", "info", "lgo: unknown setting; did you mean EDGEMINT_LOG__LEVEL?"),
        ("EDGEMINT_SERVER__", "1", "server.: unknown setting; known here are listen"),
        ("EDGEMINT_SERVER__LISTEN__PORT", "1", "server.listen: found a table, wanted a string"),
        ("EDGEMINT_SERVER__WORKERS", "many", "server.workers: found a string, wanted a whole number"),
        ("EDGEMINT_SERVER__WORKERS", "0", "server.workers: 0 is out of range"),
        ("EDGEMINT_SERVER__WORKERS", "true", "server.workers: found a boolean, wanted a whole number"),
        (
            "EDGEMINT_SERVER__APP_ORIGINS",
            "https://a.example.com",
            "server.app_origins: found a string, wanted a list",
        ),
        ("EDGEMINT_SERVER__APP_ORIGINS", "[1]", "server.app_origins: found a whole number, wanted a string"),
        (
            "EDGEMINT_SERVER__APP_ORIGINS",
            "[\"http://a.example.com\"]",
            "server.app_origins: http is accepted on localhost",
        ),
        (
            "EDGEMINT_GRANTS__0__TTL",
            "1m",
            "grants.0.ttl: grants is not a table, so nothing can be set below it; set it in the file",
        ),
    ] {
        let found = read(&with_line(0, ""), &[(name, value)], Vec::new()).map(|_| ()).unwrap_err();
        assert!(
            found[0].starts_with(&format!("environment variable {name}: {expected}")),
            "{value}: {found:?}"
        );
        assert_eq!(found.len(), 1, "{found:?}");
    }
    let flags = vec![
        Override::flag("--listen", "server.listen", "8080"),
        Override::flag("--log-level", "log.level", "loud"),
    ];
    let found = read(&with_line(0, ""), &[(LISTEN, "x")], flags).map(|_| ()).unwrap_err();
    assert!(found[0].starts_with("flag --listen: server.listen: \"8080\" is not an address"), "{found:?}");
    assert!(found[1].starts_with("flag --log-level: log.level: \"loud\" is not known"), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_wrong_variable_does_not_hide_another() {
    let environment = [
        ("EDGEMINT_LOG__FORMTA", "json"),
        ("EDGEMINT_LOG__LEVEL", "3"),
        ("EDGEMINT_MINT__MAX_SIGNATURES", "x"),
    ];
    let found = read(&with_line(0, ""), &environment, Vec::new()).map(|_| ()).unwrap_err();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("EDGEMINT_LOG__FORMTA") && found[1].contains("EDGEMINT_MINT__MAX_SIGNATURES"),
        "{found:?}"
    );
}

#[test]
fn a_value_that_is_not_utf_8_is_refused() {
    let mut surroundings = surroundings(&[], Vec::new());
    surroundings.environment.push((LISTEN.into(), OsString::from_vec(vec![0xff])));
    let problems = Config::parse(Path::new("edgemint.toml"), &with_line(0, ""), surroundings).unwrap_err();
    assert!(
        problems.to_string().starts_with(
            "environment variable EDGEMINT_SERVER__LISTEN: server.listen: the value is not UTF-8"
        )
    );
}
