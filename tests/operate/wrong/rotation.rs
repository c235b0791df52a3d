//! What keeps a rotation from proving a key, or from beginning.

use std::net::SocketAddr;

use super::chapter::{Mistake, try_all};
use super::deployment::{Deployment, KEY_PAIR_ID, said};
use crate::compose::{Listening, next_line};
use crate::programs::is_installed;

pub const MISTAKES: &[Mistake] = &[
    ("canary-is-public", || Stage::new().rotates(&[("podcasts/canary.txt", "open.txt")], &[])),
    ("key-group-not-there", || {
        let stage = Stage::new();
        let group = stage.group.clone();
        stage.rotates(&[(&group, "00000000-0000-4000-8000-000000000000")], &[])
    }),
    ("no-credentials", || {
        let stage = Stage::new();
        let missing = stage.place.command(&ROTATE).env_remove("AWS_ACCESS_KEY_ID").output().unwrap();
        assert_eq!(missing.status.code(), Some(2));
        Some(String::from_utf8(missing.stderr).unwrap().trim_end().to_owned())
    }),
    ("rotation-clock-behind", || {
        is_installed("faketime").then(|| Stage::new().rotates(&[], &["faketime", "-f", "-1h"]))?
    }),
];

const ROTATE: [&str; 4] = ["keys", "rotate", "--config", "edgemint.toml"];

/// A deployment, and an edge with a control plane whose key group holds its key.
struct Stage {
    place: Deployment,
    group: String,
    _edge: Listening,
}

impl Stage {
    fn new() -> Self {
        let place = Deployment::alone();
        std::fs::create_dir_all(place.path("media/podcasts")).unwrap();
        for file in ["media/podcasts/canary.txt", "media/open.txt"] {
            std::fs::write(place.path(file), "0123456789").unwrap();
        }
        let trust = format!("{KEY_PAIR_ID}=public.pem");
        let words =
            ["edge", "--listen", "127.0.0.1:0", "--control-plane", "127.0.0.1:0", "--propagation", "0s"];
        let more = ["--nodes", "1", "--origin", "media", "--protect", "/podcasts/*", "--trust", &trust];
        let mut edge = Listening::start(&mut place.command(&[&words[..], &more].concat()));
        let [control, _, group] = [(); 3].map(|()| next_line(&mut edge.stdout));
        let control: SocketAddr = control.rsplit('/').next().unwrap().parse().unwrap();
        let group = group.strip_prefix("key group ").unwrap().to_owned();
        let rotation = format!(
            "canary = \"http://{}/podcasts/canary.txt\"\nendpoint_url = \"http://{control}\"\nproofs = 1\n\
             proof_interval = \"10ms\"\nproof_deadline = \"1s\"",
            edge.address
        );
        let place = place.with(&[
            ("canary = \"https://cdn.example.com/podcasts/canary.txt\"", &rotation),
            ("2f1c6a5e-8a0b-4a8e-9d3c-5b7f0e4d1a92", &group),
        ]);
        let place = place.told("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").told("AWS_SECRET_ACCESS_KEY", "example");
        // No file of the machine's own counts, and nothing is asked of an instance.
        let home = place.path(".").to_str().unwrap().to_owned();
        let place = place.told("HOME", home).told("AWS_EC2_METADATA_DISABLED", "true");
        Self { place: place.told("FAKETIME_DONT_FAKE_MONOTONIC", "1"), group, _edge: edge }
    }

    /// What `keys rotate` says that is refused.
    fn rotates(self, changes: &[(&str, &str)], by: &[&str]) -> Option<String> {
        let place = self.place.with(changes);
        Some(said(&mut place.command_by(by, &ROTATE), 2))
    }
}

#[test]
fn what_stops_a_rotation_is_told_as_the_chapter_shows() {
    try_all(MISTAKES);
}
