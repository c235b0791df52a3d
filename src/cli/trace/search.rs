//! Looks for the mints of leaked sets in audit logs.

use std::borrow::Cow;
use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};

use super::leaked::LeakedSet;

/// No line of ours is longer; one that is gets skipped.
const MAX_LINE: usize = 64 * 1024;

/// So many mints are kept for each set; the others are counted.
const KEPT: usize = 1000;

/// A line of the audit about a grant that was minted, as far as it names somebody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Mint {
    pub(super) timestamp: String,
    pub(super) request_id: String,
    pub(super) session: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) grant: String,
    pub(super) expires_at: i64,
    pub(super) trace_tag: Option<i64>,
    pub(super) client: Option<String>,
    pub(super) listener: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) api_key: Option<String>,
}

/// What every line of the audit has.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    target: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
}

/// What was found of one set.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) set: LeakedSet,
    /// Mints of the set's tag and expiry.
    pub(super) mints: Vec<Mint>,
    /// Mints of the set's tag and another expiry: one for each session.
    pub(super) others: Vec<Mint>,
    /// How many more mints there were than are kept.
    pub(super) more: u64,
}

/// A pass over audit logs.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) findings: Vec<Findings>,
    /// Lines of the audit that were read.
    pub(super) audit_lines: u64,
    /// Lines that should be such and cannot be read.
    pub(super) damaged_lines: u64,
}

impl Mint {
    /// Whom the tag stands for, which is whom a mint is for: a session, or a listener where there is none.
    pub(super) fn whose(&self) -> Option<&str> {
        self.session.as_deref().or(self.subject.as_deref())
    }
}

impl Search {
    pub(super) fn new(sets: Vec<LeakedSet>) -> Self {
        let findings = |set| Findings { set, mints: Vec::new(), others: Vec::new(), more: 0 };
        Self { findings: sets.into_iter().map(findings).collect(), audit_lines: 0, damaged_lines: 0 }
    }

    /// Reads a log to its end, one line at a time.
    ///
    /// # Errors
    /// From the reader.
    pub(super) fn read(&mut self, mut log: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        while next_line(&mut log, &mut line)? {
            self.take(&line);
        }
        Ok(())
    }

    fn take(&mut self, line: &[u8]) {
        const TARGET: &[u8] = b"edgemint::audit";
        if !line.windows(TARGET.len()).any(|window| window == TARGET) {
            return;
        }
        // Some collectors write the time or the host in front.
        let start = line.iter().position(|byte| *byte == b'{').unwrap_or(line.len());
        let Ok(kind) = serde_json::from_slice::<Kind<'_>>(&line[start..]) else {
            self.damaged_lines += 1;
            return;
        };
        if kind.target.as_ref().map(|target| target.as_bytes()) != Some(TARGET) {
            return;
        }
        self.audit_lines += 1;
        if kind.message.as_deref() != Some("minted") {
            return;
        }
        match serde_json::from_slice::<Mint>(&line[start..]) {
            Ok(mint) => self.findings.iter_mut().for_each(|findings| findings.compare(&mint)),
            Err(_) => self.damaged_lines += 1,
        }
    }
}

impl Findings {
    fn compare(&mut self, mint: &Mint) {
        if self.set.trace_tag.is_none() || mint.trace_tag != self.set.trace_tag {
            return;
        }
        let is_exact = mint.expires_at == self.set.expires_at;
        if !is_exact && self.others.iter().any(|other| other.whose() == mint.whose()) {
            return;
        }
        let kept = if is_exact { &mut self.mints } else { &mut self.others };
        match kept.len() {
            KEPT.. => self.more += 1,
            _ => kept.push(mint.clone()),
        }
    }
}

/// The next line that is not too long, without its end. `false` at the end of the log.
fn next_line(log: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        line.clear();
        let mut is_long = false;
        loop {
            let bytes = log.fill_buf()?;
            if bytes.is_empty() {
                return Ok(!line.is_empty() && !is_long);
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            is_long |= line.len() + part.len() > MAX_LINE;
            if !is_long {
                line.extend_from_slice(part);
            }
            let used = end.map_or(bytes.len(), |end| end + 1);
            log.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !is_long {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(tag: i64, expires_at: i64, session: &str) -> String {
        json!({
            "timestamp": "2027-01-15T08:00:00.000001Z", "level": "INFO", "message": "minted", "target": "edgemint::audit",
            "request_id": "0", "grant": "a", "key": "K", "expires_at": expires_at, "trace_tag": tag, "session": session,
        })
        .to_string()
    }

    fn search(log: &str) -> Search {
        let set = LeakedSet { resource: None, expires_at: 100, trace_tag: Some(7) };
        let mut search = Search::new(vec![set]);
        // So that lines go over the edges of the buffer.
        search.read(io::BufReader::with_capacity(7, log.as_bytes())).unwrap();
        search
    }

    #[test]
    fn finds_the_mint_among_other_lines() {
        let [mine, later, anothers] = [line(7, 100, "s"), line(7, 160, "s"), line(8, 100, "t")];
        let refused = mine.replace("minted", "refused");
        let foreign = mine.replace("edgemint::audit", "edgemint::http");
        let quoted = json!({"target": "app", "message": mine}).to_string();
        let long = format!("{{\"target\":\"edgemint::audit\",\"x\":\"{}\"}}", "x".repeat(MAX_LINE));
        let cut = &mine[..mine.len() - 9];
        let log = format!(
            "\n{anothers}\nplain\n{refused}\n{foreign}\n{quoted}\n{long}\n{later}\r\n{cut}\nNov 21 h: {mine}"
        );
        let found = search(&log);
        let [findings] = &found.findings[..] else { panic!("one set") };
        assert_eq!(findings.mints.len(), 1);
        assert_eq!((findings.mints[0].whose(), findings.others.len()), (Some("s"), 1));
        assert_eq!((found.audit_lines, found.damaged_lines), (4, 1));
    }

    #[test]
    fn keeps_no_more_than_it_can_show() {
        let log: String = (0..KEPT + 5).map(|_| line(7, 100, "s") + "\n").collect();
        let found = search(&log);
        assert_eq!((found.findings[0].mints.len(), found.findings[0].more), (KEPT, 5));
        let renewals: String = (0..50).map(|step| line(7, 1000 + step, "s") + "\n").collect();
        assert_eq!(search(&renewals).findings[0].others.len(), 1, "a session is named once");
    }

    #[test]
    fn an_untagged_set_matches_nothing() {
        let mut search = Search::new(vec![LeakedSet { resource: None, expires_at: 100, trace_tag: None }]);
        let shared = line(7, 100, "s").replace("\"trace_tag\":7,", "");
        search.read(format!("{shared}\n{}", line(7, 100, "s")).as_bytes()).unwrap();
        assert!(search.findings[0].mints.is_empty() && search.findings[0].others.is_empty());
        assert_eq!((search.audit_lines, search.damaged_lines), (2, 0));
    }
}
