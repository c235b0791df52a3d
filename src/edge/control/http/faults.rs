//! Faults on demand.

use std::num::NonZeroU64;
use std::time::Duration;

use actix_web::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::answers::Problem;
use crate::edge::control::operation::Operation;

/// One fault and which calls it strikes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// `None`: every call.
    #[serde(default)]
    call: Option<Operation>,
    /// From which matching call on, the next one being 1.
    #[serde(default = "first")]
    from: NonZeroU64,
    /// How many of them; `None` for ever.
    #[serde(default = "once")]
    times: Option<NonZeroU64>,
    fault: Fault,
    /// Matching calls so far.
    #[serde(default, skip_deserializing)]
    seen: u64,
}

fn first() -> NonZeroU64 {
    NonZeroU64::MIN
}

fn once() -> Option<NonZeroU64> {
    Some(NonZeroU64::MIN)
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Fault {
    /// Answered as AWS answers those who ask too often; nothing is changed.
    Throttle,
    /// The connection ends; nothing is changed.
    DropBefore,
    /// The change is made, and the connection ends without an answer.
    DropAfter,
    /// Milliseconds before the change.
    DelayBeforeMs(u64),
    /// Milliseconds between the change and the answer.
    DelayAfterMs(u64),
    /// Answered with this error; nothing is changed.
    Answer { status: Status, code: String },
}

/// The status of an error: 400 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(StatusCode);

impl Fault {
    /// As it stands in the list of calls.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::DropBefore => "drop_before",
            Self::DropAfter => "drop_after",
            Self::DelayBeforeMs(_) => "delay_before_ms",
            Self::DelayAfterMs(_) => "delay_after_ms",
            Self::Answer { .. } => "answer",
        }
    }

    /// What is answered instead of carrying the call out.
    pub(super) fn answer(&self) -> Option<Problem> {
        match self {
            Self::Throttle => Some(Problem::throttled()),
            Self::Answer { status: Status(status), code } => Some(Problem::Fault {
                status: *status,
                code: code.clone(),
                message: "A fault that was asked for.".to_owned(),
            }),
            Self::DropBefore | Self::DropAfter | Self::DelayBeforeMs(_) | Self::DelayAfterMs(_) => None,
        }
    }

    pub(super) fn delay_before(&self) -> Duration {
        if let Self::DelayBeforeMs(milliseconds) = self {
            Duration::from_millis(*milliseconds)
        } else {
            Duration::ZERO
        }
    }

    pub(super) fn delay_after(&self) -> Duration {
        if let Self::DelayAfterMs(milliseconds) = self {
            Duration::from_millis(*milliseconds)
        } else {
            Duration::ZERO
        }
    }
}

/// The fault that strikes this call. Every rule that it matches counts it, and the first that is due strikes.
pub(super) fn strike(rules: &mut [Rule], operation: Operation) -> Option<Fault> {
    let mut struck = None;
    for rule in rules.iter_mut().filter(|rule| rule.call.is_none_or(|call| call == operation)) {
        rule.seen += 1;
        let end = rule.times.map(|times| rule.from.get().saturating_add(times.get()));
        if struck.is_none() && rule.seen >= rule.from.get() && end.is_none_or(|end| rule.seen < end) {
            struck = Some(rule.fault.clone());
        }
    }
    struck
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_u16().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u16::deserialize(deserializer)?;
        let status = StatusCode::from_u16(number).ok();
        let error = status.filter(|status| status.is_client_error() || status.is_server_error());
        error
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(format!("{number} is no status of an error: 400 to 599")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> Vec<Rule> {
        serde_json::from_str(json).unwrap()
    }

    /// Which of these calls are struck, by what.
    fn struck(rules: &mut [Rule], calls: &[Operation]) -> Vec<&'static str> {
        calls.iter().map(|call| strike(rules, *call).map_or("", |fault| fault.name())).collect()
    }

    #[test]
    fn a_rule_strikes_the_calls_that_it_names() {
        use Operation::{CreatePublicKey as Create, GetKeyGroup as Get};
        let calls = [Get, Create, Create, Get, Create, Create];
        for (json, expected) in [
            (r#"[]"#, ["", "", "", "", "", ""]),
            (r#"[{"fault":"throttle"}]"#, ["throttle", "", "", "", "", ""]),
            (r#"[{"call":"CreatePublicKey","fault":"throttle"}]"#, ["", "throttle", "", "", "", ""]),
            (
                r#"[{"call":"CreatePublicKey","from":2,"times":2,"fault":"drop_after"}]"#,
                ["", "", "drop_after", "", "drop_after", ""],
            ),
            (
                r#"[{"from":5,"times":null,"fault":"drop_before"}]"#,
                ["", "", "", "", "drop_before", "drop_before"],
            ),
            (
                r#"[{"call":"GetKeyGroup","fault":"throttle"},{"times":2,"fault":{"delay_before_ms":1}}]"#,
                ["throttle", "delay_before_ms", "", "", "", ""],
            ),
        ] {
            assert_eq!(struck(&mut rules(json), &calls), expected, "{json}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for json in [
            r#"[{}]"#,
            r#"[{"fault":"explode"}]"#,
            r#"[{"fault":"throttle","call":"CreateBucket"}]"#,
            r#"[{"fault":"throttle","from":0}]"#,
            r#"[{"fault":"throttle","times":0}]"#,
            r#"[{"fault":"throttle","tims":2}]"#,
            r#"[{"fault":{"delay_before_ms":-1}}]"#,
            r#"[{"fault":{"answer":{"status":200,"code":"Fine"}}}]"#,
            r#"[{"fault":{"answer":{"status":1000,"code":"Fine"}}}]"#,
            r#"[{"fault":{"answer":{"status":500}}}]"#,
            r#"{"fault":"throttle"}"#,
        ] {
            assert!(serde_json::from_str::<Vec<Rule>>(json).is_err(), "{json}");
        }
    }
}
