//! Commands of the chapter, run as they stand, but for hosts, ports and folders.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::deployment::Deployment;
use super::edge::Stage;
use crate::programs::needs;
use crate::proxy::replaced;

const CHAPTER: &str = include_str!("../../../deploy/OPERATIONS.md");

/// The first block of commands behind these words.
fn commands_after(words: &str) -> String {
    let (_, rest) = CHAPTER.split_once(words).unwrap_or_else(|| panic!("{words:?} is not there any more"));
    let (_, block) = rest.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(|line| format!("{}\n", line.trim_start())).collect()
}

/// What these commands print in the folder of a deployment.
fn run(place: &Deployment, commands: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_edgemint")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-uc", commands]).current_dir(place.path(".")).env_clear();
    bash.env("PATH", format!("{}:{path}", binary.display())).env("EDGEMINT_CONFIG", "edgemint.toml");
    let output = bash.output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains("Signature="), "a cookie was printed");
    said
}

#[test]
fn a_double_says_what_is_wrong_with_a_browsers_cookies() {
    needs!("bash", "curl", "jq", "faketime");
    let stage = Stage::new();
    let cookies = |by: &[&str]| stage.cookies_by(by, "https://cdn.example.com/podcasts/*", &[]);
    for (by, expected) in
        [(&[][..], "allowed"), (&["faketime", "-f", "-1h"], "AccessDenied  expiry: before ")]
    {
        stage.place.write("cookie.header", &format!("Cookie: {}\n", cookies(by)));
        // Free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let commands = replaced(&commands_after("## Listeners get 403"), &[("8082", &port.to_string())]);
        let said = run(&stage.place, &commands);
        assert!(said.lines().any(|line| line.starts_with(expected)), "{said}");
    }
}

#[test]
fn the_canary_is_fetched_with_the_key_that_signs() {
    needs!("bash", "curl", "jq");
    let stage = Stage::new();
    std::fs::write(stage.place.path("media/podcasts/canary.txt"), "0123456789").unwrap();
    let here = format!("-H 'Host: cdn.example.com' http://{}/podcasts/canary.txt", stage.address());
    let commands = replaced(
        &commands_after("sign\n   for the canary by hand"),
        &[("cd /var/lib/edgemint\n", ""), ("https://cdn.example.com/podcasts/canary.txt", &here)],
    );
    let said = run(&stage.place, &commands);
    assert!(said.starts_with("HTTP/1.1 206"), "{said}");
    std::fs::remove_file(stage.place.path(&stage.place.key_file())).unwrap();
    assert!(!run(&stage.place, &commands).contains("206"), "without the key, nothing is fetched");
}
