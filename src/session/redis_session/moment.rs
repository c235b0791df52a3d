//! Points of time as apps write them.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Numbers from here on are milliseconds: as seconds they would lie beyond the year 5138, and as milliseconds the
/// smallest is in 1973.
const FIRST_MILLISECONDS: f64 = 1e11;

/// Beyond the year 9999 nothing is a time.
const MAX_SECONDS: f64 = 253_402_300_799.0;

/// Epoch seconds, rounded down, of a number of seconds or milliseconds, or of a text such as
/// `2026-11-21T11:59:20.751Z` (RFC 3339, JavaScript's `toISOString`).
pub(super) fn epoch_seconds(value: &Value) -> Option<i64> {
    if let Value::String(text) = value {
        return OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp);
    }
    let number = value.as_f64()?;
    let seconds = if number < FIRST_MILLISECONDS { number } else { number / 1000.0 };
    // In this range every whole second is a number of its own.
    (0.0..=MAX_SECONDS).contains(&seconds).then(|| seconds.floor() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn seconds_milliseconds_and_dates_are_told_apart() {
        // date -u -d 2026-11-21T11:59:20Z +%s
        let seconds = 1_795_262_360_i64;
        for value in [
            json!(seconds),
            json!(seconds * 1000),
            json!(seconds * 1000 + 999),
            json!(1_795_262_360.5),
            json!(1_795_262_360_751.25),
            json!("2026-11-21T11:59:20.751Z"),
            json!("2026-11-21T11:59:20Z"),
            json!("2026-11-21T12:59:20+01:00"),
        ] {
            assert_eq!(epoch_seconds(&value), Some(seconds), "{value}");
        }
        assert_eq!(epoch_seconds(&json!(0)), Some(0));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in [
            json!(-1),
            json!(-1e300),
            json!(1e300),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(true),
            json!({}),
            json!([1]),
            json!(""),
            json!("1800000000"),
            json!("2026-11-21"),
            json!("2026-11-21T11:59:20"),
            json!("tomorrow"),
        ] {
            assert_eq!(epoch_seconds(&value), None, "{value}");
        }
    }
}
