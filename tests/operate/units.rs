//! The systemd units, judged by systemd's own tools without a systemd that runs.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::programs::needs;
use crate::proxy::deploy;

const UNITS: [&str; 3] = ["edgemint.service", "edgemint-keys@.service", "edgemint-advance.timer"];

/// The most exposure that `systemd-analyze security` may find, of 100: what the README says, in tenths.
const EXPOSURE: &str = "15";

fn unit(name: &str) -> String {
    fs::read_to_string(deploy("systemd").join(name)).unwrap()
}

/// What is set by lines of this name.
fn settings<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

#[test]
fn systemd_understands_every_line() {
    needs!("systemd-analyze");
    let folder = tempfile::tempdir().unwrap();
    for name in UNITS {
        // The program has to be there; it is installed by whoever installs the unit.
        let text = unit(name).replace("/usr/local/bin/edgemint", env!("CARGO_BIN_EXE_edgemint"));
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut verify = Command::new("systemd-analyze");
    // A template as the timer uses it.
    let units = UNITS.map(|name| name.replace('@', "@advance"));
    verify.args(["verify", "--man=no"]).args(units).current_dir(folder.path());
    let judged = verify.env("SYSTEMD_LOG_LEVEL", "warning").output().unwrap();
    let said = String::from_utf8([judged.stdout, judged.stderr].concat()).unwrap();
    // What it says of other units of this machine is not about ours.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("edgemint")).collect();
    assert!(judged.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn the_services_are_exposed_no_more_than_the_readme_says() {
    needs!("systemd-analyze");
    let folder = tempfile::tempdir().unwrap();
    for name in ["edgemint.service", "edgemint-keys@.service"] {
        let judged_as = folder.path().join(name.replace('@', "@advance"));
        fs::copy(deploy("systemd").join(name), &judged_as).unwrap();
        let mut security = Command::new("systemd-analyze");
        security.args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE]);
        let judged = security.arg(judged_as).output().unwrap();
        let said = String::from_utf8([judged.stdout, judged.stderr].concat()).unwrap();
        assert!(judged.status.success(), "{said}");
        assert!(said.contains("Overall exposure level"), "{said}");
    }
}

#[test]
fn the_services_find_their_files_and_the_commands_exist() {
    let (serve, keys) = (unit("edgemint.service"), unit("edgemint-keys@.service"));
    let credentials = settings(&serve, "LoadCredential");
    // Each file that own-host.toml refers to, and the configuration itself.
    let configuration = fs::read_to_string(deploy("own-host.toml")).unwrap();
    let named: Vec<&str> =
        configuration.split("{ file = \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for name in [&["edgemint.toml"], &named[..]].concat() {
        assert!(credentials.contains(&format!("{name}:/etc/edgemint/{name}").as_str()), "{name}");
    }
    assert_eq!(credentials.len(), named.len() + 1, "{credentials:?}");
    // The instances of the template that its comment names, of which the timer starts one.
    let named = ["rotate", "advance", "status", "plan", "rollback", "list"];
    assert!(keys.contains(&format!("one word: {}.", named.join(", "))), "{keys}");
    assert_eq!(settings(&unit("edgemint-advance.timer"), "Unit"), ["edgemint-keys@advance.service"]);
    let instances = named.map(|instance| (keys.replace("%i", instance), instance));
    for (unit, name) in [(serve.clone(), "serve")].into_iter().chain(instances) {
        let start = settings(&unit, "ExecStart")[0].strip_prefix("/usr/local/bin/edgemint ").unwrap();
        let arguments: Vec<&str> = start.split(' ').collect();
        let last = *arguments.last().unwrap();
        assert_eq!(last, "%d/edgemint.toml", "{name}");
        // With a file that is not there, a command that exists says that, and no other refuses another thing.
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
        command.env_clear().args(&arguments[..arguments.len() - 1]).arg("/nowhere/edgemint.toml");
        let said = String::from_utf8(command.output().unwrap().stderr).unwrap();
        assert!(said.contains("/nowhere/edgemint.toml: the configuration cannot be read"), "{name}: {said}");
    }
    // Who rotates keys is given nothing that lets listeners in, and misses nothing.
    assert_eq!(settings(&keys, "LoadCredential"), ["edgemint.toml:/etc/edgemint/edgemint.toml"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
    command
        .env_clear()
        .args(["keys", "advance", "--manual", "--dir", "/nowhere/keys", "--config"])
        .arg(deploy("own-host.toml"));
    let said = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(said.contains("/nowhere/keys") && !said.contains("own-host.toml:"), "{said}");
    assert_eq!(settings(&keys, "SuccessExitStatus"), ["3"], "more remains");
    assert_eq!(settings(&serve, "ExecReload"), ["/bin/kill -HUP $MAINPID"]);
}

#[test]
fn the_user_of_the_services_is_made() {
    needs!("systemd-sysusers");
    let file = deploy("systemd/edgemint.sysusers.conf");
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("etc")).unwrap();
    let mut sysusers = Command::new("systemd-sysusers");
    let made = sysusers.arg("--root").arg(root.path()).arg(Path::new(&file)).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let users = fs::read_to_string(root.path().join("etc/passwd")).unwrap();
    let home = users.lines().find(|line| line.starts_with("edgemint:")).expect("a user edgemint");
    assert!(home.contains(":/var/lib/edgemint:") && home.ends_with("/nologin"), "{home}");
    for name in ["edgemint.service", "edgemint-keys@.service"] {
        assert_eq!(settings(&unit(name), "User"), ["edgemint"], "{name}");
    }
}
