//! What a rotation tells on standard output: lines for a person, or one JSON object a line.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::span::{between, span};
use crate::keyring::{Action, Document, State, moment};
use crate::rotation::{Event, Instructions, RotationError, Standing, step_name};

/// How progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressFormat {
    /// For a person.
    Text,
    /// For a program: one object a line.
    Json,
}

/// Tells on standard output. A reader that is gone does not stop a rotation.
pub(super) struct Progress {
    format: ProgressFormat,
    /// The command that goes on, for a shell.
    advance: String,
    /// Whether anything was told: a command that was refused at once is told of by its error alone.
    has_begun: Cell<bool>,
}

impl Progress {
    /// `flags`: those by which a further command finds the same configuration.
    pub(super) fn new(format: Option<ProgressFormat>, flags: &str) -> Self {
        let by_terminal =
            if io::stdout().is_terminal() { ProgressFormat::Text } else { ProgressFormat::Json };
        let advance = ["edgemint keys advance", flags].join(" ").trim_end().to_owned();
        Self { format: format.unwrap_or(by_terminal), advance, has_begun: Cell::new(false) }
    }

    /// Tells of one event.
    pub(super) fn tell(&self, event: &Event) {
        self.has_begun.set(true);
        match (self.format, event) {
            (ProgressFormat::Text, Event::ByHand(steps)) => self.shows(steps),
            (ProgressFormat::Text, _) => self.line(&text_of(event)),
            (ProgressFormat::Json, _) => self.object(json_of(event)),
        }
    }

    /// What a person is to type, at the beginning of the line so that it can be copied.
    fn shows(&self, steps: &Instructions) {
        self.line("  by hand, one of these two:");
        let Instructions { aws_cli, terraform, confirmed_by, .. } = steps;
        let _ = writeln!(
            io::stdout(),
            "\n# With the AWS CLI\n{aws_cli}\n# In Terraform\n{terraform}\n# Then\n{} {confirmed_by}\n",
            self.advance
        );
    }

    /// Where it stands at the end, and how to go on.
    pub(super) fn stands(&self, standing: &Standing, document: Option<&Document>) {
        let keys = document.map(standing_keys).unwrap_or_default();
        let advance = &self.advance;
        let text = match standing {
            Standing::Finished => format!("nothing remains to be done; {keys}"),
            Standing::Waiting { until, reason } => {
                format!("next at {}: {reason}\n{keys}; then, or any time, run: {advance}", due(*until))
            }
            Standing::ByHand => format!("{keys}; once the step is done, run the command above"),
            Standing::Stopped => format!("stopped as asked; {keys}; to go on, run: {advance}"),
            Standing::Blocked(_) => format!("it cannot go on by itself; {keys}; after that, run: {advance}"),
        };
        match self.format {
            ProgressFormat::Text => self.line(&text),
            ProgressFormat::Json => self.object(standing_json(standing, document, advance)),
        }
    }

    /// Where it stands after a failure, and how to go on.
    pub(super) fn failed(&self, error: &RotationError, document: Option<&Document>) {
        // Without a keyring there is nothing to say beyond the error.
        let Some(document) = document.filter(|_| self.has_begun.get()) else { return };
        let (keys, advance) = (standing_keys(document), &self.advance);
        match self.format {
            ProgressFormat::Text => self.line(&format!("stopped; {keys}; to go on, run: {advance}")),
            ProgressFormat::Json => self.object(json!({
                "event": "failed", "error": error.to_string(), "keys": keys_json(document), "to_go_on": advance,
            })),
        }
    }

    fn line(&self, text: &str) {
        let time = moment(OffsetDateTime::now_utc());
        let clock = time.get(11..).unwrap_or(&time);
        let text = text.replace('\n', "\n           ");
        let _ = writeln!(io::stdout(), "{clock}  {text}");
    }

    fn object(&self, mut object: Value) {
        if let Value::Object(members) = &mut object {
            members.insert("time".to_owned(), moment(OffsetDateTime::now_utc()).into());
        }
        let _ = writeln!(io::stdout(), "{object}");
    }
}

/// `2026-11-21T15:04:05Z (in 12m 3s)`.
fn due(until: OffsetDateTime) -> String {
    format!("{} (in {})", moment(until), span(between(OffsetDateTime::now_utc(), until)))
}

/// Which key signs, and where every other stands that is not gone.
fn standing_keys(document: &Document) -> String {
    let active = document.active().map_or_else(
        || "no key signs yet".to_owned(),
        |entry| {
            let id = entry.key_pair_id().map(|id| format!(" ({id})")).unwrap_or_default();
            format!("key {}{id} signs", entry.id())
        },
    );
    let others =
        document.entries().iter().filter(|entry| !matches!(entry.state(), State::Active | State::Gone));
    let others = others.map(|entry| format!(", key {} is `{}`", entry.id(), entry.state()));
    [active].into_iter().chain(others).collect()
}

