//! From text to [`RawConfig`]: TOML syntax, unknown names, wrong types.

use std::ops::Range;

use serde::Deserialize as _;
use serde_spanned::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::problem::Problem;
use super::raw::{RawConfig, RawReference};
use super::sources::Sources;

/// How alike two names must be, from 0 to 1, for one to be taken for a slip of the other: two of three
/// letters in their places, as in `evn` for `env`.
const LIKENESS: f64 = 0.65;

/// Lays the overrides over the text and reads the whole as [`RawConfig`].
///
/// # Errors
/// Everything that is wrong with the syntax; if nothing is, every unknown name and wrong type.
pub(super) fn read(text: &str, sources: &mut Sources<'_>) -> Result<RawConfig, Vec<Problem>> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| syntax_problem(error, sources)).collect());
    }
    let mut tree = tree.into_inner();
    let mut problems = Vec::new();
    for over in sources.overrides() {
        if let Err(setting) = over.lay_over(&mut tree) {
            let message =
                format!("{setting} is not a table, so nothing can be set below it; set it in the file");
            problems.push(Problem { place: over.place().clone(), setting: over.path().join("."), message });
        }
    }
    sources.name_settings(&tree);
    match deserialise(&mut tree, sources, &mut problems) {
        Some(raw) if problems.is_empty() => {
            sources.name_settings(&tree);
            Ok(raw)
        }
        _ => Err(problems),
    }
}

/// Whether a section has a setting of this name.
pub(super) fn is_setting(section: &str, setting: &str) -> bool {
    let unread = || Spanned::new(0..0, DeValue::String("".into()));
    let value = DeTable::from_iter([(Spanned::new(0..0, setting.into()), unread())]);
    let tree = [(Spanned::new(0..0, section.into()), Spanned::new(0..0, DeValue::Table(value)))];
    let root = Spanned::new(0..0, DeValue::Table(DeTable::from_iter(tree)));
    let error = RawConfig::deserialize(ValueDeserializer::from(root)).err();
    // Another complaint is of the text, which stands for a number or a list. `[[grants]]` are not set one by one.
    let unknown = ["unknown field", "invalid type: map"];
    error.is_none_or(|error| !unknown.iter().any(|words| error.message().starts_with(words)))
}

/// Only the parser's own words: its `Display` would quote the line, which may hold a secret.
fn syntax_problem(error: &toml::de::Error, sources: &Sources<'_>) -> Problem {
    let message = format!("this is not TOML: {}; correct it here or just before", error.message());
    match error.span() {
        Some(span) => sources.problem(&span, message),
        None => Problem { place: sources.whole_file(), setting: String::new(), message },
    }
}

/// `serde` stops at the first thing that it does not know. So that an operator sees all of them at
/// once, each is noted, taken out of the tree, and the rest is read again.
fn deserialise<'t>(
    tree: &mut DeTable<'t>,
    sources: &Sources<'t>,
    problems: &mut Vec<Problem>,
) -> Option<RawConfig> {
    loop {
        let root = Spanned::new(0..0, DeValue::Table(tree.clone()));
        let error = match RawConfig::deserialize(ValueDeserializer::from(root)) {
            Ok(raw) => return Some(raw),
            Err(error) => error,
        };
        let Some(taken) = error.span().and_then(|span| take(tree, &span)) else {
            let message = "it cannot be read; compare it with the example configuration".to_owned();
            problems.push(Problem { place: sources.whole_file(), setting: String::new(), message });
            return None;
        };
        // What comes from outside the file is text at first, and a number or a list if that is
        // what the setting wants: `EDGEMINT_SERVER__WORKERS=2`.
        if let Some((over, _)) = sources.override_at(&taken.span)
            && taken.value.is_str()
            && !taken.by_name
            && over.lay_over_as_toml(tree)
        {
            continue;
        }
        problems.push(shape_problem(error.message(), &taken, sources));
    }
}

/// What was taken out of the tree.
struct Taken<'t> {
    /// The last part of its name.
    key: String,
    value: DeValue<'t>,
    span: Range<usize>,
    /// Its name was wrong, not its value.
    by_name: bool,
}

/// Takes out the entry or the list item at a position.
fn take<'t>(table: &mut DeTable<'t>, span: &Range<usize>) -> Option<Taken<'t>> {
    let wanted = |(key, value): &(&Spanned<_>, &Spanned<_>)| key.span() == *span || value.span() == *span;
    let found = table.iter().find(wanted).map(|(key, _)| key.get_ref().clone());
    if let Some(name) = found {
        let (key, value) = table.remove_entry(name.as_ref())?;
        let by_name = key.span() == *span;
        return Some(Taken {
            key: name.into_owned(),
            value: value.into_inner(),
            span: span.clone(),
            by_name,
        });
    }
    table.iter_mut().find_map(|(_, value)| match value.get_mut() {
        DeValue::Table(inner) => take(inner, span),
        DeValue::Array(items) => take_item(items, span),
        _ => None,
    })
}

