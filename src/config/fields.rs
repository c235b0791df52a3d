//! Reading single settings: what is wrong is noted with its place, and reading goes on.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_spanned::Spanned;

use super::problem::{Place, Problem};
use super::raw::Field;
use super::sources::Sources;

/// Reads settings and collects what is wrong with them.
pub(super) struct Reader<'a> {
    sources: Sources<'a>,
    problems: Vec<Problem>,
    doubts: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: Sources<'a>) -> Self {
        Self { sources, problems: Vec::new(), doubts: Vec::new() }
    }

    /// Everything noted so far: what is wrong, and what is doubtful.
    pub(super) fn into_problems(self) -> (Vec<Problem>, Vec<Problem>) {
        (self.problems, self.doubts)
    }

    /// Notes a problem with the value at a position.
    pub(super) fn wrong(&mut self, span: &Range<usize>, message: impl ToString) {
        self.problems.push(self.sources.problem(span, message.to_string()));
    }

    /// Notes that the value at a position can be meant so, and most likely is not: said, and taken as it is.
    pub(super) fn doubtful(&mut self, span: &Range<usize>, message: impl ToString) {
        self.doubts.push(self.sources.problem(span, message.to_string()));
    }

    /// Notes a setting that is missing from a section, or from a file that lacks the whole section.
    pub(super) fn missing(&mut self, section: Option<&Range<usize>>, setting: &str, remedy: &str) {
        let place = section.map_or_else(|| self.sources.whole_file(), |span| self.sources.place(span));
        let message = format!("it is missing; {remedy}");
        self.problems.push(Problem { place, setting: setting.to_owned(), message });
    }

    /// The place of a position, for a problem at another one to point to.
    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        self.sources.place(span)
    }

    /// Whether the value at a position comes from outside the file.
    pub(super) fn is_overridden(&self, span: &Range<usize>) -> bool {
        self.sources.override_at(span).is_some()
    }

    /// The value if it is there and `parse` takes it.
    pub(super) fn optional<T, U, E: ToString>(
        &mut self,
        field: Field<T>,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        let field = field?;
        let span = field.span();
        parse(field.into_inner()).map_err(|error| self.wrong(&span, error)).ok()
    }

    /// The value of a setting that has to be there.
    pub(super) fn required<T, U, E: ToString>(
        &mut self,
        (section, setting, remedy): (Option<&Range<usize>>, &str, &str),
        field: Field<T>,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        if field.is_none() {
            self.missing(section, setting, remedy);
        }
        self.optional(field, parse)
    }

    /// Each item of a list that `parse` takes.
    pub(super) fn items<T, U, E: ToString>(
        &mut self,
        field: Field<Vec<Spanned<T>>>,
        parse: impl Fn(T) -> Result<U, E>,
    ) -> Vec<U> {
        let items = field.map(Spanned::into_inner).unwrap_or_default();
        items.into_iter().filter_map(|item| self.optional(Some(item), &parse)).collect()
    }
}

/// A whole number between two bounds.
pub(super) fn number_in(range: std::ops::RangeInclusive<usize>) -> impl Fn(i64) -> Result<usize, String> {
    move |number| {
        usize::try_from(number)
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("{number} is out of range; write {} to {}", range.start(), range.end()))
    }
}

/// A time span such as `15m` between two bounds.
pub(super) fn duration_in(least: Duration, most: Duration) -> impl Fn(String) -> Result<Duration, String> {
    move |text| {
        let duration = duration(&text)?;
        if (least..=most).contains(&duration) {
            return Ok(duration);
        }
        let [least, most] = [least, most].map(humantime::format_duration);
        Err(format!("{text:?} is out of range; write {least} to {most}"))
    }
}

/// The same in whole seconds, because `counter` counts nothing smaller.
pub(super) fn whole_seconds_in(
    least: Duration,
    most: Duration,
    counter: &'static str,
) -> impl Fn(String) -> Result<Duration, String> {
    move |text| match duration_in(least, most)(text.clone())? {
        span if span.subsec_nanos() == 0 => Ok(span),
        _ => Err(format!(
            "{text:?} is not in whole seconds, which is what {counter} counts; drop the fraction"
        )),
    }
}

/// A time span such as `15m` or `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| {
        format!("{text:?} is not a time span; write a number and a unit, such as \"90s\", \"15m\" or \"1h\"")
    })
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(String) -> Result<T, String> {
    move |text| {
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            format!("{text:?} is not known; write {}", known.join(" or "))
        })
    }
}

/// A name in the file starts in the folder of the file; a name on the command line, as every name
/// there, in the working directory.
pub(super) fn path_of(name: Spanned<String>, folder: &Path, reader: &mut Reader<'_>) -> Option<PathBuf> {
    let from_outside = reader.is_overridden(&name.span());
    let name = reader.optional(Some(name), not_empty)?;
    Some(if from_outside { PathBuf::from(name) } else { folder.join(name) })
}

/// Any text but none.
pub(super) fn not_empty(text: String) -> Result<String, &'static str> {
    match text.trim().is_empty() {
        true => Err("it is empty; write a value or remove the line"),
        false => Ok(text),
    }
}
