use std::ffi::OsString;
use std::ops::Range;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem};

const PREFIX: &str = "EDGEMINT_";
const SEPARATOR: &str = "__";

/// One setting from outside the file, laid over it before anything is read.
#[derive(Clone)]
pub struct Override {
    place: Place,
    path: Vec<String>,
    text: String,
    /// Where its parts stand in the numbering of the sources: see [`Override::occupy`].
    base: usize,
}

impl Override {
    /// A flag, such as `--listen`, for a setting, such as `server.listen`.
    #[must_use]
    pub fn flag(flag: &'static str, setting: &str, text: impl Into<String>) -> Self {
        let path = setting.split('.').map(str::to_owned).collect();
        Self { place: Place::Flag(flag), path, text: text.into(), base: 0 }
    }

    /// The variables that are settings: `EDGEMINT_SERVER__LISTEN` is `server.listen`. A name with
    /// the prefix but without a double underscore is none: Kubernetes gives every pod variables
    /// such as `EDGEMINT_PORT` for a service called edgemint, `EDGEMINT_CONFIG` names the file, and
    /// secrets may be kept under names like `EDGEMINT_TICKET_SECRET`.
    pub(super) fn from_environment(environment: &[(OsString, OsString)]) -> (Vec<Self>, Vec<Problem>) {
        let mut overrides = Vec::new();
        let mut problems = Vec::new();
        for (name, value) in environment {
            let Some(name) = name.to_str() else { continue };
            let Some(setting) = name.strip_prefix(PREFIX).filter(|rest| rest.contains(SEPARATOR)) else {
                continue;
            };
            let place = Place::Variable(name.to_owned());
            let path: Vec<_> = setting.split(SEPARATOR).map(str::to_ascii_lowercase).collect();
            match value.to_str() {
                Some(text) => overrides.push(Self { place, path, text: text.to_owned(), base: 0 }),
                None => problems.push(Problem {
                    place,
                    setting: path.join("."),
                    message: "the value is not UTF-8; write it in UTF-8 or unset the variable".to_owned(),
                }),
            }
        }
        // The environment has no order of its own; problems should come out in the same order each time.
        overrides.sort_by(|left, right| left.path.cmp(&right.path));
        (overrides, problems)
    }

    /// The environment variable of a setting, given the parts of its name.
    pub(super) fn variable(path: &[impl AsRef<str>]) -> String {
        let path: Vec<_> = path.iter().map(AsRef::as_ref).collect();
        format!("{PREFIX}{}", path.join(SEPARATOR).to_ascii_uppercase())
    }

    /// Takes a stretch of the numbering that positions in the file use, one number for each part of
    /// the path and one for the value, so that a position tells which part of which override it is.
    /// Returns where the next stretch may begin.
    pub(super) fn occupy(&mut self, base: usize) -> usize {
        self.base = base;
        base + self.path.len() + 1
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn path(&self) -> &[String] {
        &self.path
    }

    /// The value, as it came.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Which part of the path a position means; `path().len()` is the value. `None`: not in here.
    pub(super) fn part_at(&self, position: usize) -> Option<usize> {
        position.checked_sub(self.base).filter(|part| *part <= self.path.len())
    }

    /// How it would be spelled with another name for one part.
    pub(super) fn spelled_with(&self, part: usize, name: &str) -> String {
        let mut path = self.path.clone();
        if let Some(replaced) = path.get_mut(part) {
            name.clone_into(replaced);
        }
        match self.place {
            Place::Variable(_) => Self::variable(&path),
            _ => path.join("."),
        }
    }

    /// Puts the value into the tree as a string, over what the file says.
    ///
    /// # Errors
    /// The dotted name of the setting on the way that is not a table.
    pub(super) fn lay_over<'t>(&'t self, tree: &mut DeTable<'t>) -> Result<(), String> {
        self.insert(tree, DeValue::String(self.text.as_str().into()))
    }

    /// The same for the value read as TOML: a number, a boolean, a list. `false` if it is none.
    pub(super) fn lay_over_as_toml<'t>(&'t self, tree: &mut DeTable<'t>) -> bool {
        match DeValue::parse(&self.text) {
            Ok(value) if !value.get_ref().is_str() => {
                self.insert(tree, self.moved_here(value.into_inner())).is_ok()
            }
            _ => false,
        }
    }

    fn insert<'t>(&'t self, tree: &mut DeTable<'t>, value: DeValue<'t>) -> Result<(), String> {
        let Some((last, sections)) = self.path.split_last() else { return Ok(()) };
        let mut table = tree;
        for (part, name) in sections.iter().enumerate() {
            let key = Spanned::new(self.span(part), name.as_str().into());
            let new = || Spanned::new(self.span(part), DeValue::Table(DeTable::new()));
            match table.entry(key).or_insert_with(new).get_mut() {
                DeValue::Table(inner) => table = inner,
                _ => return Err(self.path[..=part].join(".")),
            }
        }
        let key = Spanned::new(self.span(sections.len()), last.as_str().into());
        table.insert(key, Spanned::new(self.span(self.path.len()), value));
        Ok(())
    }

    fn span(&self, part: usize) -> Range<usize> {
        self.base + part..self.base + part
    }

    /// Gives everything inside a value the position of the value.
    fn moved_here<'t>(&self, value: DeValue<'t>) -> DeValue<'t> {
        let here = self.span(self.path.len());
        let moved =
            |item: Spanned<DeValue<'t>>| Spanned::new(here.clone(), self.moved_here(item.into_inner()));
        match value {
            DeValue::Array(items) => DeValue::Array(items.into_iter().map(moved).collect()),
            DeValue::Table(table) => {
                let entry = |(key, item): (Spanned<_>, _)| {
                    (Spanned::new(here.clone(), key.into_inner()), moved(item))
                };
                DeValue::Table(table.into_iter().map(entry).collect())
            }
            scalar => scalar,
        }
    }
}
