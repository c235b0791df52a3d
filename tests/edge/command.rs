//! `edgemint edge` itself: what it refuses, what it says first, how it ends.

use std::process::Command;

use crate::programs::needs;
use crate::support::*;

#[test]
fn flags_that_cannot_work_are_refused_with_a_sentence() {
    needs!("openssl");
    let media = media();
    let origin = media.path().join("origin");
    let origin = origin.to_str().unwrap();
    let trust = |file: &std::path::Path| format!("K1={}", file.display());
    let (public, private) = (trust(&keys().rsa.public), trust(&keys().rsa.private));
    let certificate = media.path().join("certificate.pem");
    std::fs::write(&certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let for_videos = format!("/videos/*:{public}");
    let missing = format!("K1={origin}/none.pem");
    let protect = ["--origin", origin, "--protect", "/podcasts/*"];
    let with = |more: &[&'static str]| [&protect[..], more].concat();
    // Six keys in one group.
    let six = (0..6).map(|number| format!("--trust=K{number}={}", keys().rsa.public.display()));
    let flags = [&protect[..], &["--control-plane", "127.0.0.1:0"]].concat();
    let controlled: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).chain(six).collect();
    for (arguments, sentence) in [
        (vec!["--origin", "/does/not/exist"], "cannot serve \"/does/not/exist\" as the origin"),
        (vec!["--origin", &missing[3..]], "as the origin"),
        (vec!["--origin", "https://example.com"], "the double speaks plain HTTP to its origin"),
        (vec!["--origin", "ftp://example.com"], "write http://host"),
        (vec!["--origin", "http://user:pass@example.com"], "a user name or a password"),
        (vec!["--origin", "http://example.com/?a"], "a query or a fragment"),
        (
            [&protect[..], &["--trust", &private]].concat(),
            "this is a private key: only the public key belongs here",
        ),
        ([&protect[..], &["--trust", &trust(&certificate)]].concat(), "this is a certificate"),
        ([&protect[..], &["--trust", &missing]].concat(), "cannot read the public key"),
        ([&protect[..], &["--trust", &public, "--trust", &public]].concat(), "names K1 twice"),
        ([&protect[..], &["--trust", &for_videos]].concat(), "no --protect has it"),
        (vec!["--origin", origin, "--trust", &public], "nothing is protected"),
        (protect.to_vec(), "no key is trusted for /podcasts/*"),
        (with(&["--trust", "public.pem"]), "write the id and the file of a public key"),
        (with(&["--trust", "K 1=public.pem"]), "K 1=public.pem"),
        (with(&["--protect", "/a b"]), "CloudFront takes only letters"),
        (with(&["--protect", ""]), "the path pattern is empty"),
        (with(&["--host", "https://cdn.example.com"]), "write the name alone"),
        (with(&["--scheme", "ftp"]), "write https, http or any"),
        (with(&["--allow-origin", "*"]), "cannot be used with cookies"),
        (with(&["--allow-origin", "https://www.example.com/"]), "no path"),
        (with(&["--origin-timeout", "soon"]), "--origin-timeout"),
        (with(&["--propagation", "1s"]), "--control-plane"),
        (with(&["--nodes", "2"]), "--control-plane"),
        (with(&["--control-plane", "127.0.0.1:0", "--nodes", "0"]), "--nodes"),
        (with(&["--control-plane", "127.0.0.1:0", "--propagation", "soon"]), "--propagation"),
        (with(&["--control-plane", "8080"]), "cannot listen on \"8080\""),
        (vec!["--origin", origin, "--control-plane", "127.0.0.1:0"], "nothing to control"),
        (controlled.iter().map(String::as_str).collect(), "more than the maximum allowed (5)"),
        (with(&["--listen", "8080"]), "cannot listen on \"8080\""),
        (with(&["--protekt", "/a"]), "--protekt"),
        (vec!["--protect", "/a"], "--origin"),
    ] {
        let output = edge_output(&arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(sentence), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!error.contains("PRIVATE KEY") && !error.contains(":pass@"), "{error}");
    }
}

#[test]
fn a_port_that_is_taken_is_said() {
    let media = media();
    let origin = media.path().join("origin");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = edge_output(&["--listen", &address, "--origin", origin.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains(&format!("cannot listen on \"{address}\"")));
}

#[test]
fn it_ends_well_on_sigterm() {
    let media = media();
    let edge = EdgeProcess::start(&["--origin", media.path().join("origin").to_str().unwrap()]);
    assert_eq!(get(edge.address, "/open/cover.svg", &[]).header("content-type"), Some("image/svg+xml"));
    assert!(edge.terminate());
}

/// The fixed form of the issue, to the letter.
#[test]
fn the_documented_form_works() {
    needs!("openssl");
    let media = media();
    let trust = format!("K123={}", keys().rsa.public.display());
    let edge = EdgeProcess::start(&[
        "--listen",
        "127.0.0.1:0",
        "--origin",
        media.path().join("origin").to_str().unwrap(),
        "--protect",
        "/podcasts/*",
        "--trust",
        &trust,
        "--host",
        "cdn.example.com",
        "--allow-origin",
        "https://www.example.com",
    ]);
    assert_eq!(get(edge.address, "/podcasts/1.mp3", &[]).status, 403);
    let help = Command::new(env!("CARGO_BIN_EXE_edgemint")).args(["edge", "--help"]).output().unwrap();
    assert!(help.status.success());
}
