//! Were nothing found anywhere, the other tests would prove nothing: what is known to be written is planted here.

use crate::secrets::{Leak, Place};
use crate::stage::{Stage, list};
use crate::support::get;
use crate::tickets::Ticketed;

pub fn assert_is_found(leaks: &[Leak], secret: &str, place: Place) {
    let is_found = leaks.iter().any(|leak| leak.secret == secret && leak.place == place);
    assert!(is_found, "{secret} is not found in {place:?}:\n{}", list(leaks));
}

/// The id of a key is no secret, and is everywhere. Were it one, it would be found.
#[test]
fn the_control_what_is_known_to_be_written_is_found() {
    let place = Ticketed::new("text", "");
    let stage = &place.stage;
    let key = format!("K{}", crate::secrets::random().to_uppercase());
    std::fs::remove_dir_all(stage.path("keys")).unwrap();
    stage.make_keyring("keys", &key);
    stage.secrets.plant("the id of the key", &key);
    stage.secrets.plant("the sentence of a refusal", "There is nothing at this address.");
    let configuration = stage.secrets.make("the name of the configuration");
    std::fs::rename(stage.path("edgemint.toml"), stage.path(&configuration)).unwrap();
    let mut command = stage.command(&["serve", "--config", &configuration]);
    command.env("A_NAME_THAT_NOBODY_READS", stage.secrets.make("a variable"));
    let service = stage.start_as(command);
    let entered = service.ask(get(&format!("/enter?ticket={}", place.ticket())));
    assert_eq!(entered.status, 303);
    assert_eq!(service.ask(get("/nothing")).status, 404);
    let leaks = service.end();
    for there in [Place::Log, Place::Metrics, Place::OwnAnswer] {
        assert_is_found(&leaks, "the id of the key", there);
    }
    assert_is_found(&leaks, "the sentence of a refusal", Place::Answer);
    assert_is_found(&leaks, "the name of the configuration", Place::CommandLine);
    if rustix::process::geteuid().is_root() {
        assert_is_found(&leaks, "a variable", Place::Environment);
    }
}

/// What a command says is searched as well.
#[test]
#[should_panic(expected = "a directory is in Log (plain)")]
fn the_control_what_a_command_repeats_is_found() {
    let stage = Stage::new();
    let directory = stage.secrets.make("a directory");
    stage.refused("a keyring that is not there", &mut stage.command(&["keys", "list", "--dir", &directory]));
}
