//! Files of secrets that are missing, readable by others, too short, or hold other bytes than the app has.

use super::chapter::{Mistake, try_all};
use super::deployment::{Deployment, ask};
use crate::support::{TICKET_SECRET, Ticket};

pub const MISTAKES: &[Mistake] = &[
    ("secret-missing", || {
        let place = own();
        std::fs::remove_file(place.path("session.key")).unwrap();
        place.check()
    }),
    ("secret-open-to-others", || {
        let place = own();
        place.set_mode("ticket.key", 0o644);
        place.check()
    }),
    // As Kubernetes mounts a secret with defaultMode 0400 and an fsGroup.
    ("secret-open-to-a-group", || {
        let place = own();
        place.set_mode("ticket.key", 0o440);
        place.check()
    }),
    ("secret-of-another-user", || {
        let place = own();
        place.give_away("ticket.key")?;
        place.check()
    }),
    ("secret-empty", || written("ticket.key", "\n")),
    ("secret-too-short", || written("ticket.key", "correct-horse\n")),
    ("session-secret-too-short", || written("session.key", "correct-horse\n")),
    ("api-key-too-short", || written("api.key", "correct-horse\n")),
    ("secret-with-a-mark", || written("ticket.key", &format!("\u{feff}{TICKET_SECRET}\r\n"))),
    ("secret-in-the-file", || {
        own()
            .with(&[("secret = { file = \"ticket.key\" }", "secret = \"s3cret-in-the-wrong-place\"")])
            .check()
    }),
];

fn own() -> Deployment {
    Deployment::of("own-host.toml")
}

fn written(name: &str, text: &str) -> Option<String> {
    let place = own();
    place.write(name, text);
    place.check()
}

#[test]
fn mistakes_with_secrets_are_told_as_the_chapter_shows() {
    try_all(MISTAKES);
}

#[test]
fn line_breaks_at_the_end_of_a_secret_are_no_mistake() {
    for end in ["", "\n", "\r\n", "\n\n"] {
        let place = Deployment::alone();
        place.write("ticket.key", &format!("{TICKET_SECRET}{end}"));
        let service = place.serve();
        // Of the second of the start and before, none is taken.
        let ticket = || Ticket::of("u-17").with("iat", crate::support::now() + 2).sign();
        assert_eq!(
            ask(&service, &format!("/enter?ticket={}", ticket())).status,
            303,
            "{end:?}: {}",
            service.log()
        );
    }
}
