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
        let setting = setting.map(|(_, name)| name.clone()).unwrap_or_default();
        Problem { place: self.place(span), setting, message: message.into() }
    }
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
