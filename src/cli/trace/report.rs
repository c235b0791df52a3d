//! What a search comes to, for people and for programs.

use std::fmt::{self, Display};

use serde_json::{Value, json};

use super::search::{Findings, Mint, Search};

/// What is known of one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// One session or listener.
    Named,
    /// One, by the tag: the mint of this very set is not in the logs.
    NamedByTag,
    /// More than one.
    Several,
    /// The set has a tag, and the logs do not.
    Nothing,
    /// The set has no tag.
    Untagged,
}

impl Outcome {
    pub(super) fn of(findings: &Findings) -> Self {
        let several = |mints: &[Mint]| mints.iter().any(|mint| mint.whose() != mints[0].whose());
        match (&findings.mints[..], &findings.others[..]) {
            _ if findings.set.trace_tag.is_none() => Self::Untagged,
            ([], []) => Self::Nothing,
            (mints @ [_, ..], _) if several(mints) => Self::Several,
            ([_, ..], _) => Self::Named,
            ([], others) if several(others) => Self::Several,
            ([], _) => Self::NamedByTag,
        }
    }

    /// Whether it is known who it was.
    pub(super) fn is_named(self) -> bool {
        matches!(self, Self::Named | Self::NamedByTag)
    }

    fn code(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::NamedByTag => "named_by_tag",
            Self::Several => "several",
            Self::Nothing => "nothing",
            Self::Untagged => "untagged",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Named => "They were minted for one session.",
            Self::NamedByTag => {
                "The mint of this very set is not in these logs, but its tag is that of one session: by chance, two share one once in 2^30."
            }
            Self::Several => "The tag is that of several sessions, so it is one of these.",
            Self::Nothing => {
                "No mint in these logs has this tag. Look in the logs of the time before they end, of every instance; \
                 lines may have been lost, and another audit.key makes other tags."
            }
            Self::Untagged => {
                "They have no trace tag: every listener of the grant has the same ones, so they name nobody. \
                 Set trace = true on the grant to tell the next ones apart."
            }
        }
    }
}

/// For people.
impl Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for findings in &self.findings {
            writeln!(f, "{}", findings.set)?;
            let outcome = Outcome::of(findings);
            for mint in shown(findings) {
                writeln!(f, "  {mint}")?;
            }
            if findings.more > 0 {
                writeln!(f, "  and {} more", findings.more)?;
            }
            writeln!(f, "  {}", outcome.sentence())?;
        }
        write!(f, "{} lines of the audit were read", self.audit_lines)?;
        match self.damaged_lines {
            0 => Ok(()),
            damaged => write!(f, ", and {damaged} more were damaged"),
        }
    }
}

impl Search {
    /// For programs.
    pub(super) fn to_json(&self) -> Value {
        let sets: Vec<Value> = self
            .findings
            .iter()
            .map(|findings| {
                let mut set = json!(findings.set);
                set["outcome"] = json!(Outcome::of(findings).code());
                set["mints"] = json!(shown(findings));
                set["more"] = json!(findings.more);
                set
            })
            .collect();
        json!({"sets": sets, "audit_lines": self.audit_lines, "damaged_lines": self.damaged_lines})
    }
}

/// Those of the very set, or, where there are none, of its tag.
fn shown(findings: &Findings) -> &[Mint] {
    if findings.mints.is_empty() { &findings.others } else { &findings.mints }
}

impl Display for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |text: &Option<String>| text.as_deref().unwrap_or("not logged").escape_debug().to_string();
        let address = self.listener.as_ref().or(self.client.as_ref()).cloned();
        write!(f, "{}  session {}", self.timestamp.escape_debug(), told(&self.session))?;
        write!(f, "  subject {}  address {}", told(&self.subject), told(&address))?;
        write!(f, "  grant {}  request {}", self.grant.escape_debug(), self.request_id.escape_debug())
    }
}
