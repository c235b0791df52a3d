//! A keyring that is changed under a running service, into ones that are damaged in every way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use serde_json::json;

use crate::secrets::TO_LISTENER;
use crate::stage::Running;
use crate::support::{get, wait_for};
use crate::tickets::Ticketed;

fn keyring_failure(service: &Running<'_>) -> String {
    service.ask(get("/readyz")).json()["keyring"]["failed"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn damaged_keys_and_keyrings_are_refused_without_being_repeated() {
    let place = Ticketed::new("json", "");
    let (stage, secrets) = (&place.stage, &place.stage.secrets);
    let service = stage.start();
    let document = fs::read_to_string(stage.path("keys/keyring.json")).unwrap();
    let mut files = fs::read_dir(stage.path("keys")).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|extension| extension == "pem")).unwrap();
    let pem = fs::read_to_string(&file).unwrap();
    let restore = || {
        stage.write("keys/keyring.json", &document);
        fs::write(&file, &pem).unwrap();
        service.signal(Signal::HUP);
        wait_for("a good keyring", || keyring_failure(&service).is_empty());
    };
    let broken = |what: &str| {
        service.signal(Signal::HUP);
        wait_for(what, || !keyring_failure(&service).is_empty());
    };
    let secret = |name: &str| secrets.make(&format!("the {name} of a damaged keyring"));
    let lines: Vec<&str> = pem.lines().collect();
    for damaged in [
        pem.replace(lines[1], &format!("{}#{}", &lines[1][..20], secret("line"))),
        pem.replace(lines[1], &secret("base64")),
        pem.replace("PRIVATE KEY", &format!("PRIVATE KEY {}", secret("label"))),
        pem.replace(
            lines[0],
            &format!("{}\nProc-Type: 4,ENCRYPTED\nDEK-Info: {}\n", lines[0], secret("header")),
        ),
        lines[..2].join("\n"),
        format!("{}\n", secret("text")),
        String::new(),
    ] {
        fs::write(&file, damaged).unwrap();
        broken("a damaged key");
        restore();
    }
    let named = |name: &str, value: serde_json::Value| {
        let mut whole: serde_json::Value = serde_json::from_str(&document).unwrap();
        whole["keys"][0][name] = value;
        whole.to_string()
    };
    for damaged in [
        named("state", secret("state").into()),
        named("key_pair_id", json!(format!("a b{}", secret("id of a key")))),
        named(&secret("member"), json!(1)),
        named("created_at", secret("time").into()),
        document.replacen('{', &format!("{{\"{}\": \"{}\",", secret("other member"), secret("value")), 1),
        format!("{}{document}", secret("beginning")),
        format!("{document}{}", secret("end")),
    ] {
        stage.write("keys/keyring.json", damaged);
        broken("a damaged keyring");
        restore();
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    broken("a key that others can read");
    fs::remove_file(&file).unwrap();
    broken("a key that is gone");
    stage.write(file.strip_prefix(stage.path("")).unwrap().to_str().unwrap(), &pem);
    restore();
    let subject = secrets.make_for("a subject", TO_LISTENER);
    assert_eq!(
        service.ask(get(&format!("/enter?ticket={}", place.ticket()))).status,
        303,
        "{}",
        subject.len()
    );
    service.ends_clean();
}
