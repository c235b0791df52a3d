use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time for people, in UTC and to the second, as `keyring.json` has it.
#[must_use]
pub fn moment(at: OffsetDateTime) -> String {
    let utc = at.to_offset(time::UtcOffset::UTC).truncate_to_second();
    utc.format(&Rfc3339).unwrap_or_else(|_| utc.to_string())
}
