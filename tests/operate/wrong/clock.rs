//! A machine whose clock is an hour off.

use std::process::Command;

use super::chapter::{Mistake, try_all};
use super::deployment::{Deployment, ask, line};
use super::edge::Stage;
use crate::programs::is_installed;
use crate::support::Ticket;

pub const MISTAKES: &[Mistake] = &[
    ("clock-ahead", || refused("+1h")),
    ("clock-behind", || refused("-1h")),
    ("clock-behind-at-the-edge", || {
        let stage = is_installed("faketime").then(Stage::new)?;
        let cookies = stage.cookies_by(&["faketime", "-f", "-1h"], "https://cdn.example.com/podcasts/*", &[]);
        stage.answers(&cookies)
    }),
    ("begins-later-at-the-edge", || {
        let stage = is_installed("faketime").then(Stage::new)?;
        let begins = (crate::support::now() + 3630).to_string();
        let mint = ["--not-before", &begins];
        stage.answers(&stage.cookies_by(
            &["faketime", "-f", "+1h"],
            "https://cdn.example.com/podcasts/*",
            &mint,
        ))
    }),
];

/// What is logged of a ticket that was made this second, where the service's clock is this much off.
fn refused(offset: &str) -> Option<String> {
    if !is_installed("faketime") {
        return None;
    }
    let told = Command::new("faketime").args(["-f", offset, "env"]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let preload = told.lines().find_map(|line| line.strip_prefix("LD_PRELOAD=")).unwrap();
    // Not by the program itself, which would outlive a kill with the service below it. Timers go by another clock.
    let place = Deployment::alone().told("LD_PRELOAD", preload).told("FAKETIME", offset);
    let service = place.told("FAKETIME_DONT_FAKE_MONOTONIC", "1").serve();
    let answer = ask(&service, &format!("/enter?ticket={}", Ticket::of("u-17").sign()));
    assert_eq!((answer.status, answer.all("set-cookie").count()), (401, 0), "{}", service.log());
    Some(line(&service, "refused"))
}

#[test]
fn wrong_clocks_are_told_as_the_chapter_shows() {
    try_all(MISTAKES);
}
