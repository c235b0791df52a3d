use std::ops::Range;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::overlay::Override;
use super::problem::{Place, Problem};

/// The file and everything that was laid over it, under one numbering: positions up to the length
/// of the file mean a byte of it, positions behind it a part of an override. A value read from the
/// merged tree carries only its position, and from that its place and its name are found again.
pub(super) struct Sources<'a> {
    name: String,
    text: &'a str,
    overrides: &'a [Override],
    settings: Vec<(Range<usize>, String)>,
}

impl<'a> Sources<'a> {
    /// Numbers the overrides behind the text.
    pub(super) fn number(text: &str, overrides: &mut [Override]) {
        let mut base = text.len() + 1;
        for over in overrides {
            base = over.occupy(base);
        }
    }

    /// `overrides` have been numbered.
    pub(super) fn new(name: String, text: &'a str, overrides: &'a [Override]) -> Self {
        Self { name, text, overrides, settings: Vec::new() }
    }

    pub(super) fn overrides(&self) -> &'a [Override] {
        self.overrides
    }

    /// Remembers the dotted name of each value of the tree, for [`Sources::problem`].
    pub(super) fn name_settings(&mut self, tree: &DeTable<'_>) {
        self.settings.clear();
        name_table(tree, "", &mut self.settings);
    }

    /// The override that a position belongs to, and which part of its path.
    pub(super) fn override_at(&self, span: &Range<usize>) -> Option<(&'a Override, usize)> {
        self.overrides.iter().find_map(|over| Some((over, over.part_at(span.start)?)))
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        match self.override_at(span) {
            Some((over, _)) => over.place().clone(),
            None => Place::File { name: self.name.clone(), at: Some(line_and_column(self.text, span.start)) },
        }
    }

    pub(super) fn whole_file(&self) -> Place {
        Place::File { name: self.name.clone(), at: None }
    }

    /// A problem with the value at a position.
    pub(super) fn problem(&self, span: &Range<usize>, message: impl Into<String>) -> Problem {
        let mut named = self.settings.iter().filter(|(named, _)| named == span);
        // In the file a list of tables begins where its first table does, which is the one meant. All
        // of what comes from outside has one position, and is meant as a whole.
        let setting = match self.override_at(span) {
            Some(_) => named.next(),
            None => named.next_back(),
        };
        let parts = setting.map_or("", |(_, name)| name).split('.');
        let parts = parts.map(|part| if may_be_secret(part) { HIDDEN } else { part });
        let (setting, message) = (parts.collect::<Vec<_>>().join("."), message.into());
        // People mistake the setting that a secret belongs to; what is wrong with it is then said without it.
        let value = self.value_at(span);
        let message = if may_be_secret(value) { message.replace(value, HIDDEN) } else { message };
        Problem { place: self.place(span), setting, message }
    }

    /// The text at a position, without its quotes.
    fn value_at(&self, span: &Range<usize>) -> &str {
        match self.override_at(span) {
            Some((over, _)) => over.text(),
            None => self.text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\'']),
        }
    }
}

/// What is written in the place of a secret.
const HIDDEN: &str = "…";

/// Whether a text looks as secrets do, and as hardly any right value does: letters and digits in a long row, or a URL
/// with a user.
fn may_be_secret(text: &str) -> bool {
    let in_a_row = |c: char| c.is_ascii_alphanumeric() || "+=_".contains(c);
    let is_long = |row: &str| row.len() >= 16;
    let is_mixed = |row: &str| {
        row.contains(|c: char| c.is_ascii_digit()) && row.contains(|c: char| c.is_ascii_alphabetic())
    };
    let has_user = text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    has_user || text.split(|c| !in_a_row(c)).any(|row| is_long(row) && is_mixed(row))
}

fn name_table(table: &DeTable<'_>, prefix: &str, settings: &mut Vec<(Range<usize>, String)>) {
    for (key, value) in table {
        let dot = if prefix.is_empty() { "" } else { "." };
        let name = format!("{prefix}{dot}{}", key.get_ref());
        settings.push((key.span(), name.clone()));
        name_value(value, name, settings);
    }
}

/// The whole before its parts, which have the same position in what comes from outside the file.
fn name_value(value: &Spanned<DeValue<'_>>, name: String, settings: &mut Vec<(Range<usize>, String)>) {
    settings.push((value.span(), name.clone()));
    match value.get_ref() {
        DeValue::Table(table) => name_table(table, &name, settings),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                name_value(item, format!("{name}[{index}]"), settings);
            }
        }
        _ => {}
    }
}

/// From 1; the column in characters. A position behind the end means the end.
fn line_and_column(text: &str, position: usize) -> (usize, usize) {
    let before = text.get(..position).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_what_belongs_into_settings() {
        for secret in [
            // openssl rand -hex 32, -base64 48
            "5b1f6de2f21cd3a44fa3dd1b87e6b1e0a9f4f0a7e2a54d3f9d0d9dd0a4b9c1aa",
            "k1x8GTtq3kF5mcmIbpEcrZ3M0VJv8oV1Gk2T+hZPjB6cB0oSpGr0Hq3V0m0w8n3c",
            "redis://:hunter2@redis.example.com:6379/0",
            "https://me:hunter2@app.example.com",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        ] {
            assert!(may_be_secret(secret), "{secret}");
        }
        for value in [
            "",
            "verbose",
            "127.0.0.1:8080",
            "https://listen.example.com",
            "https://d111111abcdef8.cloudfront.net/*",
            "K2JCJMDEHXQW5F",
            "2a7b1c9d-5e0f-4a61-9b7e-0c3d5f8a1b24",
            "/var/lib/edgemint/revocations",
            "10.0.0.0/8",
            "max_concurrent_connections",
            "1h 30m",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a",
        ] {
            assert!(!may_be_secret(value), "{value}");
        }
    }
}
