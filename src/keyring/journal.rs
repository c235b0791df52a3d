use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::entry::{read_time, write_time};
use super::id::KeyId;
use super::misread::Misread;

/// The newest records that are kept, beside older intents that have no result yet. A rotation writes about twenty.
const MOST_RECORDS: usize = 100;

/// Characters of a detail that are kept. Services answer at any length, and a journal that outgrows its place keeps
/// everything else from being written there, the way out of an emergency included.
const LONGEST_DETAIL: usize = 200;

/// What rotations wrote down of their remote steps, oldest first: one JSON object a line. Before a step its
/// intent is written, durably, and after it the result, so that whoever finds an intent without a result knows
/// what to look for in CloudFront.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    records: Vec<Record>,
}

/// One line of the journal. It holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// When it was written.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub at: OffsetDateTime,
    /// The key that the step is about.
    pub key: KeyId,
    /// The step, by a name that is the same in all its records.
    pub step: String,
    /// What became of it.
    pub phase: Phase,
    /// What CloudFront knows a creation by when it is asked for again (`cloudfront-rules.md` §4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_reference: Option<String>,
    /// For people: what was found or refused, or how that begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a record says of its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It is about to be taken, and may have been.
    Intent,
    /// It is known to have been taken.
    Done,
    /// It is known not to have been taken.
    Failed,
}

impl Journal {
    /// Reads a journal. A last line without its end was cut short by a crash, before anybody acted on it: it is
    /// left out.
    ///
    /// # Errors
    /// Any other line that is no record.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Misread> {
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(&text[..0], |end| &text[..end]);
        let mut records = Vec::new();
        for (index, line) in whole.split(|byte| *byte == b'\n').enumerate() {
            if !line.is_empty() {
                records.push(
                    serde_json::from_slice(line).map_err(|error| Misread::from(error).on_line(index + 1))?,
                );
            }
        }
        Ok(Self { records })
    }

    /// The records, oldest first.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The intent of a step that has no result after it: it may or may not have been taken.
    #[must_use]
    pub fn open_intent(&self, key: &KeyId, step: &str) -> Option<&Record> {
        let last = self.records.iter().rfind(|record| record.key == *key && record.step == step);
        last.filter(|record| record.phase == Phase::Intent)
    }

    /// The journal with one more record, and without those that nobody needs any more: the newest
    /// [`MOST_RECORDS`] stay, and of each step the last intent while it has no result. A long detail is cut.
    #[must_use]
    pub(super) fn with(mut self, mut record: Record) -> Self {
        if let Some(detail) = &mut record.detail
            && let Some((end, _)) = detail.char_indices().nth(LONGEST_DETAIL)
        {
            detail.replace_range(end.., "…");
        }
        self.records.push(record);
        let oldest_kept = self.records.len().saturating_sub(MOST_RECORDS);
        let mut later = HashSet::new();
        let mut keep: Vec<bool> = Vec::with_capacity(self.records.len());
        for (index, record) in self.records.iter().enumerate().rev() {
            let is_last = later.insert((&record.key, &record.step));
            keep.push(index >= oldest_kept || (is_last && record.phase == Phase::Intent));
        }
        self.records.retain(|_| keep.pop().unwrap_or(true));
        self
    }

    /// What to write as `journal.jsonl`.
    ///
    /// # Errors
    /// A time beyond the year 9999, which RFC 3339 cannot say.
    pub(super) fn to_text(&self) -> Result<String, serde_json::Error> {
        let mut text = String::new();
        for record in &self.records {
            text.push_str(&serde_json::to_string(record)?);
            text.push('\n');
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_service_answers_a_journal_fits_into_a_secret() {
        let record = |detail: &str| Record {
            at: OffsetDateTime::UNIX_EPOCH,
            key: KeyId::try_from("0123456789abcdef".to_owned()).unwrap(),
            step: "publish".to_owned(),
            phase: Phase::Failed,
            caller_reference: None,
            detail: Some(detail.to_owned()),
        };
        let journal =
            (0..200).fold(Journal::default(), |journal, _| journal.with(record(&"é ".repeat(20_000))));
        let text = journal.to_text().unwrap();
        assert_eq!(Journal::parse(text.as_bytes()).unwrap(), journal);
        // As a text in the JSON of a secret, which has room for 65536 bytes, keys included.
        let bytes = serde_json::to_string(&text).unwrap().len();
        assert!(bytes < 65_536, "{bytes}");
        let short = Journal::default().with(record("AccessDenied"));
        assert_eq!(short.records()[0].detail.as_deref(), Some("AccessDenied"));
    }
}