fn keys_json(document: &Document) -> Value {
    let keys = document.entries().iter().filter(|entry| entry.state() != State::Gone);
    keys.map(|entry| json!({"key": entry.id(), "key_pair_id": entry.key_pair_id(), "state": entry.state()}))
        .collect()
}

fn text_of(event: &Event) -> String {
    match event {
        Event::Made { id, algorithm, hash } => {
            let hash = hash.as_str().to_ascii_lowercase();
            format!("key {id} is made ({algorithm}, {hash}): it is to sign next")
        }
        Event::GoesOn { id, state } => {
            format!("a rotation is under way: key {id} is `{state}`, and no other is made")
        }
        Event::Decided { what } => what.clone(),
        Event::Begun { action, reason } => format!("{action}\n  because {reason}"),
        Event::Done { action: Action::Publish { .. } | Action::Adopt { .. }, key_pair_id: Some(id) } => {
            format!("  done: it is {id}")
        }
        Event::Done { .. } => "  done".to_owned(),
        Event::Probed(seen) => {
            format!("  the edge answers {} ({} of {} in a row)", seen.answer, seen.in_a_row, seen.wanted)
        }
        Event::Unsure { error, .. } => format!("  not clear, looking what came of it: {error}"),
        Event::NotSeenRefused { id, reason } => {
            format!("  whether the edge refuses {id} cannot be seen: {reason}")
        }
        Event::Destroyed { id } => format!("the private key of {id} is deleted from the keyring"),
        Event::ByHand(steps) => steps.action.to_string(),
        Event::Waiting { until, reason } => format!("waiting until {}: {reason}", due(*until)),
        Event::TriesAgain { error } => format!("in a moment again: {error}"),
    }
}

fn json_of(event: &Event) -> Value {
    let about =
        |name: &str, action: &Action| json!({"event": name, "step": step_name(action), "key": action.key()});
    let with = |mut object: Value, more: Value| {
        if let (Value::Object(members), Value::Object(more)) = (&mut object, more) {
            members.extend(more);
        }
        object
    };
    match event {
        Event::Made { id, algorithm, hash } => {
            json!({"event": "made", "key": id, "algorithm": algorithm, "hash": hash})
        }
        Event::GoesOn { id, state } => json!({"event": "goes-on", "key": id, "state": state}),
        Event::Decided { what } => json!({"event": "decided", "what": what}),
        Event::Begun { action, reason } => {
            with(about("begun", action), json!({"action": action.to_string(), "reason": reason}))
        }
        Event::Done { action, key_pair_id } => {
            with(about("done", action), json!({"key_pair_id": key_pair_id}))
        }
        Event::Probed(seen) => json!({
            "event": "probed", "answer": seen.answer.to_string(), "in_a_row": seen.in_a_row, "wanted": seen.wanted,
        }),
        Event::Unsure { action, error } => with(about("unsure", action), json!({"error": error.to_string()})),
        Event::NotSeenRefused { id, reason } => {
            json!({"event": "not-seen-refused", "key": id, "reason": reason})
        }
        Event::Destroyed { id } => json!({"event": "destroyed", "key": id}),
        Event::ByHand(steps) => with(
            about("by-hand", &steps.action),
            json!({
                "action": steps.action.to_string(), "aws_cli": steps.aws_cli, "terraform": steps.terraform,
                "confirmed_by": steps.confirmed_by,
            }),
        ),
        Event::Waiting { until, reason } => {
            json!({"event": "waiting", "until": moment(*until), "reason": reason})
        }
        Event::TriesAgain { error } => json!({"event": "tries-again", "error": error}),
    }
}

fn standing_json(standing: &Standing, document: Option<&Document>, advance: &str) -> Value {
    let mut object = match standing {
        Standing::Finished => json!({"event": "finished"}),
        Standing::Waiting { until, reason } => {
            json!({"event": "remains", "until": moment(*until), "reason": reason, "to_go_on": advance})
        }
        Standing::ByHand => json!({"event": "remains-by-hand"}),
        Standing::Stopped => json!({"event": "stopped", "to_go_on": advance}),
        Standing::Blocked(obstacles) => {
            let obstacles: Vec<_> = obstacles.iter().map(ToString::to_string).collect();
            json!({"event": "blocked", "obstacles": obstacles, "to_go_on": advance})
        }
    };
    if let (Value::Object(members), Some(document)) = (&mut object, document) {
        members.insert("keys".to_owned(), keys_json(document));
    }
    object
}
