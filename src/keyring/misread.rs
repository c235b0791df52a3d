use std::fmt;

use serde_json::error::Category;

/// What serde says of a value before it quotes it; what it wants instead follows.
const QUOTING: [&str; 5] =
    ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];
const WANTED: &str = ", expected ";

/// Where a text stopped being a keyring, and what belongs there. It quotes nothing of the text, into
/// which somebody may have pasted a private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    line: usize,
    column: usize,
    reason: String,
}

impl Misread {
    /// The same, of a text that is line `line` of a longer one.
    pub(super) fn on_line(self, line: usize) -> Self {
        Self { line, ..self }
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.reason, self.line, self.column)
    }
}

impl std::error::Error for Misread {}

impl From<serde_json::Error> for Misread {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let message = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
        let reason = if error.classify() == Category::Data { unquoted(message) } else { message.to_owned() };
        Self { line, column, reason }
    }
}

/// The message of a wrong value without the value. What is wanted comes last and is the program's own
/// text, so it starts at the last mention, whatever the value itself holds.
fn unquoted(message: &str) -> String {
    match (QUOTING.iter().find(|kind| message.starts_with(**kind)), message.rsplit_once(WANTED)) {
        (None, _) => message.to_owned(),
        (Some(kind), Some((_, wanted))) => format!("{kind}{WANTED}{wanted}"),
        (Some(kind), None) => (*kind).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        #[serde(rename = "number")]
        _number: u8,
        #[serde(rename = "pair")]
        _pair: Option<[u8; 2]>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    fn misread<T: Deserialize<'static>>(json: &'static str) -> String {
        Misread::from(serde_json::from_str::<T>(json).err().unwrap()).to_string()
    }

    #[test]
    fn the_place_and_what_belongs_there_are_named_and_the_value_is_not() {
        for (json, expected) in [
            (r#"{"number": "hunter2"}"#, "invalid type, expected u8 at line 1 column 20"),
            (r#"{"number": "a, expected b"}"#, "invalid type, expected u8 at line 1 column 26"),
            (r#"{"number": 300}"#, "invalid value, expected u8 at line 1 column 14"),
            ("{\n\"hunter2\": 1}", "unknown field, expected `number` or `pair` at line 2 column 9"),
            (
                r#"{"number": 1, "pair": [1]}"#,
                "invalid length, expected an array of length 2 at line 1 column 25",
            ),
            ("{}", "missing field `number` at line 1 column 2"),
            (r#"{"number": 1, "number": 2}"#, "duplicate field `number` at line 1 column 22"),
            (r#"{"number": hunter2}"#, "expected value at line 1 column 12"),
            (r#"{"number"#, "EOF while parsing a string at line 1 column 8"),
        ] {
            assert_eq!(misread::<Thing>(json), expected, "{json}");
        }
        assert_eq!(misread::<Nothing>(r#"{"hunter2": 1}"#), "unknown field at line 1 column 10");
    }
}