fn take_item<'t>(items: &mut DeArray<'t>, span: &Range<usize>) -> Option<Taken<'t>> {
    if let Some(index) = items.iter().position(|item| item.span() == *span) {
        let mut all: Vec<_> = std::mem::replace(items, DeArray::new()).into_iter().collect();
        let value = all.remove(index).into_inner();
        *items = all.into_iter().collect();
        return Some(Taken { key: String::new(), value, span: span.clone(), by_name: false });
    }
    items.iter_mut().find_map(|item| match item.get_mut() {
        DeValue::Table(inner) => take(inner, span),
        _ => None,
    })
}

/// Says what `serde` said without the value that it quotes.
fn shape_problem(said: &str, taken: &Taken<'_>, sources: &Sources<'_>) -> Problem {
    let mut is_strange_reference = false;
    let message = match said.strip_prefix("unknown field ") {
        Some(rest) => {
            let known = known_names(rest);
            let nearest = nearest(&taken.key, &known);
            is_strange_reference = nearest.is_none() && known == RawReference::NAMES;
            unknown(nearest, &known, taken, sources)
        }
        None => wrong_type(said, &taken.value),
    };
    let mut problem = sources.problem(&taken.span, message);
    // People put the secret itself where the kind of its place belongs: only a slip of the pen is repeated.
    if is_strange_reference && let Some(within) = problem.setting.strip_suffix(&format!(".{}", taken.key)) {
        problem.setting = within.to_owned();
    }
    problem
}

/// The names that `serde` lists: "unknown field `x`, expected one of `a`, `b`".
fn known_names(said: &str) -> Vec<&str> {
    let list = said.rsplit_once(", expected ").map_or("", |(_, list)| list);
    list.split('`').skip(1).step_by(2).collect()
}

/// The name that one was meant to be.
fn nearest<'n>(key: &str, known: &[&'n str]) -> Option<&'n str> {
    known
        .iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(key, name), *name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| name)
}

fn unknown(nearest: Option<&str>, known: &[&str], taken: &Taken<'_>, sources: &Sources<'_>) -> String {
    match (nearest, sources.override_at(&taken.span)) {
        (None, _) => format!("unknown setting; known here are {}", known.join(", ")),
        (Some(name), Some((over, part))) => {
            format!("unknown setting; did you mean {}?", over.spelled_with(part, name))
        }
        (Some(name), None) => format!("unknown setting; did you mean {name}?"),
    }
}

fn wrong_type(said: &str, value: &DeValue<'_>) -> String {
    let wanted = said.rsplit_once(", expected ").map_or("", |(_, wanted)| wanted);
    let (wanted, remedy) = match wanted {
        "a string" => ("a string", "write it in quotes"),
        "i64" if value.is_integer() => {
            return "the number is far out of range; write a smaller one".to_owned();
        }
        "i64" => ("a whole number", "write digits without quotes, such as 2"),
        "f64" => ("a number", "write digits without quotes, such as 0.05"),
        "a boolean" => ("a boolean", "write true or false, without quotes"),
        "a sequence" => ("a list", "write it in brackets, such as [\"…\"], or as [[tables]]"),
        "a claim value" => (
            "a value that a claim can be compared with",
            "write a text in quotes, a whole number, true or false",
        ),
        "a reference" => (
            "the place where it is kept",
            "secrets and keys are never written into the configuration: \
             write { file = \"PATH\" } or { env = \"NAME\" }",
        ),
        _ => ("a table", "write it as a [section]"),
    };
    format!("found {}, wanted {wanted}; {remedy}", found(said, value))
}

/// A list from outside the file is taken out whole, whichever of its items is wrong; then the item is
/// meant: "invalid type: integer `1`, expected …".
fn found(said: &str, value: &DeValue<'_>) -> &'static str {
    let words = [
        ("string", "a string"),
        ("integer", "a whole number"),
        ("floating", "a number with a fraction"),
        ("boolean", "a boolean"),
        ("map", "a table"),
    ];
    let said = said.strip_prefix("invalid type: ").unwrap_or(said);
    let item = words.iter().find(|(word, _)| said.starts_with(word));
    item.filter(|_| value.is_array()).map_or_else(|| kind(value), |(_, found)| *found)
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
