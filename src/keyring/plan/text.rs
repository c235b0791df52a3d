use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time for people, in UTC, as `keyring.json` has it.
pub(super) fn moment(moment: OffsetDateTime) -> String {
    let utc = moment.to_offset(time::UtcOffset::UTC).truncate_to_second();
    utc.format(&Rfc3339).unwrap_or_else(|_| utc.to_string())
}
